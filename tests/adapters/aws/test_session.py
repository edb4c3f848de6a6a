"""Sessions, roles, clients: shared, lazy, one attempt for a change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from controller.adapters.aws.session import CHANGING, READING, Access, Callers, SessionClients
from controller.adapters.clock import SystemClock
from controller.domain.errors import Blocked
from sandbox.wire.inprocess import bind_bytes
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig
from tests.support.sandbox_aws import ACCOUNT, REGION, Sandbox, a_session

ROLE = f"arn:aws:iam::{ACCOUNT}:role/tidegate-dev"


@pytest.fixture
def assumed() -> Rig:
    """In a far future: botocore itself compares what STS hands out with the real clock."""
    sandbox = Sandbox()
    sandbox.clock.advance_to(datetime(2100, 1, 1, tzinfo=UTC))
    return Rig(sandbox, role=ROLE)


def test_the_role_is_assumed_with_a_name_that_says_which_environment(assumed: Rig) -> None:
    assumed.cloud.looks.foundation()
    (asked,) = assumed.asked("AssumeRole")
    assert asked == {"RoleArn": ROLE, "RoleSessionName": "tidegate-dev"}


def test_the_credentials_are_kept_until_they_run_out(assumed: Rig) -> None:
    assumed.cloud.looks.services({"backend": True}, targets=True)
    assumed.cloud.looks.services({"backend": True}, targets=True)
    assert len(assumed.calls("AssumeRole")) == 1


def test_a_role_that_may_not_be_assumed_is_named(assumed: Rig) -> None:
    assumed.world.faults.add(Fault(kind="denied", operation="AssumeRole"))
    with pytest.raises(Blocked, match=f"sts AssumeRole for role {ROLE}"):
        assumed.cloud.looks.foundation()
    assert assumed.operations() == ["AssumeRole"]


def test_without_a_role_nothing_is_assumed(rig: Rig) -> None:
    rig.cloud.looks.foundation()
    assert rig.calls("AssumeRole") == []


def test_a_session_name_has_only_what_sts_takes() -> None:
    rig = Rig(role=ROLE, name="dev")
    name = Access.of(rig.binding()).name
    assert name == "tidegate-dev"
    assert Access.of(Rig().binding()).name is None


def test_one_access_has_one_caller() -> None:
    callers = Callers(SystemClock().now, own=a_session)
    access = Access(ACCOUNT, REGION)
    assert callers.of(access) is callers.of(Access(ACCOUNT, REGION))
    assert callers.of(access) is not callers.of(Access(ACCOUNT, "eu-central-1"))


def test_clients_are_made_once_and_only_when_asked_for() -> None:
    made: list[str] = []

    class Counting(boto3.Session):
        def client(self, service_name: Any, *arguments: Any, **named: Any) -> Any:
            made.append(service_name)
            return super().client(service_name, *arguments, **named)

    clients = SessionClients(Counting(aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION))
    assert made == []
    assert clients.client("ecs", changes=False) is clients.client("ecs", changes=False)
    assert clients.client("ecs", changes=True) is not clients.client("ecs", changes=False)
    assert made == ["ecs", "ecs"]


def test_a_change_is_one_attempt_and_a_read_a_few() -> None:
    changing: Any = CHANGING  # the stubs do not know what a Config holds
    reading: Any = READING
    assert changing.retries == {"mode": "standard", "total_max_attempts": 1}
    assert reading.retries == {"mode": "standard", "total_max_attempts": 2}


def test_no_attempt_takes_longer_than_ten_seconds() -> None:
    configs: list[Any] = [CHANGING, READING]
    for config in configs:
        assert config.connect_timeout + config.read_timeout <= 10


def test_a_throttled_change_is_really_sent_once_over_the_wire() -> None:
    """Through botocore's own retry machinery, with everything but the socket."""
    sandbox = Sandbox()
    sandbox.foundation()
    session = a_session()
    bind_bytes(session, sandbox.world)
    client = SessionClients(session).client("ecs", changes=True)
    sandbox.world.faults.add(Fault(kind="throttle", operation="UpdateService"))
    sandbox.world.calls.clear()
    with pytest.raises(client.exceptions.ClientError):
        client.update_service(cluster="dev", service="x", desiredCount=0)
    assert len(sandbox.world.calls.of("ecs", "UpdateService")) == 1


def test_clouds_are_kept_for_a_binding_and_made_anew_for_a_changed_one(rig: Rig) -> None:
    first = rig.clouds.of(rig.binding())
    assert rig.clouds.of(rig.binding()) is first
    assert rig.clouds.of(rig.binding(cluster="other")) is not first


def test_making_a_cloud_calls_nothing(rig: Rig) -> None:
    rig.clouds.of(rig.binding(cluster="other"))
    assert rig.operations() == []
