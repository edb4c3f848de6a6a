"""Alarms looked at by a clock that moves while it is read, as every real one does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.sandbox.world.cloudwatch.watched import Watched


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """No two readings of the clock are alike."""
    sandbox = Watched()
    still, readings = sandbox.clock.now, 0

    def now() -> datetime:
        nonlocal readings
        readings += 1
        return still() + timedelta(microseconds=readings)

    monkeypatch.setattr(sandbox.clock, "now", now)
    return sandbox


def test_an_alarm_sees_what_was_put_however_the_clock_moves_meanwhile(restless: Watched) -> None:
    restless.alarm(TreatMissingData="notBreaching")
    restless.clock.advance(61)
    restless.sample(5.0)
    restless.clock.advance(60)
    assert restless.state() == "ALARM"


@pytest.mark.parametrize("made_after", [0, 7, 31, 59])
def test_a_minute_is_judged_when_it_is_over_whenever_the_alarm_was_made(made_after: int) -> None:
    sandbox = Watched()
    sandbox.clock.advance(made_after)
    sandbox.alarm(TreatMissingData="notBreaching")
    sandbox.clock.advance(120 - made_after)
    sandbox.sample(5.0)
    sandbox.clock.advance(59)
    before = sandbox.state()
    sandbox.clock.advance(2)
    assert (before, sandbox.state()) == ("OK", "ALARM")
