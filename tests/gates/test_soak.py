"""Time in another environment: how long, and what became of it there."""

from datetime import timedelta

import pytest

from controller.domain.environment import Environment
from controller.domain.snapshot import Resolved
from controller.domain.soak import Soaked
from controller.domain.verdict import Answer
from controller.gates import soak
from controller.gates.base import Case
from tests.support.builders import FILE, NOON, a_binding, a_deployment, a_file, a_revision

ASKED = FILE + "gates: {soak: {environment: staging, for: 30m}}\n"
LONGER = FILE + "gates: {soak: {environment: staging, for: 2h}}\n"
MINUTES = timedelta(minutes=1)


def case(new: str = ASKED, live: str | None = None, **soaked: Soaked) -> Case:
    deployment = a_deployment(revision=a_revision(text=new))
    return Case(deployment, Environment("dev"), a_binding(), a_file(live) if live else None, Resolved(), soaked=soaked)


@pytest.mark.parametrize(
    ("found", "code", "told"),
    [
        (None, "soak.absent", "never been live in staging"),
        (Soaked("staging-4", NOON - 29 * MINUTES), "soak.running", "are over at 2026-11-21 12:01:00 UTC"),
        (Soaked("staging-4", NOON - 90 * MINUTES, NOON - 80 * MINUTES), "soak.cut_short", "deploy it there again"),
        (Soaked("staging-4", NOON - 20 * MINUTES, NOON - MINUTES, beside="staging-5"), "soak.moving", "staging-5"),
        (Soaked("staging-4", NOON - 90 * MINUTES, NOON, turned_back=True), "soak.turned_back", "staging-4"),
    ],
)
def test_it_is_held_and_says_what_is_missing(found: Soaked | None, code: str, told: str) -> None:
    verdict = soak.judge(case(**({"staging": found} if found else {})), NOON)
    assert (verdict.answer, verdict.reason.code) == (Answer.HELD, code)
    assert told in verdict.reason.text


@pytest.mark.parametrize("until", [None, NOON - 10 * MINUTES])
def test_it_opens_when_it_was_live_there_long_enough(until: None) -> None:
    verdict = soak.judge(case(staging=Soaked("staging-4", NOON - 40 * MINUTES, until)), NOON)
    assert verdict.is_open and "staging-4" in verdict.reason.text


def test_it_is_looked_at_again_when_the_time_is_over() -> None:
    assert soak.judge(case(staging=Soaked("staging-4", NOON - 10 * MINUTES)), NOON).look_in == 20 * MINUTES


def test_whoever_shortens_it_waits_for_the_old_time_once_more() -> None:
    found = Soaked("staging-4", NOON - 40 * MINUTES)
    assert soak.judge(case(ASKED, FILE, staging=found), NOON).is_open
    assert not soak.judge(case(ASKED, LONGER, staging=found), NOON).is_open
    assert not soak.judge(case(FILE, LONGER, staging=found), NOON).is_open
    assert [soak.is_asked(case(*files)) for files in ((FILE,), (FILE, FILE), (FILE, ASKED))] == [False, False, True]
