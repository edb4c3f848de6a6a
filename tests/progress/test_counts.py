"""Old tasks make room for new ones, and only for new ones that are well."""

from dataclasses import replace

import pytest

from controller.decide import decide
from controller.domain.actions import SetCount
from controller.domain.deployment import Deployment
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState
from controller.domain.undo import UndoRecord
from controller.progress import look
from controller.progress.outcomes import Ask, Outcome, Stumble, Wait
from tests.progress.steps import HALF, asked, in_step, on_its_way_home, shared
from tests.support.builders import (
    FILE,
    NOON,
    OLD_IMAGE,
    a_deployment,
    a_file,
    a_revision,
    a_slot,
    a_snapshot,
    a_view,
    terms,
)


def test_half_of_the_old_tasks_go_and_the_action_says_for_how_much_traffic_the_rest_is_enough() -> None:
    outcome = asked(in_step("shrink 50", HALF), shared(50, healthy=1, desired=1))
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 1, share=50)


@pytest.mark.parametrize("text", [HALF, HALF.replace("count: 2", "count: 4")], ids=["none", "too few"])
def test_no_old_task_goes_while_the_new_ones_are_not_well(text: str) -> None:
    outcome = asked(in_step("shrink 50", text), shared(50, healthy=0 if text is HALF else 1))
    assert isinstance(outcome, Stumble | Wait) and outcome.reason.code.startswith("targets.")


def adjusting(to: int, was: int = 2) -> Deployment:
    """Nothing rolls: it changes the count of the backend, which ran `was` tasks."""
    revision = a_revision(OLD_IMAGE, FILE.replace("count: 2", f"count: {to}", 1))
    snapshot = a_snapshot({"backend": a_view(blue=a_slot(count=was)), "frontend": a_view("frontend")})
    return in_step("adjust", running=decide(a_deployment(revision=revision), snapshot, NOON, terms()).deployment)


def regrowing(to: int, was: int = 2) -> Deployment:
    """It had begun to do so, and is about to change it back."""
    home = on_its_way_home(adjusting(to, was))
    assert home.step is not None and home.step.kind is StepKind.HOME
    home = home.with_step(home.step.ended(StepState.DONE, NOON, "no traffic was moved"))
    assert home.step is not None and home.step.kind is StepKind.EVIDENCE
    return home.with_step(home.step.ended(StepState.DONE, NOON, "nothing that speaks against it"))


def regrown(deployment: Deployment, desired: int, text: str = FILE) -> Outcome:
    """What it asks for while the backend is to run so many tasks, and this file is live."""
    views = {"backend": a_view(blue=a_slot(count=desired)), "frontend": a_view("frontend")}
    assert deployment.step is not None and deployment.step.kind is StepKind.REGROW
    return look(deployment.step, deployment, a_snapshot(views), terms(live=a_file(text)))


@pytest.mark.parametrize("to", [1, 4])
def test_a_count_that_was_adjusted_is_adjusted_back(to: int) -> None:
    outcome = regrown(regrowing(to), desired=to)
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 2)


def test_a_count_is_not_put_back_below_what_the_live_file_counts() -> None:
    """Somebody had scaled it to one task, the deployment gave it its two again."""
    outcome = regrown(regrowing(to=2, was=1), desired=2)
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 2)


def test_turning_back_asks_for_no_more_tasks_than_there_were() -> None:
    outcome = regrown(regrowing(to=4), desired=1, text=FILE.replace("count: 2", "count: 9"))
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 2)


def test_an_undo_record_that_does_not_know_the_count_changes_none() -> None:
    """It was written by a Tidegate that did not undo counts."""
    home = on_its_way_home(replace(adjusting(to=4), undo=UndoRecord(())))
    assert StepKind.REGROW not in {step.kind for step in home.steps}
