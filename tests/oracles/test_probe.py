"""The questions that only an account can answer are asked of the sandbox: each runs, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.runtime.scripted import Script
from sandbox.world.ecs import model as ecs
from sandbox.world.elbv2 import model as elb
from sandbox.world.world import World
from tests.adapters.aws.rig import SharedSandbox
from tests.oracles.probe.__main__ import main
from tests.oracles.probe.questions import PROBES, Probe
from tests.oracles.probe.stage import Network, Stage
from tests.oracles.probe.sweep import sweep
from tests.support.sandbox_aws import ACCOUNT, REGION, Sandbox
from tests.support.served_aws import ServedAws

ROOT = Path(__file__).resolve().parents[2]
CRASHING = ("breaker-trips", "rolls-again-after-failed")
"""Probes whose tasks shall end at once; a script knows no commands."""
IMAGE = "public.ecr.aws/nginx/nginx:stable"


@dataclass
class Waits:
    """The sandbox's clock, as probes want it."""

    sandbox: Sandbox

    def monotonic(self) -> float:
        return self.sandbox.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)


@pytest.fixture
def sandbox() -> Sandbox:
    return SharedSandbox()


@pytest.fixture
def stage(sandbox: Sandbox) -> Stage:
    network = Network("vpc-1", ("subnet-1", "subnet-2"), ("sg-1",))

    def asks(host: str, port: int, path: str) -> int | None:
        """What the rules of the one listener say to this path."""
        [listener] = sandbox.world.traffic.listeners()
        for rule in sandbox.world.traffic.rules(listener.arn):
            if all(path in condition.values for condition in rule.conditions):
                return getattr(rule.action, "status", None)
        return None

    return Stage(lambda name: getattr(sandbox, name), Waits(sandbox), asks, network, IMAGE, "abcd1234")


def leftovers(world: World) -> dict[str, Any]:
    """What is still there of what a probe can make."""
    place = world.place(ACCOUNT, REGION)
    store, containers = elb.store(place), ecs.store(place)
    return {
        "balancers": list(store.load_balancers),
        "listeners": list(store.listeners),
        "groups": list(store.target_groups),
        "rules": list(store.rules),
        "clusters": [each.name for each in containers.clusters.values() if each.status == "ACTIVE"],
        "services": [each.name for each in containers.services.values() if each.status != "INACTIVE"],
        "tasks": [each.arn for each in containers.tasks.values() if each.last_status != "STOPPED"],
        "definitions": [d.arn for each in containers.definitions.values() for d in each if d.status == "ACTIVE"],
    }


@pytest.mark.parametrize("probe", PROBES.values(), ids=lambda probe: probe.name)
def test_the_sandbox_answers_as_the_page_says_and_nothing_is_left(probe: Probe, stage: Stage, sandbox: Sandbox) -> None:
    if probe.name in CRASHING:
        sandbox.runtime.script("", Script(ends_after_seconds=0.1))
    assert probe.ask(stage) == probe.sandbox
    assert stage.clean() == []
    assert not any(leftovers(sandbox.world).values())


def test_everything_that_is_made_has_the_tag(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.world.calls.clear()
    PROBES["idle-target-drains"].ask(stage)
    PROBES["task-life"].ask(stage)
    stage.clean()
    making = [call for call in sandbox.world.calls.mutating() if call.operation.startswith(("Create", "Run", "Reg"))]
    assert len(making) >= 8
    for call in making:
        tags = call.parameters.get("tags") or call.parameters.get("Tags") or []
        assert [{name.lower(): text for name, text in tag.items()} for tag in tags] == [
            {"key": "tidegate-probe", "value": "abcd1234"}
        ], call.operation


def test_what_a_killed_run_left_behind_is_swept(stage: Stage, sandbox: Sandbox) -> None:
    PROBES["idle-target-drains"].ask(stage)
    foreign = sandbox.ecs.create_cluster(clusterName="somebody-elses")["cluster"]["clusterArn"]
    sandbox.elbv2.create_target_group(Name="tidegate-probe-untagged", Protocol="HTTP", Port=80, VpcId="vpc-1")
    stage.undo.clear()
    stage.kept.clear()
    assert len(sweep(stage)) == 4
    left = leftovers(sandbox.world)
    assert [name for names in left.values() for name in names if "tidegate-probe-abcd" in name] == []
    assert left["clusters"] == ["somebody-elses"]
    assert len(left["groups"]) == 1
    sandbox.ecs.delete_cluster(cluster=foreign)
    sandbox.elbv2.delete_target_group(TargetGroupArn=left["groups"][0])


def test_nothing_is_asked_without_the_word_about_money(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--account", ACCOUNT]) == 2
    told = capsys.readouterr()
    assert "an Application Load Balancer" in told.out
    assert "rule-shows" in told.out
    assert "stopped-task-shows" not in told.out
    assert "Nothing was made" in told.err


def test_every_probe_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(PROBES)


# The command itself, over HTTP.


@pytest.fixture(scope="module")
def served() -> Iterator[ServedAws]:
    made = ServedAws(speed=20)
    yield made
    made.stop()


def command(served: ServedAws, *arguments: str, account: str = ACCOUNT) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.defpath,
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    where = ["--vpc", "vpc-1", "--subnets", "subnet-1,subnet-2", "--security-groups", "sg-1", "--region", REGION]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.oracles.probe", "--account", account, *where, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_another_account_than_the_named_one_is_refused(served: ServedAws) -> None:
    run = command(served, "--yes-this-costs-money", account="999999999999")
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 2
    assert f"of account {ACCOUNT}, not of 999999999999: nothing was made" in said


def test_ctrl_c_in_the_middle_leaves_nothing_behind(served: ServedAws) -> None:
    """It waits for a task to start, with a balancer and a service made, when it is stopped."""
    run = command(served, "--yes-this-costs-money", "--only", "missing-service", "idle-target-drains")
    assert run.stdout is not None
    first = next(line for line in run.stdout if line.startswith("missing-service"))
    assert first == "missing-service: service/CLUSTER/none\n"
    served.until(lambda world: leftovers(world)["tasks"])
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert "stopped; cleaning up" in said
    assert said.endswith("everything that was made is gone\n")
    assert run.returncode == 1
    assert not any(served.read(leftovers).values())
