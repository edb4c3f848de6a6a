"""The real clock, as far as it can be tested without waiting."""

from datetime import UTC

from controller.adapters.clock import SystemClock


def test_now_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_monotonic_never_runs_backwards() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_sleeping_lets_as_much_time_pass() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - began >= 0.01
