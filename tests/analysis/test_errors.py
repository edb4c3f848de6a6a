"""Errors against a limit, and against the old version."""

from decimal import Decimal
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.analysis.comparing import CHANCE, errs_more
from controller.analysis.errors import judge, samples
from controller.domain.manifest import Percent, WatchedErrors
from controller.domain.metrics import Finding, Minutes, Result
from controller.domain.slot import Slot
from tests.analysis.counted import counted

LIMIT = WatchedErrors(max=Percent(Decimal(1)), min_requests=200)
COMPARED = LIMIT.model_copy(update={"against": "live"})
FINE = counted((1000, 1), (1000, 1))

some_minutes = st.lists(
    st.integers(1, 2000).flatmap(lambda requests: st.tuples(st.just(requests), st.integers(0, requests))), max_size=12
).map(lambda minutes: counted(*minutes))


def judged(new: Minutes, old: Minutes | None = None, wanted: WatchedErrors = LIMIT) -> Finding:
    return judge("backend", new, old, wanted)


@pytest.mark.parametrize(
    ("minutes", "result"),
    [
        (counted((200, 0)), Result.PASSED),
        (counted((200, 2)), Result.PASSED),
        (counted((200, 3)), Result.FAILED),
        (counted((100, 1), (100, 1)), Result.PASSED),
        (counted((100, 0), (100, 3)), Result.FAILED),
        (counted((199, 199)), Result.INCONCLUSIVE),
        ((), Result.INCONCLUSIVE),
    ],
    ids=["none", "the limit itself", "above", "two minutes", "two with more", "too few", "no minutes"],
)
def test_the_limit_is_for_the_share_of_all_requests_when_there_are_enough(minutes: Minutes, result: Result) -> None:
    assert judged(minutes).result is result


def test_a_finding_says_what_was_counted() -> None:
    found = judged(counted((600, 20), (640, 9)))
    assert found.text == "2.34% failed, of 1,240 requests in 2 minutes from 12:00 UTC; the limit is 1%"
    assert (found.value, found.limit, found.requests, found.minutes) == (pytest.approx(29 / 1240), 0.01, 1240, 2)


def test_what_was_good_for_long_hides_nothing_new() -> None:
    new = counted(*[(1000, 0)] * 60, *[(1000, 20)] * 5)
    assert sum(minute.errors for minute in new) / sum(minute.requests for minute in new) < 0.01
    assert judged(new).result is Result.FAILED


def test_an_ill_old_version_makes_no_new_one_good_and_a_good_one_is_not_ill_beside_it() -> None:
    ill = counted((1000, 500))
    assert judged(counted((1000, 300)), ill, COMPARED).result is Result.FAILED
    assert judged(FINE, ill, COMPARED).result is Result.PASSED


def test_one_that_keeps_its_limit_and_errs_far_more_often_than_the_old_version_fails() -> None:
    found = judged(counted((2000, 16)), counted((18000, 9)), COMPARED)
    assert found.result is Result.FAILED
    assert found.text.startswith(
        "0.80% failed, of 2,000 requests in 1 minute from 12:00 UTC; of the old version's only 0.05%"
    )


def test_nothing_is_compared_unless_the_file_asks_for_it_or_with_too_little() -> None:
    new = counted((2000, 16))
    assert judged(new, counted((18000, 9))).result is Result.PASSED
    assert judged(new, counted((100, 0)), COMPARED).result is Result.INCONCLUSIVE
    assert judged(new, (), COMPARED).result is Result.INCONCLUSIVE


def test_every_minute_is_a_sample_of_its_own() -> None:
    found = list(samples("backend", Slot.GREEN, counted((100, 2), (100, 1)), LIMIT))
    assert [(sample.value, sample.verdict) for sample in found] == [(0.02, Result.FAILED), (0.01, Result.PASSED)]
    assert {(sample.slot, sample.requests, sample.limit) for sample in found} == {(Slot.GREEN, 100, 0.01)}


@given(some_minutes)
def test_nothing_is_passed_on_no_data(new: Minutes) -> None:
    requests = sum(minute.requests for minute in new)
    assert requests >= 200 or judged(new).result is Result.INCONCLUSIVE


@given(some_minutes, some_minutes, st.integers(0, 11))
def test_more_errors_never_look_better(new: Minutes, old: Minutes, number: int) -> None:
    worse = tuple(
        type(minute)(minute.at, minute.requests, minute.requests) if place == number else minute
        for place, minute in enumerate(new)
    )
    better, than = judged(new, old, COMPARED).result, judged(worse, old, COMPARED).result
    assert not (better is Result.FAILED and than is not Result.FAILED)
    assert better is not Result.INCONCLUSIVE or than is not Result.PASSED


# ------------------------------------------------------------ Fisher's test


def by_counting(a: int, n: int, b: int, m: int) -> float:
    """The same probability from binomial coefficients: `a` of `n` and `b` of `m` requests failed."""
    ways = sum(comb(n, k) * comb(m, a + b - k) for k in range(a, min(n, a + b) + 1))
    return ways / comb(n + m, a + b)


COUNTS = st.integers(1, 60).flatmap(lambda requests: st.tuples(st.integers(0, requests), st.just(requests)))


@given(COUNTS, COUNTS)
def test_the_chance_is_the_one_that_counting_gives(new: tuple[int, int], old: tuple[int, int]) -> None:
    found, expected = errs_more(*new, *old), by_counting(*new, *old)
    if found is None:
        assert expected >= CHANCE * 0.999 or new[0] * old[1] <= 1.5 * old[0] * new[1]
    else:
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("table", "chance"),
    [
        # 1 way of C(10, 5) = 252: all five errors fall on the new version's five requests.
        ((5, 5, 0, 5), 1 / 252),
        # C(20, 8) / C(40, 8): all eight errors on the new version's twenty of forty requests.
        ((8, 20, 0, 20), 125970 / 76904685),
        ((4, 4, 0, 4), None),  # 1 of 70 is not rare enough
        ((0, 1000, 0, 1000), None),
        ((300, 100000, 200, 100000), None),  # exactly half as many again
    ],
)
def test_tables_worked_out_by_hand(table: tuple[int, int, int, int], chance: float | None) -> None:
    assert errs_more(*table) == (None if chance is None else pytest.approx(chance))


@given(COUNTS, COUNTS)
def test_two_versions_never_both_err_more_than_the_other(new: tuple[int, int], old: tuple[int, int]) -> None:
    assert errs_more(*new, *old) is None or errs_more(*old, *new) is None


def test_a_million_requests_are_compared_as_well() -> None:
    assert errs_more(2000, 1_000_000, 1000, 9_000_000) == pytest.approx(0.0, abs=1e-12)
