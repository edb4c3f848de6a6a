"""One message for one event: which events are worth one, and what it says by the time it is sent."""

from dataclasses import replace

import pytest

from controller.domain.bulletin import LONGEST_SUBJECT, MAILED, POSTED, Bulletin, began
from controller.domain.deployment import Phase
from controller.domain.events import Event
from controller.domain.telling import Happened
from tests.adapters.slack.test_blocks import ORDINARY

ASKS = Bulletin("prod-7:3", Happened.ASKED, "prod", "waits for approval", ORDINARY)


def test_what_goes_by_e_mail_goes_to_webhooks_too() -> None:
    assert set(MAILED) < set(POSTED)


@pytest.mark.parametrize(
    ("event", "posted", "mailed"),
    [
        (Happened.ASKED, True, True),
        (Happened.NEEDED, True, True),
        (Happened.FREE, True, False),
        (Happened.STEP, False, False),
        (began(Phase.WAITING), False, False),
        (began(Phase.RUNNING), True, False),
        (began(Phase.SUCCEEDED), True, False),
        (began(Phase.FAILED), True, True),
        (began(Phase.ROLLED_BACK), True, True),
        (Event.DRIFT_FOUND, True, False),
        (Event.ENVIRONMENT_HELD, True, False),
        (Event.ACTION_INTENDED, False, False),
    ],
)
def test_each_event_goes_where_it_is_worth_something(event: str, posted: bool, mailed: bool) -> None:
    assert (event in POSTED, event in MAILED) == (posted, mailed)


@pytest.mark.parametrize(
    "title",
    ["… prod-7: main-1111111 to prod", "Ärger\nBcc: everybody@example.com\r\n", "x" * 300, "\u202eabc\x00\x1b[1m", ""],
)
def test_a_subject_is_one_short_line_of_ascii(title: str) -> None:
    for made in (
        replace(ASKS, telling=replace(ORDINARY, title=title, state=title)),
        replace(ASKS, telling=None, text=title),
    ):
        subject = made.subject
        assert 0 < len(subject) <= LONGEST_SUBJECT
        assert subject.isascii()
        assert subject.isprintable()
        assert subject[0].isalpha()


def test_a_subject_says_where_and_what() -> None:
    assert ASKS.subject == "Tidegate prod: waits for approval: prod-7: main-1111111 to prod"


def test_a_letter_leads_to_where_it_is_answered() -> None:
    assert ASKS.letter.splitlines()[:2] == ["… prod-7: main-1111111 to prod", "waits for approval: 1 of 2 approvals"]
    assert ASKS.letter.endswith(f"{ORDINARY.review}\n")
    over = replace(ASKS, telling=replace(ORDINARY, review="", ending="all clear; it took 4m", warning="grace BROKE"))
    assert "! grace BROKE" in over.letter
    assert over.letter.endswith(f"all clear; it took 4m\n\n{ORDINARY.link}\n")
    assert replace(ASKS, telling=None).letter == "prod: waits for approval\n"


@pytest.mark.parametrize(
    ("bulletin", "is_over"),
    [
        (ASKS, False),
        (replace(ASKS, telling=replace(ORDINARY, asks=None)), True),
        (replace(ASKS, event=Happened.NEEDED), True),
        (replace(ASKS, event=Happened.NEEDED, telling=replace(ORDINARY, needs_a_person=True)), False),
        (replace(ASKS, event=began(Phase.FAILED), telling=replace(ORDINARY, asks=None)), False),
        (replace(ASKS, telling=None), False),
    ],
)
def test_what_nobody_needs_to_do_any_more_is_over(bulletin: Bulletin, is_over: bool) -> None:
    assert bulletin.is_over is is_over
