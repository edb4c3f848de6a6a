"""Alarms that a file declares: real tasks are measured, real requests make one ring."""

from pathlib import Path
from typing import Any

import boto3

from tests.live.conftest import users_of
from tests.support.clone import Clone
from tests.support.live import Pair, a_pair
from tests.support.processes import until

DECLARED = "alarms: {errors: {max: 1%}, tasks: {min: 2}, memory: {max: 100%}}\nstrategy:"
PREFIX = "tidegate-captioncraft-dev-"


def states(cloudwatch: Any) -> dict[str, str]:
    found = cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX)["MetricAlarms"]
    return {each["AlarmName"].removeprefix(PREFIX): each["StateValue"] for each in found}


def test_what_a_file_declares_is_measured_and_rings(tmp_path: Path) -> None:
    with a_pair(tmp_path / "pair") as pair:
        cloudwatch = a_client(pair)
        clone = Clone(pair.sandbox.endpoints["github"]["git"], tmp_path / "clone")
        clone.rewrite("environments/dev.yaml", r"^strategy:", DECLARED)
        commit = clone.commit("Declare alarms")
        clone.push()
        assert pair.controller.settled(commit)["phase"] == "succeeded"
        names = {f"{service}-{kind}" for service in ("backend", "frontend") for kind in ("errors", "tasks", "memory")}
        until("they are well", lambda: states(cloudwatch) == dict.fromkeys(names, "OK"), [], 60.0)
        with users_of(pair):
            pair.controller.settled(pair.sandbox.merge("errors=0.5")["commit"])
            until("errors ring", lambda: "ALARM" in states(cloudwatch).values(), [], 60.0)
        ringing = {name for name, state in states(cloudwatch).items() if state == "ALARM"}
        assert ringing <= {"backend-errors", "frontend-errors"}


def a_client(pair: Pair) -> Any:
    return boto3.client(
        "cloudwatch",
        endpoint_url=pair.sandbox.endpoints["aws"]["endpoint"],
        region_name="eu-west-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
