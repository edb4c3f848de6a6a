"""What waits for people: whose turn it is comes first, and why it is not is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.domain.people import Person
from controller.domain.step import StepKind, StepState
from tests.dashboard.test_pages import Page
from tests.security.world import ABEL, AWAY, OWEN, VERA, Doors, opened
from tests.support.asked import a_vote, asked_deployment, put
from tests.support.builders import FILE, NOON, a_running_deployment
from tests.support.rows import of

CONFIRMED = FILE.replace("{type: rolling}", "{type: canary, steps: [{weight: 10, confirm: true}, {weight: 100}]}")


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file, anonymous="viewer")
    yield made
    made.close()


def page(doors: Doors, session: str | None = None) -> str:
    return Page(doors.look("/approvals", session).text).text


def test_where_nothing_waits_that_is_said(doors: Doors) -> None:
    assert "Nothing waits for people" in page(doors)


def test_whoever_may_answer_sees_it_first_with_who_has_and_until_when(doors: Doors) -> None:
    put(doors.store, asked_deployment("prod", 1, votes=[a_vote(OWEN)], since=NOON - timedelta(hours=2)))
    found = page(doors, doors.session(ABEL))
    assert "You may answer prod-1 in prod" in found
    assert "1 of 2 , as the file asks: owen Asked abel, ann" in found.replace("2, as", "2 , as")
    assert "Since 2026-11-21 10:00:00 UTC 2h ago Until 2026-11-22 10:00:00 UTC in 22h" in found
    assert "/approvals/prod-1" in Page(doors.look("/approvals", doors.session(ABEL)).text).links()


@pytest.mark.parametrize(
    ("person", "why"), [(VERA, "vera may not approve here"), (OWEN, "owen has approved this plan")]
)
def test_whoever_may_not_is_told_why(doors: Doors, person: object, why: str) -> None:
    put(doors.store, asked_deployment("prod", 1, votes=[a_vote(OWEN)]))
    found = page(doors, doors.session(person))  # type: ignore[arg-type]
    assert "Others may prod-1" in found and f"Not you: {why}" in found
    assert "You may answer" not in found


def test_nobody_is_looked_up_for_whoever_has_not_signed_in(doors: Doors) -> None:
    put(doors.store, asked_deployment("prod", 1))
    found = page(doors)
    assert (
        "What waits" in found
        and "to see which of them you may answer" in found
        and "prod-1 in prod" in found
        and "0 of 2 approved Asked abel, ann" in found
    )
    assert doors.town.asked == 0


@pytest.mark.parametrize("could", [(ABEL, OWEN), (), None], ids=["names", "nobody", "nobody can tell"])
@pytest.mark.parametrize("person", [None, ABEL, VERA], ids=["anonymous", "approver", "viewer"])
def test_it_names_whom_the_first_page_names(
    doors: Doors, could: tuple[Person, ...] | None, person: Person | None
) -> None:
    put(doors.store, asked_deployment("prod", 1, could=could))
    session = doors.session(person) if person else None
    home = Page(doors.look("/", session).text).text
    whom = "abel, owen" if could else "nobody: too few" if could is not None else "whoever may approve here (who that"
    assert f"Asked: {whom}" in home and f"Asked {whom}" in page(doors, session)


def test_while_github_is_away_that_is_said_and_what_waits_is_shown(doors: Doors) -> None:
    put(doors.store, asked_deployment("prod", 1))
    session = doors.session(ABEL)
    doors.look("/approvals", session)
    doors.town.trouble = AWAY
    found = page(doors, session)
    assert "Who may answer can't be told now" in found and "GitHub does not answer" in found
    assert "prod-1" in found and "Not you" not in found


def test_what_waits_to_be_confirmed_waits_for_an_operator(doors: Doors) -> None:
    running = a_running_deployment(CONFIRMED)
    for step in running.steps:
        if step.kind is StepKind.CONFIRM:
            running = running.with_step(step.started(NOON))
            break
        running = running.with_step(step.started(NOON).ended(StepState.DONE, NOON, "done"))
    put(doors.store, replace(of("prod", running, 4, "8"), started_at=NOON))
    assert "You may answer prod-4" in page(doors, doors.session(OWEN))
    assert "tidegate promote prod-4" in page(doors, doors.session(OWEN))
    assert "abel is approver in prod, and to confirm takes an operator" in page(doors, doors.session(ABEL))
