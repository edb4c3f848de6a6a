"""Narrower rules before wider ones, whatever order they are made in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.aws.wire.priorities import choose, parts, room, specificity

PART = range(1500, 2000)


def numbers(wanted: Sequence[int], part: range = PART, foreign: frozenset[int] = frozenset()) -> dict[int, int]:
    """Number → how narrow, after each rule in turn got its number."""
    ours: dict[int, int] = {}
    for narrow in wanted:
        number = choose(part, narrow, ours, ours.keys() | foreign)
        assert number is not None
        ours[number] = narrow
    return ours


@given(st.lists(st.integers(0, 257), max_size=12), st.frozensets(st.sampled_from(PART), max_size=40))
def test_every_order_of_making_gives_the_same_order_of_asking(wanted: list[int], foreign: frozenset[int]) -> None:
    made = numbers(wanted, foreign=foreign)
    asked = [made[number] for number in sorted(made)]
    assert asked == sorted(asked, reverse=True)
    assert len(made) == len(wanted)
    assert not made.keys() & foreign
    assert made.keys() <= set(PART)


def test_an_api_comes_before_the_page_that_takes_the_rest() -> None:
    api, page = specificity(["/api/*"], []), specificity(["/*"], [])
    for order in itertools.permutations([api, page]):
        made = {narrow: number for number, narrow in numbers(order).items()}
        assert made[api] < made[page]


def test_a_rule_for_a_host_comes_before_one_for_any_host() -> None:
    assert specificity(["/*"], ["a.example.com"]) > specificity(["/" + "x" * 127], [])


def test_the_widest_of_several_paths_counts() -> None:
    assert specificity(["/a/very/long/path/*", "/*"], []) == specificity(["/*"], [])


def test_a_full_part_has_no_number() -> None:
    part = range(10, 12)
    assert choose(part, 5, {}, {10, 11}) is None


def test_no_number_is_better_than_one_in_the_wrong_place() -> None:
    ours = {10: 9, 11: 3}
    assert choose(range(10, 20), 5, ours, ours.keys()) is None


def test_the_choice_is_always_the_same() -> None:
    """So that a second attempt, after a stale look, meets the number that the first one took."""
    assert {choose(PART, 6, {}, set()) for _ in range(5)} == {choose(PART, 6, {}, set())}


def test_both_parts_cover_the_smallest_range() -> None:
    tests, public = parts(range(1, 11))
    assert (tests, public) == (range(1, 6), range(6, 11))


def test_a_rule_with_a_rival_of_ours_is_asked_before_it() -> None:
    first = choose(PART, 6, {}, set())
    assert first is not None
    second = choose(PART, 6, {first: 6}, {first}, rivals=[first])
    assert second == first - 1
    assert choose(PART, 6, {first: 6, second: 6}, {first, second}, rivals=[first, second]) == first - 2


def test_before_a_rival_is_still_behind_what_is_narrower() -> None:
    ours = {1600: 20, 1602: 6}
    assert room(PART, 6, ours, rivals=[1602]) == range(1601, 1602)
    assert choose(PART, 6, ours, ours.keys(), rivals=[1602]) == 1601
    assert choose(PART, 6, ours, {1600, 1601, 1602}, rivals=[1602]) is None


def test_a_rival_outside_the_part_leaves_no_room_or_all_of_it() -> None:
    assert not room(PART, 6, {}, rivals=[7])
    assert room(PART, 6, {}, rivals=[7000]) == PART
