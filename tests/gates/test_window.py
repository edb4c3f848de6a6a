"""The right time of the week: of the new file, and of the live one."""

from datetime import timedelta

from controller.domain.environment import Environment
from controller.domain.snapshot import Resolved
from controller.domain.verdict import Answer
from controller.gates import window
from controller.gates.base import Case
from tests.support.builders import FILE, NOON, a_binding, a_deployment, a_file, a_revision

# NOON is a Saturday.
WEEKEND = FILE + 'gates: {window: {allow: ["Sat,Sun 10:00-14:00"]}}\n'
WEEKDAYS = FILE + 'gates: {window: {allow: ["Mon-Fri 10:00-14:00"]}}\n'
SOON = FILE + 'gates: {window: {allow: ["Sat 12:05-14:00"]}}\n'


def case(new: str, live: str | None = None) -> Case:
    deployment = a_deployment(revision=a_revision(text=new))
    return Case(deployment, Environment("dev"), a_binding(), a_file(live) if live else None, Resolved())


def test_it_is_asked_where_either_file_has_one() -> None:
    asked = [window.is_asked(case(*files)) for files in ((FILE,), (FILE, FILE), (WEEKEND,), (FILE, WEEKEND))]
    assert asked == [False, False, True, True]


def test_it_opens_with_the_window() -> None:
    assert window.judge(case(WEEKEND), NOON).is_open


def test_it_is_held_outside_and_says_when_it_opens() -> None:
    verdict = window.judge(case(WEEKDAYS), NOON)
    assert (verdict.answer, verdict.reason.code) == (Answer.HELD, "window.shut")
    assert "it opens Mon 2026-11-23 10:00 UTC" in verdict.reason.text
    assert verdict.look_in == window.LONGEST_LOOK


def test_it_is_looked_at_again_as_soon_as_it_opens() -> None:
    assert window.judge(case(SOON), NOON).look_in == timedelta(minutes=5)


def test_whoever_drops_the_window_waits_for_it_once_more() -> None:
    assert not window.judge(case(FILE, WEEKDAYS), NOON).is_open
    assert not window.judge(case(WEEKEND, WEEKDAYS), NOON).is_open


def test_a_freeze_that_lasts_long_says_so() -> None:
    long = 'freeze: [{from: "2026-01-01 00:00", until: "2999-12-31 23:59"}]'
    frozen = FILE + f"gates: {{window: {{allow: [Mon 08:00-09:00], {long}}}}}\n"
    verdict = window.judge(case(frozen), NOON)
    assert not verdict.is_open and "3000" in verdict.reason.text


def test_windows_that_never_meet_say_what_to_do() -> None:
    verdict = window.judge(case(WEEKDAYS, WEEKEND), NOON)
    assert (verdict.answer, verdict.reason.code) == (Answer.HELD, "window.apart")
    assert "push one that overlaps" in verdict.reason.text
