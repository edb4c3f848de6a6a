"""AWS's events as EventBridge sends them, read by the real parser."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.domain.delivery import HINTS, Delivery
from sandbox.clock import VirtualClock
from sandbox.events import ATTEMPTS, LONGEST_WAIT_SECONDS, RULE, SECRET_HEADER, EventBus
from sandbox.runtime.scripted import ScriptedRuntime
from sandbox.world.world import World
from tests.webhooks.aws_samples import ACCOUNT, REGION
from tests.webhooks.door import NOW
from webhooks import aws

ADDRESS = "http://127.0.0.1:1/webhooks/aws"
ALARM = {
    "AlarmName": "dev-5xx",
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "HTTPCode_Target_5XX_Count",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@dataclass
class Receiver:
    """Answers with what is written, then with 202."""

    answers: list[int] = field(default_factory=list)
    sent: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    async def __call__(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        self.sent.append((address, json.loads(body), headers))
        return self.answers.pop(0) if self.answers else 202

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, event, _ in self.sent]

    @property
    def deliveries(self) -> list[Delivery]:
        return [aws.from_event_bridge(json.dumps(event).encode(), NOW) for event in self.events]


class Stand:
    def __init__(self, receiver: Receiver, address: str | None = ADDRESS) -> None:
        self.clock = VirtualClock()
        self.bus = EventBus(self.clock, address, "the secret", receiver)
        self.world = World(self.clock, ScriptedRuntime(self.clock), notify=self.bus)

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        return self.world.call(service, operation, parameters, REGION)

    def ring(self, value: str = "ALARM") -> None:
        self.call("cloudwatch", "SetAlarmState", AlarmName="dev-5xx", StateValue=value, StateReason="a rehearsal")

    async def settle(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due within so long."""
        for _ in range(int(seconds) + 1):
            for _ in range(5):
                await asyncio.sleep(0)  # noqa: TID251 - lets the tasks run, and no time pass
            self.clock.advance(1.0 if seconds else 0.0)


def played(
    story: Callable[[Stand], Coroutine[Any, Any, None]], receiver: Receiver, address: str | None = ADDRESS
) -> None:
    async def play() -> None:
        stand = Stand(receiver, address)
        stand.call("cloudwatch", "PutMetricAlarm", **ALARM)
        await story(stand)
        await stand.bus.close()

    asyncio.run(play())


def test_an_alarm_is_told_as_eventbridge_tells_it() -> None:
    async def story(stand: Stand) -> None:
        stand.ring()
        await stand.settle()

    receiver = Receiver()
    played(story, receiver)
    [(address, event, headers)] = receiver.sent
    assert (address, headers[SECRET_HEADER]) == (ADDRESS, "the secret")
    assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert set(event["detail"]) == {"alarmName", "configuration", "state", "previousState"}
    assert (event["detail"]["state"]["value"], event["account"], event["region"]) == ("ALARM", ACCOUNT, REGION)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    [found] = receiver.deliveries
    assert (found.action, found.ref) == ("ALARM", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:dev-5xx")


def test_a_pushed_image_is_told_by_name_and_without_resources() -> None:
    async def story(stand: Stand) -> None:
        stand.call("ecr", "CreateRepository", repositoryName="acme/backend")
        stand.call("ecr", "PutImage", repositoryName="acme/backend", imageManifest="{}", imageTag="v1")
        await stand.settle()

    receiver = Receiver()
    played(story, receiver)
    [event] = receiver.events
    assert (event["detail-type"], event["resources"]) == ("ECR Image Action", [])
    assert receiver.deliveries[0].ref == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme/backend"


def test_the_end_of_a_scan_is_told_with_its_repository() -> None:
    async def story(stand: Stand) -> None:
        scanned = {"repositoryName": "acme/backend", "imageScanningConfiguration": {"scanOnPush": True}}
        stand.call("ecr", "CreateRepository", **scanned)
        stand.call("ecr", "PutImage", repositoryName="acme/backend", imageManifest="{}", imageTag="v1")
        stand.clock.advance(10)
        await stand.settle()

    receiver = Receiver()
    played(story, receiver)
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme/backend"
    [scan] = [event for event in receiver.events if event["detail-type"] == "ECR Image Scan"]
    assert (scan["resources"], scan["detail"]["finding-severity-counts"]) == ([repository], {})
    assert {(each.action, each.ref) for each in receiver.deliveries} == {("PUSH", repository), ("COMPLETE", repository)}


def test_what_no_rule_asks_for_is_not_sent() -> None:
    async def story(stand: Stand) -> None:
        stand.world.emit(stand.world.place(region=REGION), "aws.ecs", "Service Event", "arn", {})
        await stand.settle()

    receiver = Receiver()
    played(story, receiver)
    assert receiver.sent == []


def test_without_an_address_nobody_is_told() -> None:
    async def story(stand: Stand) -> None:
        stand.ring()
        await stand.settle()

    receiver = Receiver()
    played(story, receiver, None)
    assert receiver.sent == []


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_what_was_not_taken_is_sent_again_under_the_same_id(status: int) -> None:
    async def story(stand: Stand) -> None:
        stand.ring()
        await stand.settle(5)

    receiver = Receiver([status, status])
    played(story, receiver)
    assert len(receiver.sent) == 3
    assert len({event["id"] for event in receiver.events}) == 1


@pytest.mark.parametrize("status", [400, 401, 415])
def test_what_was_refused_is_not_sent_again(status: int) -> None:
    async def story(stand: Stand) -> None:
        stand.ring()
        await stand.settle(30)

    receiver = Receiver([status])
    played(story, receiver)
    assert len(receiver.sent) == 1


def test_it_is_given_up_in_the_end() -> None:
    async def story(stand: Stand) -> None:
        stand.ring()
        await stand.settle(2 * ATTEMPTS * LONGEST_WAIT_SECONDS)

    receiver = Receiver([503] * 1000)
    played(story, receiver)
    first, *_ = [event["id"] for event in receiver.events]
    assert [event["id"] for event in receiver.events].count(first) == ATTEMPTS


def test_after_the_end_nobody_is_told() -> None:
    async def story(stand: Stand) -> None:
        await stand.bus.close()
        stand.ring()
        await stand.settle()

    receiver = Receiver()
    played(story, receiver)
    assert receiver.sent == []


def test_the_rule_asks_for_nothing_that_the_controller_does_not_listen_to() -> None:
    assert set(HINTS) >= RULE
