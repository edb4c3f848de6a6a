"""The virtual clock moves when told to, and runs what falls due in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import LoopClock, VirtualClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    before = clock.now()
    clock.advance(90)
    assert clock.now() - before == timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_callbacks_run_in_order_of_time_then_of_asking() -> None:
    clock, ran = VirtualClock(), list[str]()
    clock.call_later(2, lambda: ran.append("late"))
    clock.call_later(1, lambda: ran.append("first"))
    clock.call_later(1, lambda: ran.append("second"))
    clock.advance(2)
    assert ran == ["first", "second", "late"]


def test_a_callback_sees_its_own_time_and_what_it_asks_for_runs_in_the_same_move() -> None:
    clock, seen = VirtualClock(), list[float]()
    clock.call_later(1, lambda: (seen.append(clock.monotonic()), clock.call_later(1, again))[0])

    def again() -> None:
        seen.append(clock.monotonic())

    clock.advance(10)
    assert seen == [1, 2]
    assert clock.monotonic() == 10


def test_a_cancelled_callback_never_runs() -> None:
    clock, ran = VirtualClock(), list[int]()
    timer = clock.call_later(1, lambda: ran.append(1))
    timer.cancel()
    clock.advance(5)
    assert ran == []
    assert clock.next_due() is None


def test_run_until_stops_at_the_callback_that_made_it_so() -> None:
    clock, ran = VirtualClock(), list[int]()
    for second in (1, 2, 3):
        clock.call_later(second, lambda second=second: ran.append(second))
    assert clock.run_until(lambda: 2 in ran) == 2
    assert ran == [1, 2]


def test_run_until_gives_up_at_its_limit() -> None:
    clock = VirtualClock()
    clock.call_later(100, lambda: None)
    with pytest.raises(TimeoutError, match="10 virtual seconds"):
        clock.run_until(lambda: False, limit_seconds=10)
    assert clock.monotonic() == 10


def test_a_clock_refuses_to_go_back_or_to_start_without_a_zone() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        VirtualClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_callback_may_move_the_clock_itself() -> None:
    clock = VirtualClock()
    clock.call_later(1, lambda: clock.advance(5))
    clock.advance(2)
    assert clock.monotonic() == 6


def test_the_loop_clock_calls_back_on_the_loop() -> None:
    async def scenario() -> tuple[bool, bool]:
        clock, over = LoopClock(), asyncio.Event()
        cancelled = clock.call_later(0, lambda: pytest.fail("was cancelled"))
        cancelled.cancel()
        clock.call_later(0.001, over.set)
        before = clock.monotonic()
        await asyncio.wait_for(over.wait(), 5)
        return clock.monotonic() >= before, clock.now().tzinfo is UTC

    assert asyncio.run(scenario()) == (True, True)
