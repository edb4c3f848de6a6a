"""What a step with a command asks for: one task, and patience with what AWS does not show yet."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.actions import RunTask, StopTask
from controller.domain.deployment import Deployment
from controller.domain.hooks import Run, RunState
from controller.domain.snapshot import HookView, Snapshot, TaskFailure, TaskView
from controller.domain.step import Step
from controller.progress import hooks, look
from controller.progress.outcomes import Ask, Done, Fail, Need, Outcome, Wait
from tests.progress.steps import in_step, on_its_way_home
from tests.support.builders import FILE, NOON, a_run, a_snapshot, terms

HOOKED = FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate], timeout: 10m}\n")
ENDED = TaskView("arn:task", True, True, (0,), NOON, NOON + timedelta(seconds=12))


def before(run: Run | None = None, **of_step: Any) -> Deployment:
    return in_step("before backend", HOOKED, run=run, **of_step)


def seen(deployment: Deployment, task: TaskView | None = None, earlier: Run | None = None, **how: Any) -> Outcome:
    """What the present step asks for in a picture of its task."""
    about = deployment.hooked
    picture = replace(a_snapshot(), hook=HookView(about.number if about else 0, task, earlier), **how)
    return outcome(hooks.noted(deployment, picture), picture)


def outcome(deployment: Deployment, picture: Snapshot) -> Outcome:
    assert deployment.step is not None
    return look(deployment.step, deployment, picture, terms())


def asked(**changes: Any) -> Run:
    return replace(a_run(), **changes)


def test_a_task_is_asked_for_with_the_same_token_until_it_shows() -> None:
    first = seen(before())
    again = seen(before(asked(), observed=timedelta(minutes=3)))
    assert isinstance(first, Ask) and isinstance(again, Ask) and first.action == again.action
    assert isinstance(first.action, RunTask) and first.action.command == ("migrate",)


def test_what_has_run_before_is_done() -> None:
    found = seen(before(), earlier=a_run(1, state=RunState.SUCCEEDED, text="exit code 0 after 3s"))
    assert isinstance(found, Done) and "ran in dev-1" in found.detail and "exit code 0 after 3s" in found.detail


def test_a_picture_of_another_step_says_nothing() -> None:
    found = outcome(before(), replace(a_snapshot(), hook=HookView(99)))
    assert isinstance(found, Need)


def test_a_task_that_runs_is_waited_for() -> None:
    found = seen(before(asked()), replace(ENDED, is_stopping=False, is_stopped=False, exit_codes=(None,)))
    assert isinstance(found, Wait) and found.reason.code == "before.running"


def test_one_that_has_ended_well_is_done() -> None:
    found = seen(before(asked()), ENDED)
    assert isinstance(found, Done) and found.detail == "exit code 0 after 12s"


@pytest.mark.parametrize("codes", [(1,), (0, 1), (0, None), ()], ids=str)
def test_any_other_end_is_a_failure(codes: tuple[int | None, ...]) -> None:
    found = seen(before(asked()), replace(ENDED, exit_codes=codes))
    assert isinstance(found, Fail) and found.reason.code == "before.failed" and found.culprits == ("backend",)


def test_what_is_not_its_fault_is_not_held_against_the_content() -> None:
    failure = TaskFailure("arn:task", "", None, "AWS has no Fargate capacity here at the moment", counts=False)
    found = seen(before(asked()), replace(ENDED, exit_codes=(None,), failure=failure))
    assert isinstance(found, Fail) and not found.quarantines
    assert "it never ran: AWS has no Fargate capacity" in found.reason.text


def test_after_its_time_it_is_stopped_and_that_is_asked_for_until_it_shows() -> None:
    late = before(asked(task="arn:task", seen=timedelta(minutes=11)), observed=timedelta(minutes=11))
    runs = replace(ENDED, is_stopping=False, is_stopped=False, exit_codes=(None,))
    found = seen(late, runs)
    assert isinstance(found, Ask) and found.action == StopTask("backend", "arn:task")
    told = late.with_step(replace(_step(late), acted=("StopTask backend",)))
    assert isinstance(seen(told, runs), Ask)
    assert isinstance(seen(told, replace(runs, is_stopping=True)), Wait)


def test_what_was_stopped_after_its_time_has_failed_and_counts() -> None:
    late = before(asked(task="arn:task"), observed=timedelta(minutes=11), acted=("StopTask backend",))
    killed = TaskFailure("arn:task", "", 143, "Somebody stopped the task by hand", counts=False)
    found = seen(late, replace(ENDED, exit_codes=(143,), failure=killed))
    assert isinstance(found, Fail) and found.quarantines and found.reason.code == "before.timeout"


@pytest.mark.parametrize(
    ("unseen", "kind", "code"), [(4, Wait, "before.running"), (6, Fail, "before.lost")], ids=["a while", "too long"]
)
def test_a_task_that_does_not_show_is_given_up_only_after_a_while(unseen: int, kind: type, code: str) -> None:
    found = seen(before(asked(task="arn:task"), observed=timedelta(minutes=unseen)))
    assert isinstance(found, kind) and found.reason.code == code  # type: ignore[attr-defined]
    assert not isinstance(found, Fail) or not found.quarantines


@pytest.mark.parametrize("passed", [timedelta(hours=2), timedelta(hours=-2)], ids=["long ago", "a clock set back"])
def test_what_nobody_can_tell_any_more_is_not_run_again(passed: timedelta) -> None:
    found = seen(before(asked()), taken_at=NOON + passed)
    assert isinstance(found, Fail) and found.reason.code == "before.unknown" and not found.quarantines


def test_what_aws_never_takes_is_given_up_with_the_last_reason() -> None:
    found = seen(before(asked(), observed=timedelta(minutes=21)))
    assert isinstance(found, Fail) and found.reason.code == "before.not_started" and not found.quarantines


def test_on_the_way_home_what_runs_is_stopped_before_anything_else_goes() -> None:
    back = on_its_way_home(before(asked(task="arn:task")))
    assert [step.title for step in back.steps if not step.is_over] == ["home", "stop", "evidence", "retire"]
    assert "stop" not in [step.title for step in on_its_way_home(before(asked(state=RunState.FAILED))).steps]


def test_what_was_stopped_on_the_way_home_may_have_done_a_part() -> None:
    back = on_its_way_home(before(asked(task="arn:task")))
    picture = replace(a_snapshot(), hook=HookView(_hooked(back).number, replace(ENDED, exit_codes=(143,))))
    run = hooks.noted(back, picture).ran[0]
    assert (run.state, run.text) == (RunState.STOPPED, "it was stopped after 12s, and may have done a part")


def _hooked(deployment: Deployment) -> Step:
    assert deployment.hooked is not None
    return deployment.hooked


def _step(deployment: Deployment) -> Step:
    assert deployment.step is not None
    return deployment.step
