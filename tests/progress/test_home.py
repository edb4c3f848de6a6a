"""Going home: what this deployment did to rules is undone, whatever one picture shows, and nothing else is."""

from dataclasses import replace
from typing import Any

from controller.domain.actions import AddTasks, RemakeRule, RemoveRule, RestoreRule
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView
from controller.domain.step import Trouble
from controller.progress.home import REGROWTH
from controller.progress.outcomes import Ask, Done, Stumble, Wait
from tests.progress.steps import WORKER, asked, in_step, on_its_way_home, shared
from tests.support.builders import a_group, a_new_view, a_rule, a_running_deployment, a_slot, a_snapshot, a_view

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


def halfway(**of_step: Any) -> Deployment:
    """Half of the traffic of both services was moved, and goes home."""
    return on_its_way_home(in_step("shift 50"), **of_step)


def with_old(views: dict[str, ServiceView], name: str, **changes: Any) -> dict[str, ServiceView]:
    """The same, where the old slot of this service has no healthy target."""
    sick = a_slot(name, group=a_group(name, healthy=0), **changes)
    return {**views, name: replace(views[name], slots={**views[name].slots, Slot.BLUE: sick})}


def test_who_can_go_home_does_not_wait_for_who_can_t() -> None:
    outcome = asked(halfway(), with_old(shared(50), "frontend"))
    assert isinstance(outcome, Ask) and isinstance(outcome.action, RestoreRule)
    assert outcome.action.service == "backend"


def test_rules_come_before_the_tasks_of_a_slot_that_lacks_them() -> None:
    lacking = with_old(shared(50), "frontend", count=0)
    first = asked(halfway(), lacking)
    assert isinstance(first, Ask) and isinstance(first.action, RestoreRule)
    home = {**lacking, "backend": shared(0)["backend"]}
    then = asked(halfway(acted=("RestoreRule backend",)), home)
    assert isinstance(then, Ask) and then.action == AddTasks("frontend", Slot.BLUE, 2)


def test_an_old_slot_has_its_time_to_get_healthy_before_a_person_is_asked() -> None:
    sick = with_old({**shared(50), "backend": shared(0)["backend"]}, "frontend")
    acted = ("RestoreRule backend",)
    waiting = asked(halfway(acted=acted, observed=REGROWTH / 2), sick)
    assert isinstance(waiting, Wait) and "2 of 2 tasks run there" in waiting.reason.text
    stuck = asked(halfway(acted=acted, observed=REGROWTH), sick)
    assert isinstance(stuck, Stumble) and stuck.reason.code == "home.no_healthy_target"
    assert "`tidegate abort dev-2`" in stuck.reason.text


def test_traffic_that_never_left_is_not_said_to_come_back() -> None:
    outcome = asked(halfway(acted=("RestoreRule backend",)), with_old(shared(0), "frontend"))
    assert isinstance(outcome, Wait) and "the traffic of frontend is on blue" in outcome.reason.text


def test_a_rule_that_somebody_deleted_is_made_again_whatever_is_known_about_health() -> None:
    """Targets that no rule leads to are not asked for their health."""
    deleted = with_old(shared(50), "frontend")
    deleted["frontend"] = replace(deleted["frontend"], rule=None)
    outcome = asked(halfway(), deleted)
    assert isinstance(outcome, Ask) and isinstance(outcome.action, RemakeRule)
    assert outcome.action.rule.weights == {Slot.BLUE: 100, Slot.GREEN: 0}


def test_an_action_that_fails_again_and_again_starves_nobody() -> None:
    failed = Trouble(Reason("aws.foreign", "not ours"), 1, permanent=True, by_action=True, service="frontend")
    outcome = asked(halfway(trouble=failed), shared(50))
    assert isinstance(outcome, Ask) and outcome.action.service == "backend"


def test_what_must_be_put_back_once_more_comes_behind_what_was_not_yet() -> None:
    outcome = asked(halfway(acted=("RestoreRule frontend",)), shared(50))
    assert isinstance(outcome, Ask) and outcome.action.service == "backend"
