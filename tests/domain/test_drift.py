"""A difference is doubted before it is believed, and corrected only so often."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from controller.domain.drift import (
    LONGEST_PAUSE,
    PAUSE,
    TRIED_FOR,
    TRIES,
    Difference,
    Doubts,
    Drift,
    Drifted,
    believed,
    corrected_again,
    doubted,
    may_be_corrected,
    told,
)
from controller.domain.step import PATIENCE
from tests.support.builders import NOON

COUNT = Difference("backend", "ECS service", "desired count", "2", "5")
GRACE = Difference("backend", "ECS service", "grace period in seconds", "30", "5")
OTHER = replace(COUNT, found="6")
KNOWN = Drifted((Drift(COUNT, NOON),))
SOON = timedelta(seconds=10)


def after(known: Drifted, *looks: set[Difference]) -> Drifted:
    """What is known after these looks, ten seconds apart."""
    doubts: Doubts = {}
    now = NOON
    for seen in looks:
        now += SOON
        found = doubted(known, seen, doubts, now)
        known = believed(known, found)
        doubts = {each: doubt for each, doubt in found.items() if doubt.times < PATIENCE}
    return known


def test_one_look_is_believed_by_nobody() -> None:
    assert after(Drifted(), {COUNT}, {COUNT}) == Drifted()


def test_what_looks_wrong_three_times_in_a_row_is_drift_since_the_first() -> None:
    assert after(Drifted(), *[{COUNT}] * PATIENCE).found == (Drift(COUNT, NOON + SOON),)


def test_a_good_look_between_begins_anew() -> None:
    assert after(Drifted(), {COUNT}, {COUNT}, set(), {COUNT}, {COUNT}) == Drifted()


def test_that_it_is_gone_is_doubted_as_well() -> None:
    assert after(KNOWN, set(), set()) == KNOWN
    assert after(KNOWN, set(), set(), set()).found == ()


def test_one_that_flickers_keeps_none_of_the_others() -> None:
    found = after(Drifted(), {COUNT, GRACE}, {GRACE}, {COUNT, GRACE}).found
    assert [drift.difference for drift in found] == [GRACE]


def test_another_value_at_the_same_place_is_as_old_as_the_first() -> None:
    assert after(KNOWN, *[{OTHER}] * PATIENCE).found == (Drift(OTHER, NOON),)


@given(some.lists(some.sets(some.sampled_from([COUNT, GRACE, OTHER])), max_size=12))
def test_nothing_is_known_that_was_not_seen_three_times(looks: list[set[Difference]]) -> None:
    for drift in after(Drifted(), *looks).found:
        rows = [drift.difference in seen for seen in looks]
        assert any(all(rows[at : at + PATIENCE]) for at in range(len(rows) - PATIENCE + 1))


def test_every_edge_has_a_number_of_its_own() -> None:
    known = after(Drifted(), *[{COUNT}] * PATIENCE, *[set[Difference]()] * PATIENCE)
    assert known.edges == 2 and replace(KNOWN, edges=3).settled() == Drifted(edges=4)
    assert Drifted(edges=3).settled() == Drifted(edges=3)


def tried(times: int, pause: timedelta = PAUSE) -> tuple[Drifted, datetime]:
    known, now = KNOWN, NOON
    for _ in range(times):
        known = corrected_again(known, now)
        now += pause
    return known, now


def test_after_so_many_corrections_somebody_elses_tool_is_left_to_a_person() -> None:
    known, now = tried(TRIES)
    assert known.fought is None and may_be_corrected(known, now)
    fought = corrected_again(known, now)
    assert fought.fought is not None and fought.fought.code == "drift.fought"
    assert "desired count" in fought.fought.text and not may_be_corrected(fought, now + TRIED_FOR / 2)
    assert may_be_corrected(fought.forgiven(), now)


def test_corrections_are_forgotten_after_a_day() -> None:
    known, now = tried(TRIES)
    assert corrected_again(known, now + TRIED_FOR).fought is None


def test_between_two_corrections_of_the_same_there_is_a_pause() -> None:
    known, now = tried(1, timedelta(0))
    assert not may_be_corrected(known, now + PAUSE / 2)
    assert may_be_corrected(known, now + PAUSE)
    elsewhere = replace(known, found=(Drift(GRACE, NOON),))
    assert may_be_corrected(elsewhere, now)


def test_a_correction_that_fails_is_nobodys_fight_and_is_tried_ever_less_often() -> None:
    known, now = tried(TRIES - 1)
    waits = []
    for _ in range(8):
        began, known = now, corrected_again(known, now).uncorrected()
        assert known.fought is None
        while not may_be_corrected(known, now):
            now += PAUSE
        waits.append(now - began)
    assert waits[:3] == [PAUSE * 2, PAUSE * 4, PAUSE * 8] and waits[-1] == LONGEST_PAUSE
    assert [(each.times, each.failed) for each in corrected_again(known, now).settled().tried] == [(TRIES, 0)]


def test_a_clock_that_was_set_back_keeps_nothing_from_being_corrected() -> None:
    known, now = tried(1)
    assert may_be_corrected(known, now - timedelta(days=1))


def test_what_is_gone_is_fought_no_longer() -> None:
    known, now = tried(TRIES)
    assert after(corrected_again(known, now), *[set[Difference]()] * PATIENCE).fought is None


def test_nothing_is_corrected_where_nothing_differs() -> None:
    assert not may_be_corrected(Drifted(), NOON)


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (COUNT, "backend, ECS service: desired count 5 instead of 2"),
        (replace(COUNT, service=None, thing="dashboard"), "dashboard: desired count 5 instead of 2"),
    ],
)
def test_a_difference_is_told_with_old_and_new(difference: Difference, sentence: str) -> None:
    assert told([Drift(difference, NOON)]) == sentence
