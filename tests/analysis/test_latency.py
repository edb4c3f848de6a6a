"""Latencies against a limit, and against the old version, minute by minute."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.analysis.comparing import CHANCE, is_slower
from controller.analysis.latency import judge, samples
from controller.domain.manifest import WatchedLatency
from controller.domain.metrics import Finding, Minutes, Result
from controller.domain.slot import Slot
from tests.analysis.counted import timed

LIMIT = WatchedLatency(max=timedelta(milliseconds=800))
COMPARED = LIMIT.model_copy(update={"against": "live"})
milliseconds = st.lists(st.floats(1, 5000), max_size=12)


def judged(
    new: Minutes, old: Minutes | None = None, wanted: WatchedLatency = LIMIT, least: int = 100, percent: int = 95
) -> Finding:
    return judge("backend", percent, new, old, wanted, least)


@pytest.mark.parametrize(
    ("new", "result"),
    [
        (timed([799, 800]), Result.PASSED),
        (timed([801, 900]), Result.FAILED),
        (timed([900, 100, 100, 100, 100]), Result.PASSED),
        (timed([900, 900, 900, 100, 100]), Result.FAILED),
        (timed([900], requests=99), Result.INCONCLUSIVE),
        ((), Result.INCONCLUSIVE),
    ],
    ids=["under", "over", "one slow minute of five", "three of five", "too few requests", "no minutes"],
)
def test_a_limit_is_broken_by_minutes_that_have_more_than_half_of_the_requests(new: Minutes, result: Result) -> None:
    assert judged(new).result is result


def test_a_minute_weighs_as_much_as_its_requests() -> None:
    few, many = timed([900, 900, 900], requests=10), timed([100], requests=200)
    assert judged((*few, *many)).result is Result.PASSED
    assert judged((*timed([100, 100, 100], requests=10), *timed([900], requests=200))).result is Result.FAILED


def test_minutes_whose_percentile_nobody_knows_are_no_data() -> None:
    assert judged(tuple(replace(minute, latencies={}) for minute in timed([100] * 5))).result is Result.INCONCLUSIVE
    assert judged(timed([100] * 5), percent=99).result is Result.INCONCLUSIVE


def test_what_was_quick_for_long_hides_nothing_new() -> None:
    assert judged(timed([100] * 60 + [900] * 5)).result is Result.FAILED


def test_a_finding_says_what_was_counted() -> None:
    found = judged(timed([1200, 1250, 1300]))
    assert found.text == "p95 was 1,250 ms, of 300 requests in 3 minutes from 12:00 UTC; the limit is 800 ms"
    assert (found.metric, found.value, found.limit) == ("latency_p95", 1.25, 0.8)


def test_one_within_its_limit_that_is_clearly_slower_than_the_old_version_fails() -> None:
    found = judged(timed([500, 510, 520, 530, 540]), timed([100, 110, 120, 130, 140]), COMPARED)
    assert found.result is Result.FAILED
    assert "the old version's was 120 ms (p = 0.004)" in found.text


@pytest.mark.parametrize(
    ("new", "old", "result"),
    [
        ([115, 116, 117, 118, 119], [100, 101, 102, 103, 104], Result.PASSED),
        ([100, 900, 110, 120, 130], [101, 111, 121, 131, 141], Result.PASSED),
        ([500] * 5, [100] * 4, Result.INCONCLUSIVE),
        ([500] * 4, [100] * 5, Result.INCONCLUSIVE),
        ([500] * 5, [100] * 5, Result.FAILED),
    ],
    ids=["slower by less than a fifth", "one slow minute", "too few old ones", "too few new ones", "all the same"],
)
def test_ranks_need_minutes_and_a_difference_that_matters(new: list[float], old: list[float], result: Result) -> None:
    assert judged(timed(new), timed(old), COMPARED).result is result


def test_an_ill_old_version_makes_no_new_one_good_and_minutes_with_few_requests_are_not_compared() -> None:
    assert judged(timed([900] * 5), timed([4000] * 5), COMPARED).result is Result.FAILED
    few = timed([100] * 5, requests=19)
    assert judged(timed([500] * 5), few, COMPARED).result is Result.INCONCLUSIVE


def test_nothing_is_compared_unless_the_file_asks_for_it() -> None:
    assert judged(timed([500] * 5), timed([100] * 5)).result is Result.PASSED


def test_every_minute_is_a_sample_of_its_own() -> None:
    found = list(samples("backend", Slot.BLUE, 95, timed([700, 900]), LIMIT))
    assert [(sample.value, sample.verdict) for sample in found] == [(0.7, Result.PASSED), (0.9, Result.FAILED)]


@given(milliseconds, st.integers(1, 50))
def test_nothing_is_passed_on_no_data(values: list[float], requests: int) -> None:
    assert len(values) * requests >= 100 or judged(timed(values, requests)).result is Result.INCONCLUSIVE


@given(milliseconds, st.integers(0, 11), st.floats(1, 10))
def test_slower_minutes_never_look_better(values: list[float], number: int, times: float) -> None:
    slower = [value * times if place == number else value for place, value in enumerate(values)]
    assert not (judged(timed(values)).result is Result.FAILED and judged(timed(slower)).result is not Result.FAILED)


# ------------------------------------------------------------- ranks


def by_counting(new: list[float], old: list[float]) -> float:
    """The share of all ways to call as many of the values new in which new ones rank as high as they do, or higher."""
    together = [*new, *old]

    def wins(chosen: tuple[int, ...]) -> int:
        others = [place for place in range(len(together)) if place not in chosen]
        return sum(together[one] > together[other] for one in chosen for other in others)

    ways = list(combinations(range(len(together)), len(new)))
    found = wins(tuple(range(len(new))))
    return sum(wins(way) >= found for way in ways) / len(ways)


@given(st.lists(st.integers(1, 10_000), min_size=10, max_size=10, unique=True))
def test_the_chance_is_the_one_that_counting_gives(values: list[int]) -> None:
    new, old = [float(value) for value in values[:5]], [float(value) for value in values[5:]]
    found, expected = is_slower(new, old), by_counting(new, old)
    if found is not None:
        assert found == pytest.approx(expected)
    elif sorted(new)[2] > 1.2 * sorted(old)[2]:
        assert expected >= CHANCE


@given(st.lists(st.floats(1, 1000), min_size=5, max_size=8), st.lists(st.floats(1, 1000), min_size=5, max_size=8))
def test_two_versions_are_never_both_slower_than_the_other(new: list[float], old: list[float]) -> None:
    assert is_slower(new, old) is None or is_slower(old, new) is None
