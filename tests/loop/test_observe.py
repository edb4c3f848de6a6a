"""Which of CloudWatch's numbers are read, and what becomes of those that can't be."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from controller.domain.deployment import Deployment
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.metrics import Counted, Readings
from controller.domain.ports import Cloud
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence
from controller.domain.step import StepKind
from controller.loop.observe import LONGEST, observe
from tests.analysis.counted import counted
from tests.progress.steps import BAKED, in_step
from tests.support.builders import NOON, a_deployment, a_revision, a_running_deployment

TEXT = BAKED + "watch: {metrics: {errors: {max: 1%}, latency_p99: {max: 1s}}}\n"
MINUTES = {"backend": {Slot.GREEN: counted((100, 1))}}


class Counting:
    """A CloudWatch that remembers what it was asked, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._error = error

    def read(self, services: Collection[str], percents: Collection[int], since: datetime, until: datetime) -> Counted:
        self.asked.append((services, percents, since, until))
        if self._error:
            raise self._error
        return MINUTES


def watched() -> Deployment:
    """Its traffic rose at noon."""
    return in_step("verify", running=a_running_deployment(TEXT))


def seen(metrics: Counting, minutes: float, deployment: Deployment | None = None, **how: Any) -> Readings:
    """What is read so many minutes after noon."""
    cloud = Cloud(**{**{each.name: Mock() for each in fields(Cloud)}, "metrics": metrics})
    evidence, now = frozenset({Evidence.METRICS}), NOON + timedelta(minutes=minutes)
    return observe(deployment or watched(), evidence, cloud, Mock(), Mock(), now, timedelta(0), **how).readings


def test_numbers_are_read_since_the_first_raise_and_until_they_are_complete() -> None:
    metrics = Counting()
    assert seen(metrics, 10).counted == MINUTES
    assert metrics.asked == [(("backend", "frontend"), (99,), NOON, NOON + timedelta(minutes=7))]


def test_a_faster_world_has_shorter_minutes() -> None:
    metrics = Counting()
    seen(metrics, 1, minute=timedelta(seconds=6))
    assert [until for *_, until in metrics.asked] == [NOON + timedelta(seconds=42)]


def test_three_hours_are_the_most_that_is_read() -> None:
    metrics = Counting()
    seen(metrics, 600)
    assert [until - since for *_, since, until in metrics.asked] == [LONGEST]


@pytest.mark.parametrize("minutes", [0, 2.9], ids=["at the raise", "before a minute can be known"])
def test_nothing_is_asked_that_cannot_be_known_yet(minutes: float) -> None:
    metrics = Counting()
    assert seen(metrics, minutes) == Readings()
    assert metrics.asked == []


def test_nothing_is_asked_before_the_first_raise() -> None:
    metrics, deployment = Counting(), watched()
    steps = [replace(step, started_at=None) if step.kind is StepKind.SHIFT else step for step in deployment.steps]
    assert seen(metrics, 10, replace(deployment, steps=tuple(steps))) == Readings()
    assert metrics.asked == []


def test_before_the_start_one_minute_of_every_service_shows_that_numbers_can_be_had() -> None:
    metrics, waiting = Counting(), a_deployment(revision=a_revision(text=TEXT))
    assert seen(metrics, 10, waiting).counted == MINUTES
    [(services, _, since, until)] = metrics.asked
    assert (set(services), until - since) == ({"backend", "frontend"}, timedelta(minutes=1))


@pytest.mark.parametrize("error", [Transient("throttled", code="aws.throttled"), Blocked("denied", code="aws.denied")])
def test_what_cannot_be_read_is_told_and_hides_nothing_else(error: Exception) -> None:
    assert seen(Counting(error), 10) == Readings(trouble=str(error))


def test_a_lost_lease_ends_the_look() -> None:
    with pytest.raises(Conflict):
        seen(Counting(Conflict("the lease is lost", code="lease.lost")), 10)


@pytest.mark.parametrize(("title", "evidence"), [("smoke", Evidence.SMOKE), ("verify", Evidence.VERIFY)])
def test_what_opens_an_idle_slot_and_values_of_env_are_hidden_in_answers(title: str, evidence: Evidence) -> None:
    text = BAKED.replace("    port: 8000\n", "    port: 8000\n    env: {API: http://hidden.example.com, LEVEL: info}\n")
    cloud, probe = Cloud(**{each.name: Mock() for each in fields(Cloud)}), Mock()
    deployment = in_step(title, running=a_running_deployment(text))
    observe(deployment, frozenset({evidence}), cloud, probe, Mock(), NOON, timedelta(0))
    asked = [call.args[0] for call in probe.ask.call_args_list]
    assert asked and all(check.hidden == {"open-sesame", "http://hidden.example.com"} for check in asked)
    assert "open-sesame" not in repr(asked)
