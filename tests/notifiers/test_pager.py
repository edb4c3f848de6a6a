"""Somebody is called while there is something to be called about, whatever notices are lost, late or doubled."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from controller.domain.alerting import Alert, Severity
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.ports import Said
from controller.notifiers.pager import PagerNotifier

HELD = Alert("tidegate/acme/x/prod", "prod", Severity.ERROR, "prod is held: it crashed", "https://t.example/d/prod-7")


@dataclass
class Duty:
    """What was said, and what is kept of it; `then` is what becomes so while it is said."""

    now: Alert | None = None
    said_so_far: list[tuple[str, str]] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    then: list[Alert | None] = field(default_factory=list)
    error: TidegateError | None = None
    crash: bool = False

    def trigger(self, alert: Alert) -> None:
        self._say(str(alert.severity), alert.name)

    def resolve(self, name: str) -> None:
        self._say("resolved", name)

    def _say(self, what: str, name: str) -> None:
        if self.error is not None:
            raise self.error
        self.said_so_far.append((what, name))
        if self.then:
            self.now = self.then.pop(0)

    def environment_of(self, body: Mapping[str, object]) -> str:
        return str(body["environment"])

    def alert(self, environment: str) -> Alert | None:
        return self.now

    def name(self, environment: str) -> str:
        return HELD.name

    def said(self, teller: str, subject: str, place: str) -> tuple[Said, str] | None:
        return (Said("", ""), self.kept[subject]) if subject in self.kept else None

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None:
        if self.crash:
            raise KeyboardInterrupt
        self.kept[subject] = shown

    @property
    def whats(self) -> list[str]:
        return [what for what, _ in self.said_so_far]


def tell(duty: Duty, environment: str = "prod", *only: str) -> None:
    PagerNotifier(duty, duty, duty, only).send("environment", "key", {"environment": environment})


def test_somebody_is_called_once_and_told_when_it_is_over() -> None:
    duty = Duty()
    tell(duty)
    assert duty.said_so_far == []
    duty.now = HELD
    tell(duty)
    tell(duty)
    duty.now = None
    tell(duty)
    tell(duty)
    assert duty.said_so_far == [("error", HELD.name), ("resolved", HELD.name)]


def test_what_gets_worse_is_said_under_the_same_name() -> None:
    duty = Duty(now=HELD)
    tell(duty)
    duty.now = replace(HELD, severity=Severity.CRITICAL)
    tell(duty)
    assert duty.said_so_far == [("error", HELD.name), ("critical", HELD.name)]


def test_what_was_over_before_anybody_was_told_is_told_to_nobody() -> None:
    duty = Duty(now=HELD, error=Transient("away"))
    with pytest.raises(Transient):
        tell(duty)
    duty.now, duty.error = None, None
    tell(duty)
    assert duty.said_so_far == []


def test_what_changed_while_it_was_said_is_said_again() -> None:
    duty = Duty(now=HELD, then=[None])
    tell(duty)
    assert duty.whats == ["error", "resolved"]


def test_whoever_crashed_before_writing_it_down_says_it_again_under_the_same_name() -> None:
    duty = Duty(now=HELD, crash=True)
    with pytest.raises(KeyboardInterrupt):
        tell(duty)
    duty.crash = False
    tell(duty)
    assert duty.said_so_far == [("error", HELD.name)] * 2


def test_nobody_is_called_about_what_nobody_wants_to_hear_of() -> None:
    duty = Duty(now=HELD)
    tell(duty, "dev", "prod", "staging")
    tell(duty, "")
    assert duty.said_so_far == []
    tell(duty, "prod", "prod", "staging")
    assert duty.whats == ["error"]


def test_a_refusal_is_said_in_the_log_and_tried_with_the_next_notice() -> None:
    duty = Duty(now=HELD, error=Blocked("it answered 400", code="notify.refused"))
    with capture_logs() as logs:
        tell(duty)
    assert [line["event"] for line in logs] == ["not told"]
    duty.error = None
    tell(duty)
    assert duty.whats == ["error"]
