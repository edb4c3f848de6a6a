"""A slot is warm when ECS and the balancer both say so, and it starts from nothing."""

from dataclasses import replace

import pytest

from controller.domain.actions import EmptySlot
from controller.domain.slot import Slot
from controller.domain.snapshot import Rollout, RuleView, ServiceView, SlotView
from controller.progress.outcomes import Ask, Done, Wait
from tests.progress.steps import asked, in_step, warmed
from tests.support.builders import a_new_view, a_running_deployment, a_slot, a_snapshot, a_view

WARMING = in_step("warm")


def views(backend: SlotView) -> dict[str, ServiceView]:
    """Both services are behind the balancer; the frontend is warm."""
    slots = {"backend": backend, "frontend": warmed("frontend")}
    return {name: a_view(name, green=slot, test_rule=opening(name)) for name, slot in slots.items()}


def opening(name: str) -> RuleView:
    return RuleView(f"arn:test/{name}", 100, {Slot.GREEN: 100}, "{}", header=WARMING.header(name).reveal())


def test_all_healthy_in_a_completed_rollout_is_warm() -> None:
    assert isinstance(asked(WARMING, views(warmed())), Done)


@pytest.mark.parametrize(
    "slot",
    [warmed(healthy=1), warmed(healthy=0), warmed(rollout=Rollout.IN_PROGRESS)],
    ids=["one healthy", "none healthy", "rollout not complete"],
)
def test_tasks_that_only_run_are_not_warm(slot: SlotView) -> None:
    outcome = asked(WARMING, views(slot))
    assert isinstance(outcome, Wait) and outcome.reason.code == "slot.warming"


@pytest.mark.parametrize("running", [2, 0], ids=["running", "crashing"])
def test_what_an_earlier_deployment_left_goes_first(running: int) -> None:
    left = a_slot(image="sha256:" + "e" * 64, running=running)
    outcome = asked(WARMING, views(left))
    assert isinstance(outcome, Ask) and outcome.action == EmptySlot("backend", Slot.GREEN)


def test_what_is_left_of_a_service_that_is_new_again_goes_from_both_slots() -> None:
    new = {"backend": a_view(), "frontend": a_new_view("frontend")}
    warming = in_step("warm", running=a_running_deployment(snapshot=a_snapshot(new)))
    slots = {Slot.BLUE: SlotView(exists=False), Slot.GREEN: a_slot("frontend")}
    views = {
        "backend": views_of_backend(warming.header("backend").reveal()),
        "frontend": replace(new["frontend"], slots=slots),
    }
    outcome = asked(warming, views)
    assert isinstance(outcome, Ask) and outcome.action == EmptySlot("frontend", Slot.GREEN)


def views_of_backend(header: str) -> ServiceView:
    return a_view(green=warmed(), test_rule=RuleView("arn:test", 100, {Slot.GREEN: 100}, "{}", header=header))
