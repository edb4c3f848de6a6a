from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.balancer.meter import KEPT_SECONDS, Latencies, Meter, Series
from sandbox.clock import VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_counts_belong_to_the_second_in_which_they_happened() -> None:
    clock = VirtualClock(START)
    meter = Meter(clock)
    meter.answered("listener", "blue", 200, 0.1)
    clock.advance(1)
    meter.answered("listener", "blue", 503, 0.1)
    meter.refused("listener", "", 404)
    told = [(second - int(START.timestamp()), series, tally.requests) for second, series, tally in meter.since(START)]
    assert told == [
        (0, Series("listener"), 1),
        (0, Series("listener", "blue"), 1),
        (1, Series("listener"), 2),
        (1, Series("listener", "blue"), 1),
    ]


def test_what_a_target_answered_and_what_the_balancer_answered_are_told_apart() -> None:
    meter = Meter(VirtualClock(START))
    meter.answered("listener", "blue", 502, 0.1)
    meter.refused("listener", "blue", 502)
    meter.connection_failed("listener", "blue")
    [blue] = [tally for _, series, tally in meter.since(START) if series.group_arn]
    assert (blue.requests, blue.target_answers, blue.balancer_answers) == (2, {5: 1}, {502: 1})
    assert blue.connection_errors == 1
    assert blue.latencies.count == 1


def test_only_what_is_asked_for_is_told_and_old_seconds_are_forgotten() -> None:
    clock = VirtualClock(START)
    meter = Meter(clock)
    meter.refused("listener", "", 404)
    clock.advance(KEPT_SECONDS - 1)
    meter.refused("listener", "", 404)
    assert len(list(meter.since(START))) == 2
    assert len(list(meter.since(clock.now()))) == 1
    clock.advance(1)
    meter.refused("listener", "", 404)
    assert len(list(meter.since(START))) == 2


@given(st.lists(st.floats(1e-5, 100), min_size=1, max_size=300), st.sampled_from([1.0, 50.0, 95.0, 99.0, 100.0]))
def test_percentiles_are_within_five_percent(samples: list[float], percent: float) -> None:
    latencies = Latencies()
    for seconds in samples:
        latencies.add(seconds)
    ordered = sorted(samples)
    exact = ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]
    assert latencies.percentile(percent) == pytest.approx(exact, rel=0.05)


def test_without_samples_there_is_no_percentile() -> None:
    assert Latencies().percentile(95) is None
