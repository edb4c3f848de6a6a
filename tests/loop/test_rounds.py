"""Turns: everything once in a period, evenly, in an order that is always the same."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from controller.loop.rounds import (
    HEADS_A_SECOND,
    LOOK_PERIOD,
    Round,
    first_lap,
    first_pulls,
    head_period,
    look_period,
    pull_period,
)
from tests.support.builders import a_binding, a_place

NAMES = [f"env-{number:03d}" for number in range(300)]
MINUTE = timedelta(minutes=1)


def test_everything_has_one_turn_in_a_period() -> None:
    round_ = Round(NAMES, 5 * MINUTE, now=0.0)
    turns = [name for second in range(301) for name in round_.turns(float(second))]
    assert Counter(turns) == Counter(NAMES)


def test_turns_are_spread_evenly_and_begin_with_nobody() -> None:
    round_ = Round(NAMES, 5 * MINUTE, now=0.0)
    assert {len(round_.turns(float(second))) for second in range(1, 300)} == {1}
    assert Round(NAMES, 5 * MINUTE, now=7.0).turns(7.0) == []


def test_neighbours_by_name_are_not_neighbours_in_the_round() -> None:
    round_ = Round(NAMES, 5 * MINUTE, now=0.0)
    order = [name for second in range(301) for name in round_.turns(float(second))]
    followed = sum(second == f"env-{int(first[4:]) + 1:03d}" for first, second in pairwise(order))
    assert followed < 10
    again = Round(reversed(NAMES), 5 * MINUTE, now=100.0)
    assert [name for second in range(301) for name in again.turns(100.0 + second)] == order


def test_whoever_was_silent_for_long_makes_up_for_one_turn_of_each() -> None:
    round_ = Round(NAMES, 5 * MINUTE, now=0.0)
    turns = round_.turns(3600.0)
    assert Counter(turns) == Counter(NAMES)
    assert len(round_.turns(3601.0)) == 1


def test_a_first_lap_may_be_quicker_than_the_others() -> None:
    round_ = Round(["a", "b"], MINUTE, now=0.0, first=timedelta(seconds=2))
    assert len(round_.turns(1.0)) == 1
    assert len(round_.turns(2.0)) == 1
    assert round_.turns(31.9) == []
    assert len(round_.turns(32.0)) == 1


def test_a_round_of_nothing_has_no_turns() -> None:
    assert Round([], MINUTE, now=0.0).turns(1000.0) == []


def test_heads_are_compared_once_a_sweep_while_the_budget_allows() -> None:
    few, many = [str(number) for number in range(10)], [str(number) for number in range(1200)]
    assert head_period(few, MINUTE) == MINUTE
    assert head_period(many, MINUTE) == timedelta(seconds=1200 / HEADS_A_SECOND)


@pytest.mark.parametrize("branches", [1, 3])
def test_heads_and_pull_requests_together_leave_half_of_what_github_takes_a_minute(branches: int) -> None:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 900 points."""
    names = [str(number) for number in range(1000)]
    asked = branches * len(names)
    heads = Round(names, head_period(names, MINUTE), 0.0, first_lap(names))
    pulls = Round(names, pull_period(asked, MINUTE), 0.0, first_pulls(asked))
    for minute in range(1, 60):
        now = 60.0 * minute
        assert len(heads.turns(now)) + branches * len(pulls.turns(now)) <= 450


def test_few_environments_are_looked_at_each_minute_and_many_as_the_budget_allows() -> None:
    spread = [a_binding(name=f"e{n}", aws=a_place(account=f"{n % 10:012d}")) for n in range(1000)]
    assert look_period(spread[:20]) == LOOK_PERIOD
    assert look_period(spread[:450]) == timedelta(minutes=15)
    assert look_period(spread) == timedelta(seconds=2000)


def test_one_account_is_not_asked_more_often_than_it_bears() -> None:
    crowd = [a_binding(name=f"e{n}") for n in range(100)]
    assert look_period(crowd) == timedelta(minutes=5)
