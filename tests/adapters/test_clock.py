"""The real clock, as far as it can be tested without waiting."""

from datetime import UTC

from controller.adapters.clock import SystemClock


def test_now_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_monotonic_never_runs_backwards() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_sleeping_no_time_returns_at_once() -> None:
    SystemClock().sleep(0)
