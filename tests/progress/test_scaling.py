"""Suspend, scale and rescale: nothing gets smaller while the traffic moves; scaling ends on the live slot, whole."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.domain import actions
from controller.domain.actions import AddTasks, EmptySlot, HoldScaling, PutScaling, RemoveScaling
from controller.domain.deployment import Deployment, Phase
from controller.domain.scaling import FREE, HELD, Bounds, ScalingView, scaling_of
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, ServiceView
from controller.domain.step import StepKind, StepState
from controller.progress import look
from controller.progress.outcomes import Ask, Done, Need, Wait
from tests.progress.steps import asked, in_step, minutes, on_its_way_home, warmed
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_file,
    a_plan,
    a_revision,
    a_rule,
    a_running_deployment,
    a_slot,
    a_snapshot,
    a_view,
    an_empty_slot,
    terms,
)
from tests.support.toy_world import Film, ToyWorld

COUNT = "count: {min: 2, max: 9, cpu: 70%}"
TEXT = (
    FILE.replace("count: 2", COUNT, 1)
    .replace("{type: rolling}", "{type: blue_green, bake: 1m}")
    .replace("{hold: next_commit}", "{hold: next_commit, keep_warm: 30s}")
)
NIGHT = TEXT.replace("services:\n", 'schedule: [{at: "08:00", count: 0}]\nservices:\n', 1)
"""It is noon."""
HALVES = TEXT.replace("{type: blue_green, bake: 1m}", "{type: rolling, max: 150}").replace(
    "keep_warm: 30s", "keep_warm: 0s"
)
FOUND = scaling_of(a_file(TEXT).services["backend"], ())
assert FOUND is not None
WHOLE = ScalingView(FOUND)
HELD_OLD = ScalingView(FOUND, HELD)


def views(**changed: Mapping[str, Any]) -> dict[str, ServiceView]:
    """Backend scales in blue, which is live, and green runs the new version; `blue={"desired": 6}` changes a slot."""
    backend = a_view(blue=a_slot(scaling=WHOLE), green=warmed())
    slots = {slot: replace(view, **changed.get(slot.value, {})) for slot, view in backend.slots.items()}
    return {"backend": replace(backend, slots=slots), "frontend": a_view("frontend", green=warmed("frontend"))}


def running(text: str = TEXT, seen: Mapping[str, ServiceView] | None = None) -> Deployment:
    started = seen or {"backend": a_view(blue=a_slot(scaling=WHOLE)), "frontend": a_view("frontend")}
    return a_running_deployment(text, a_snapshot(started))


def action(outcome: object) -> actions.Action:
    assert isinstance(outcome, Ask), outcome
    return outcome.action


# --- the plan ------------------------------------------------------------------------------------------------------


def kinds(text: str, seen: Mapping[str, ServiceView]) -> list[str]:
    return [step.title for step in a_plan(a_revision(text=text), a_snapshot(seen)).steps]


def test_scaling_is_suspended_before_the_first_share_and_handed_over_after_the_success() -> None:
    found = kinds(TEXT, {"backend": a_view(blue=a_slot(scaling=WHOLE)), "frontend": a_view("frontend")})
    assert found.index("suspend") == found.index("shift 100") - 1
    assert found[-3:] == ["settle", "scale", "retire"]


def test_what_never_scales_has_no_such_steps() -> None:
    assert not {"suspend", "scale"} & set(kinds(FILE, a_snapshot().services))


def test_only_the_services_that_scale_are_in_them() -> None:
    plan = a_plan(a_revision(text=TEXT), a_snapshot({"backend": a_view(), "frontend": a_view("frontend")}))
    assert {step.services for step in plan.steps if step.kind in {StepKind.SUSPEND, StepKind.SCALE}} == {("backend",)}


@pytest.mark.parametrize(("live", "count"), [(1, 2), (5, 5), (12, 9)])
def test_the_new_slot_is_as_large_as_the_live_one_within_the_bounds(live: int, count: int) -> None:
    plan = a_plan(
        a_revision(text=TEXT), a_snapshot({"backend": a_view(blue=a_slot(count=live)), "frontend": a_view("frontend")})
    )
    assert plan.of("backend").count == count


def test_by_night_one_task_is_enough_to_try_it() -> None:
    plan = a_plan(
        a_revision(text=NIGHT), a_snapshot({"backend": a_view(blue=a_slot(count=0)), "frontend": a_view("frontend")})
    )
    assert plan.of("backend").count == 1


def test_the_digest_stands_for_bounds_aims_schedule_and_capacity_and_for_no_live_count() -> None:
    def digest(text: str, live: int = 2) -> str:
        seen = {"backend": a_view(blue=a_slot(count=live, scaling=WHOLE)), "frontend": a_view("frontend")}
        return a_plan(a_revision(text=text), a_snapshot(seen)).digest

    texts = [TEXT, NIGHT, TEXT.replace("max: 9", "max: 8"), TEXT.replace("70%", "60%")]
    texts += [TEXT.replace(COUNT, f"{COUNT}\n    capacity: {{spot: 50%}}")]
    assert len({digest(text) for text in texts}) == len(texts)
    assert digest(TEXT, live=7) == digest(TEXT)


# --- suspend -------------------------------------------------------------------------------------------------------


def test_the_old_slot_is_held_first_whatever_is_seen() -> None:
    for scaling in (WHOLE, HELD_OLD):
        outcome = asked(in_step("suspend", running=running()), views(blue={"scaling": scaling}))
        assert action(outcome) == HoldScaling("backend", Slot.BLUE, Bounds(0, 9))


def test_then_the_new_one_may_grow_and_not_shrink() -> None:
    deployment = in_step("suspend", running=running(), acted=("HoldScaling backend",))
    outcome = asked(deployment, views(blue={"scaling": HELD_OLD}))
    assert FOUND is not None
    assert action(outcome) == PutScaling("backend", Slot.GREEN, FOUND, Bounds(1, 9), HELD)


def suspended(**slots: Mapping[str, Any]) -> object:
    done = ("HoldScaling backend", "PutScaling backend")
    room = ScalingView(replace(WHOLE.scaling, bounds=Bounds(1, 9)), HELD)
    given: dict[str, dict[str, Any]] = {"blue": {"scaling": HELD_OLD}, "green": {"scaling": room}}
    merged = {name: {**given[name], **slots.get(name, {})} for name in given}
    return asked(in_step("suspend", running=running(), acted=done), views(**merged))


def test_once_both_are_held_it_is_done_however_many_tasks_they_have() -> None:
    assert isinstance(suspended(), Done)
    assert isinstance(suspended(blue={"desired": 6}), Done)


# --- scale ---------------------------------------------------------------------------------------------------------


def succeeded(text: str = TEXT) -> Deployment:
    deployment = in_step("scale", text, running=running(text))
    return replace(deployment, phase=Phase.SUCCEEDED)


def test_after_the_success_scaling_is_the_new_slots_whole_and_within_what_the_clock_says() -> None:
    assert FOUND is not None
    assert action(asked(succeeded(), views())) == PutScaling("backend", Slot.GREEN, FOUND, Bounds(2, 9), FREE)
    asleep = action(asked(succeeded(NIGHT), views()))
    assert isinstance(asleep, PutScaling) and asleep.bounds == Bounds(0, 0)


def test_it_is_done_once_it_was_asked_for_and_shows() -> None:
    deployment = succeeded()
    assert deployment.step is not None
    acted = deployment.with_step(replace(deployment.step, acted=("PutScaling backend",)))
    assert isinstance(asked(acted, views(green={"scaling": WHOLE})), Done)
    assert isinstance(asked(acted, views(green={"scaling": HELD_OLD})), Ask)
    assert isinstance(asked(deployment, views(green={"scaling": WHOLE})), Ask), "it may be an old picture"


# --- retire --------------------------------------------------------------------------------------------------------


def retiring(observed: float, *acted: str) -> Deployment:
    marks = ("RemoveTestRule backend", "RemoveTestRule frontend", *acted)
    deployment = in_step("retire", running=running(), observed=minutes(observed), acted=marks)
    return replace(deployment, phase=Phase.SUCCEEDED)


def moved(**slots: Mapping[str, Any]) -> dict[str, ServiceView]:
    found = views(**slots)
    return {name: replace(view, rule=a_rule(0, 100, name)) for name, view in found.items()}


def test_the_old_slot_follows_the_live_one_while_it_is_warm_and_never_gets_smaller() -> None:
    assert action(asked(retiring(0.1), moved(green={"desired": 7}))) == AddTasks("backend", Slot.BLUE, 7)
    assert isinstance(asked(retiring(0.1), moved(blue={"desired": 7})), Wait)


def test_its_scaling_goes_before_its_tasks() -> None:
    assert action(asked(retiring(6), moved())) == RemoveScaling("backend", Slot.BLUE)
    given_up = ("RemoveScaling backend blue", "RemoveScaling backend")
    assert action(asked(retiring(6, *given_up), moved())) == RemoveScaling("backend", Slot.BLUE), "it still shows"
    assert action(asked(retiring(6, *given_up), moved(blue={"scaling": None}))) == EmptySlot("backend", Slot.BLUE)


def test_whether_it_scales_is_looked_at_just_before_it_is_emptied() -> None:
    """The picture that the plan was drawn from may have lacked it."""
    seen = a_snapshot(moved(), has=frozenset({Evidence.SERVICES, Evidence.TARGETS}))
    deployment = retiring(6)
    assert deployment.step is not None
    outcome = look(deployment.step, deployment, seen, terms())
    assert isinstance(outcome, Need) and Evidence.SCALING in outcome.evidence


# --- turning back --------------------------------------------------------------------------------------------------


def rescaling(text: str = TEXT, was: ScalingView = WHOLE) -> Deployment:
    seen = {"backend": a_view(blue=a_slot(scaling=was)), "frontend": a_view("frontend")}
    deployment = on_its_way_home(in_step("bake 1m", text, running=running(text, seen)))
    for step in deployment.steps:
        if step.kind is StepKind.RESCALE:
            return deployment.with_step(step.started(NOON))
        if not step.is_over:
            deployment = deployment.with_step(replace(step, state=StepState.DONE))
    raise AssertionError("it does not rescale")


def test_the_old_slot_gets_what_it_had_and_then_the_new_one_loses_its_own() -> None:
    other = ScalingView(replace(WHOLE.scaling, bounds=Bounds(3, 20)))
    outcome = action(asked(rescaling(was=other), views()))
    assert outcome == PutScaling("backend", Slot.BLUE, other.scaling, Bounds(3, 20), FREE)
    deployment = rescaling(was=other)
    assert deployment.step is not None
    acted = deployment.with_step(replace(deployment.step, acted=("PutScaling backend",)))
    assert action(asked(acted, views(blue={"scaling": other}))) == RemoveScaling("backend", Slot.GREEN)


def test_where_the_plans_picture_lacked_it_the_live_file_says_what_it_had() -> None:
    """It must not lose what it has because nobody saw it at first."""
    seen = {"backend": a_view(blue=a_slot()), "frontend": a_view("frontend")}
    deployment = on_its_way_home(in_step("bake 1m", TEXT, running=running(TEXT, seen)))
    step = next(step for step in deployment.steps if step.kind is StepKind.RESCALE).started(NOON)
    before = [one if one.number >= step.number else one.ended(StepState.DONE, NOON, "") for one in deployment.steps]
    deployment = replace(deployment, steps=tuple(before)).with_step(step)
    live = terms(live=a_file(TEXT.replace("max: 9", "max: 5")))
    outcome = action(look(step, deployment, a_snapshot(views(blue={"scaling": HELD_OLD})), live))
    assert isinstance(outcome, PutScaling) and outcome.bounds == Bounds(2, 5)


def test_a_night_that_fell_meanwhile_is_made_up_for() -> None:
    night = scaling_of(a_file(NIGHT).services["backend"], a_file(NIGHT).schedule)
    assert night is not None
    outcome = action(asked(rescaling(NIGHT, ScalingView(replace(night, bounds=Bounds(2, 9)))), views()))
    assert isinstance(outcome, PutScaling) and outcome.bounds == Bounds(0, 0)


# --- cut off anywhere ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, NIGHT, HALVES], ids=["blue_green", "night", "halves"])
@pytest.mark.parametrize("spoil", [None, "unverified", "broken"])
@pytest.mark.parametrize("loses", ["lose_record", "lose_effect", "lose_outcome"])
def test_every_pass_may_be_cut_off_and_scaling_ends_the_same(text: str, spoil: str | None, loses: str) -> None:
    def film(cut: frozenset[int]) -> Film:
        world = ToyWorld({"backend": a_view(blue=a_slot(scaling=WHOLE)), "frontend": a_view("frontend")})
        world.unverified = spoil == "unverified"
        world.broken = frozenset({"backend"} if spoil == "broken" else ())
        made: Callable[..., Film] = Film
        return made(world, a_deployment(revision=a_revision(text=text)), **{loses: cut})

    undisturbed = film(frozenset())
    ended = undisturbed.run()
    assert ended.phase is (Phase.SUCCEEDED if spoil is None else Phase.ROLLED_BACK)
    shown = {name: view.slots for name, view in undisturbed.world.services.items()}
    live, idle = (Slot.GREEN, Slot.BLUE) if spoil is None else (Slot.BLUE, Slot.GREEN)
    assert shown["backend"][idle].scaling is None and shown["backend"][live].scaling is not None
    assert shown["backend"][live].scaling.is_free
    for cut in range(1, undisturbed.passes + 1):
        again = film(frozenset({cut}))
        again.run()
        assert {name: view.slots for name, view in again.world.services.items()} == shown, f"cut off in pass {cut}"


def test_an_idle_slot_that_still_scales_is_given_up_before_it_is_emptied_and_filled_anew() -> None:
    left = replace(warmed(), content="something else", scaling=HELD_OLD)
    seen = {"backend": a_view(green=left), "frontend": a_view("frontend", green=an_empty_slot("frontend"))}
    deployment = in_step("warm", running=running(TEXT, seen))
    assert action(asked(deployment, seen)) == RemoveScaling("backend", Slot.GREEN)
