"""Removing a service: its last requests end before its tasks do."""

from dataclasses import replace

from controller.decide import decide
from controller.domain.actions import EmptySlot, RemoveScaling
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.slot import Slot
from controller.domain.step import StepKind
from controller.progress.outcomes import Ask, Wait
from tests.progress.steps import asked, in_step, minutes
from tests.support.builders import NOON, a_deployment, a_snapshot, a_view, terms

VIEWS = {"website": a_view("backend", rule=None)}


def draining(observed: float) -> Deployment:
    waiting = a_deployment(kind=Kind.PRUNE, pruned="website")
    started = decide(waiting, a_snapshot(VIEWS), NOON, terms()).deployment
    assert started.phase is Phase.RUNNING
    return in_step(StepKind.DRAIN, running=started, observed=minutes(observed))


def test_the_last_requests_end_before_the_tasks() -> None:
    outcome = asked(draining(0.1), VIEWS)
    assert isinstance(outcome, Wait) and outcome.reason.code == "prune.draining"


def test_then_both_slots_are_emptied_and_nothing_fills_them_again() -> None:
    deployment = draining(1)
    for wanted in (RemoveScaling("website", Slot.BLUE), EmptySlot("website", Slot.BLUE)):
        outcome = asked(deployment, VIEWS)
        assert isinstance(outcome, Ask) and outcome.action == wanted
        step = deployment.step
        assert step is not None
        deployment = deployment.with_step(replace(step, acted=("RemoveScaling website blue",)))
