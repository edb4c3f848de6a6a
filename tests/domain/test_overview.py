"""What follows from an environment's rows of one moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment
from controller.domain.overview import Counts, Overview, spans
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView
from controller.domain.step import StepKind, StepState
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_group,
    a_new_view,
    a_revision,
    a_rule,
    a_running_deployment,
    a_slot,
    a_view,
)


def an_overview(*deployments: Deployment, view: ServiceView | None = None) -> Overview:
    sighting = Sighting("dev", {"backend": view}, NOON) if view else None
    return Overview(Environment("dev"), None, deployments, sighting, None)


def retiring(wait: timedelta, started: bool = True) -> Deployment:
    done = a_running_deployment()
    for step in done.steps:
        if step.kind is StepKind.RETIRE:
            kept = replace(step, wait=wait)
            done = done.with_step(kept.started(NOON + timedelta(minutes=1)) if started else kept)
        else:
            done = done.with_step(step.ended(StepState.DONE, NOON, ""))
    return done.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "live"), NOON)


def test_what_runs_comes_before_what_waits() -> None:
    running, waiting = a_running_deployment(), a_deployment(number=3)
    assert an_overview(running, waiting).moving == running


def test_the_newest_that_waits_is_shown() -> None:
    assert an_overview(a_deployment(number=3), a_deployment(number=4)).moving == a_deployment(number=4)


def test_old_slots_that_are_kept_do_not_move() -> None:
    assert an_overview(retiring(timedelta(minutes=30))).moving is None


@pytest.mark.parametrize(("started", "minutes"), [(True, 31), (False, 30)])
def test_warm_time_counts_from_its_step_or_else_from_the_end(started: bool, minutes: int) -> None:
    overview = an_overview(retiring(timedelta(minutes=30), started))
    assert overview.warm_until == NOON + timedelta(minutes=minutes)


def test_nothing_is_warm_that_is_not_kept() -> None:
    assert an_overview(retiring(timedelta(0))).warm_until is None


def test_a_split_service_has_no_live_slot_and_counts_both() -> None:
    view = a_view(green=a_slot(count=1, group=a_group(healthy=1)))
    assert view.rule is not None
    split = replace(view, rule=replace(view.rule, weights={Slot.BLUE: 90, Slot.GREEN: 10}))
    [state] = an_overview(view=split).services
    assert (state.live, state.serving) == (None, Counts(3, 3, 3))


def test_health_that_nobody_asked_for_is_unknown() -> None:
    unasked = replace(a_group(), healthy=None)
    [state] = an_overview(view=a_view(blue=a_slot(group=unasked))).services
    assert state.serving == Counts(2, 2, None)


def test_a_worker_has_no_weights() -> None:
    worker = replace(a_view(blue=a_slot(group=None)), rule=None, routed=False)
    [state] = an_overview(view=worker).services
    assert (state.weights, state.live, state.serving.healthy) == (None, Slot.BLUE, 2)


def test_waiting_and_moving_are_told_apart() -> None:
    deployment = replace(
        a_deployment(), started_at=NOON + timedelta(minutes=3), finished_at=NOON + timedelta(minutes=5)
    )
    assert spans(deployment, NOON + timedelta(hours=1)).waiting == timedelta(minutes=3)
    assert spans(deployment, NOON + timedelta(hours=1)).active == timedelta(minutes=2)
    assert spans(a_deployment(), NOON + timedelta(hours=1)).active is None


def test_a_service_that_came_back_since_the_last_look_is_no_orphan() -> None:
    sighting = Sighting("dev", {}, NOON, ("backend", "worker"))
    live, moving = a_running_deployment(), a_running_deployment(id="dev-3", number=3)
    for overview in (
        Overview(Environment("dev"), live, (), sighting, None),
        Overview(Environment("dev"), None, (moving,), sighting, None),
    ):
        assert overview.orphans == ("worker",)


RENAMED = a_revision(text=FILE.replace("  frontend:", "  web:"))


def test_what_only_waits_hides_neither_what_runs_nor_what_was_left() -> None:
    seen = {name: a_view(name) for name in ("backend", "frontend")} | {"web": a_new_view()}
    overview = Overview(
        Environment("dev"),
        a_running_deployment(),
        (a_deployment(number=3, revision=RENAMED),),
        Sighting("dev", seen, NOON, ("web", "worker")),
        None,
    )
    assert [state.name for state in overview.services] == ["backend", "frontend"]
    assert overview.orphans == ("web", "worker")


def test_before_anything_is_live_the_services_of_what_waits_are_shown() -> None:
    [state] = an_overview(a_deployment(), view=a_new_view()).services
    assert (state.name, state.live) == ("backend", None)


def test_the_slot_that_was_live_is_live_until_all_of_its_traffic_has_moved() -> None:
    split = a_view(rule=a_rule(10, 90))
    [state] = an_overview(a_running_deployment(), view=split).services
    assert (state.live, state.weights) == (Slot.BLUE, {Slot.BLUE: 10, Slot.GREEN: 90})
