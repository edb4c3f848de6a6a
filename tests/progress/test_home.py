"""Going home: what this deployment did to rules is undone, whatever one picture shows, and nothing else is."""

from dataclasses import replace
from typing import Any

from controller.domain.actions import RemoveRule, RestoreRule
from controller.domain.deployment import Deployment
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView
from controller.progress.outcomes import Ask, Done
from tests.progress.steps import WORKER, asked, in_step, on_its_way_home, shared
from tests.support.builders import a_new_view, a_rule, a_running_deployment, a_snapshot, a_view

NEW = {"backend": a_view(), "frontend": a_new_view("frontend")}
REMOVED = ("RemoveRule frontend", "RestoreRule backend")


def with_a_new_service(**of_step: Any) -> Deployment:
    return on_its_way_home(in_step("shift 50", running=a_running_deployment(snapshot=a_snapshot(NEW))), **of_step)


def test_a_rule_that_one_picture_does_not_show_is_removed_all_the_same() -> None:
    outcome = asked(with_a_new_service(), NEW)
    assert isinstance(outcome, Ask) and outcome.action == RemoveRule("frontend")


def test_a_rule_of_somebody_else_stays() -> None:
    theirs = {**NEW, "frontend": replace(NEW["frontend"], rule=replace(a_rule(0, 100, "frontend"), made_by="dev-9"))}
    assert isinstance(asked(with_a_new_service(acted=REMOVED), theirs), Done)


def test_only_the_rules_of_what_had_begun_to_move_are_touched() -> None:
    idle = {slot: SlotView(exists=False) for slot in Slot}
    nothing = ServiceView(idle, rule=None, test_rule=None, routed=False)
    running = a_running_deployment(WORKER, a_snapshot({**shared(0), "worker": nothing}))
    home = on_its_way_home(in_step("shift 50", running=running))
    outcome = asked(home, {**shared(50), "worker": nothing})
    assert isinstance(outcome, Ask) and isinstance(outcome.action, RestoreRule)
    assert outcome.action.service == "frontend"
