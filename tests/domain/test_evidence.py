"""What is told of evidence: the lines that say most, and nothing that must not be seen."""

from dataclasses import replace

import pytest

from controller.domain.evidence import LONGEST, FailureEvidence, StoppedTasks, Target, redacted
from controller.domain.slot import Slot
from controller.domain.snapshot import TaskFailure, TaskView
from tests.support.builders import NOON
from tests.support.evidence import CRASHED, FOUND, GREEN

EMPTY = FailureEvidence("dev-2", "dev-2", 9, NOON)


def test_commands_alarms_and_numbers_come_before_tasks() -> None:
    assert FOUND.telling == (
        "before backend: exit code 3",
        "dev-5xx rang at 2026-11-21 12:00:00 UTC: 25 > 1",
        "backend errors: 5.00% failed",
        "and 4 more: see dev-2",
    )


def test_tasks_are_told_with_exit_code_and_last_words_and_then_a_target() -> None:
    assert replace(EMPTY, slots=(GREEN,)).telling == (
        f"backend green: {CRASHED.told}",
        "backend green: its last words: cannot start: no table",
        "backend green: target 10.0.0.1:8000 unhealthy: Target.FailedHealthChecks: Health checks failed",
        "and 1 more: see dev-2",
    )


def test_what_is_held_against_the_version_is_told_first() -> None:
    replaced = replace(CRASHED, counts=False, reason="Scaling activity initiated")
    told = replace(EMPTY, slots=(replace(GREEN, stopped=(replaced, CRASHED)),)).telling
    assert "Essential container" in told[0]


def test_the_blamed_slot_is_told_before_the_other() -> None:
    other = replace(GREEN, slot=Slot.BLUE, is_blamed=False, stopped=())
    assert replace(EMPTY, slots=(other, GREEN)).telling[0].startswith("backend green")


@pytest.mark.parametrize("code", [0, 143, None])
def test_a_program_that_did_as_it_was_told_has_no_last_words(code: int | None) -> None:
    ended = replace(CRASHED, containers=tuple(replace(end, exit_code=code) for end in CRASHED.containers))
    assert ended.last_words == "" and "exit code" not in ended.told


def test_what_ran_out_of_memory_says_so() -> None:
    killed = replace(CRASHED, times=1, is_out_of_memory=True)
    assert killed.told.startswith("1 task stopped, exit code 1, out of memory: ")


def test_where_nothing_could_be_read_that_is_what_is_told() -> None:
    assert replace(EMPTY, slots=(replace(GREEN, stopped=(), targets=()),)).telling == (
        "backend green: service events could not be read: the environment's role lacks ecs:DescribeServices",
    )


def test_evidence_in_a_few_words() -> None:
    assert EMPTY.told == "nothing that speaks against it"
    assert FOUND.told.startswith("4 stopped tasks, 1 ailing target, 1 alarm, 1 finding, 1 command, 1 event; not all")


@pytest.mark.parametrize("state", ["draining", "unused", "healthy"])
def test_a_target_that_leaves_is_not_ill(state: str) -> None:
    assert not Target("10.0.0.1:8000", state).is_ill


def test_secrets_are_redacted_wherever_they_are_and_the_longer_first() -> None:
    said = replace(CRASHED, lines=("backend.token and token",), reason="token")
    clean: StoppedTasks = redacted(said, {"token", "backend.token"})
    assert (clean.lines, clean.reason) == (("[redacted] and [redacted]",), "[redacted]")
    assert redacted((Slot.BLUE, 3), {"blue"}) == (Slot.BLUE, 3)


def test_names_stay_as_they_are_whatever_is_hidden() -> None:
    failed = TaskFailure("arn:aws:ecs:eu-west-1:1:task/production/7", "in eu-west-1", 1, "x", counts=True)
    seen = redacted(TaskView(failed.task, failure=failed), {"eu-west-1", "production"})
    assert seen.task == failed.task and seen.failure is not None
    assert (seen.failure.task, seen.failure.stopped_reason) == (failed.task, "in [redacted]")
    kept = redacted(replace(EMPTY, deployment="production-12", about="production-12"), {"production"})
    assert (kept.deployment, kept.about) == ("production-12", "production-12")


def test_nothing_is_left_of_what_is_hidden_where_a_line_is_cut() -> None:
    said = replace(CRASHED, lines=("x" * (LONGEST - 5) + "hunter2-hunter2",))
    assert redacted(said, {"hunter2-hunter2"}).lines == (f"{'x' * (LONGEST - 5)}[reda…",)
