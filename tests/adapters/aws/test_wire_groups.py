"""Target groups: requests, and what a reply says about settings and health."""

from __future__ import annotations

from typing import Any

import pytest

from controller.adapters.aws.wire import groups as wire
from controller.domain.snapshot import GroupView
from tests.adapters.aws.rig import SETTINGS

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/captioncraft-dev-backend-blue/0123456789abcdef"
SHOWN: Any = {
    "TargetGroupArn": ARN,
    "Port": 8000,
    "HealthCheckPort": "8000",
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}
ATTRIBUTES: Any = [{"Key": "slow_start.duration_seconds", "Value": "0"}, {"Key": wire.DRAIN, "Value": "15"}]


def test_the_whole_request_to_create() -> None:
    assert wire.create("captioncraft-dev-backend-blue", "vpc-1", SETTINGS, {"managed-by": "tidegate"}) == {
        "Name": "captioncraft-dev-backend-blue",
        "Protocol": "HTTP",
        "Port": 8000,
        "VpcId": "vpc-1",
        "TargetType": "ip",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "8000",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": 5,
        "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
        "Tags": [{"Key": "managed-by", "Value": "tidegate"}],
    }


def test_settings_read_back_are_those_that_were_written() -> None:
    assert wire.settings(SHOWN, ATTRIBUTES) == SETTINGS


def test_the_port_is_the_one_that_is_checked_because_the_other_never_changes() -> None:
    assert wire.settings({**SHOWN, "HealthCheckPort": "9000"}, ATTRIBUTES).port == 9000
    assert wire.settings({**SHOWN, "HealthCheckPort": "traffic-port"}, ATTRIBUTES).port == 8000


def test_the_drain_time_left_out_is_the_default_of_elb() -> None:
    assert wire.settings(SHOWN, []).deregistration_delay_seconds == 300


def target(state: str, **health: str) -> Any:
    return {"Target": {"Id": "10.0.0.7", "Port": 8000}, "TargetHealth": {"State": state, **health}}


@pytest.mark.parametrize(
    ("states", "healthy", "unhealthy"),
    [
        ([], 0, 0),
        (["healthy", "healthy"], 2, 0),
        (["healthy", "unhealthy"], 1, 1),
        (["initial", "draining", "unused", "unavailable", "unhealthy.draining"], 0, 0),
    ],
)
def test_only_targets_that_stay_are_counted(states: list[str], healthy: int, unhealthy: int) -> None:
    view = wire.view(SHOWN, ATTRIBUTES, [target(state) for state in states])
    assert (view.healthy, view.unhealthy) == (healthy, unhealthy)


def test_an_unhealthy_target_complains() -> None:
    sick = target("unhealthy", Reason="Target.ResponseCodeMismatch", Description="Health checks failed: [500]")
    assert wire.view(SHOWN, ATTRIBUTES, [target("healthy"), sick]) == GroupView(
        arn=ARN,
        settings=SETTINGS,
        healthy=1,
        unhealthy=1,
        complaints=("10.0.0.7:8000: Target.ResponseCodeMismatch: Health checks failed: [500]",),
    )


def test_the_name_is_in_the_arn() -> None:
    assert wire.name_of(ARN) == "captioncraft-dev-backend-blue"
