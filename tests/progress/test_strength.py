"""Tasks enough for every share before it rises, and of the old slot for the way home."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.domain.actions import AddTasks, SetCount, SetWeights
from controller.domain.deployment import Deployment, Kind
from controller.domain.reason import Reason
from controller.domain.scaling import HELD, ScalingView, scaling_of
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, ServiceView
from controller.progress import evidence, strength
from controller.progress.outcomes import Ask, Done, Fail, Outcome, Wait
from tests.progress.steps import asked, in_step, on_its_way_home, warmed
from tests.support.builders import (
    FILE,
    NOON,
    a_file,
    a_rule,
    a_running_deployment,
    a_slot,
    a_snapshot,
    a_view,
    terms,
)

SCALED = FILE.replace("count: 2", "count: {min: 2, max: 9, cpu: 70%}", 1).replace(
    "{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 5m}, {weight: 100}]}"
)
HALVES = FILE.replace("count: 2", "count: {min: 2, max: 9, cpu: 70%}", 1).replace(
    "{type: rolling}", "{type: rolling, max: 150}"
)
NIGHTS = FILE.replace(
    "services:\n", 'schedule: [{at: "20:00", count: 0}, {at: "07:00", count: 2}]\nservices:\n', 1
).replace("{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 5m}, {weight: 100}]}")
MIDNIGHT, MORNING = NOON.replace(hour=0), NOON.replace(hour=8)
WAITS = Wait(Reason("bake.running", "4m left to bake"))


def scales(text: str) -> ScalingView:
    file = a_file(text)
    found = scaling_of(file.services["backend"], file.schedule)
    assert found is not None
    return ScalingView(found, HELD)


def views(text: str, green: int, old: int = 2, **new: Any) -> dict[str, ServiceView]:
    """So much of backend's traffic on green, so many tasks in blue, and green as `new` says."""
    blue = a_slot(count=old, scaling=scales(text))
    view = a_view(blue=blue, green=warmed(**new), rule=a_rule(100 - green, green))
    return {"backend": view, "frontend": a_view("frontend", green=warmed("frontend"))}


def running(title: str, text: str = SCALED, **of_step: Any) -> Deployment:
    started = {"backend": a_view(blue=a_slot(scaling=scales(text))), "frontend": a_view("frontend")}
    return in_step(title, text, a_running_deployment(text, a_snapshot(started)), **of_step)


def grown(tasks: int, healthy: int | None = None) -> Mapping[str, Any]:
    count = tasks if healthy is None else healthy
    return {"desired": tasks, "healthy": count}


# --- before a raise ------------------------------------------------------------------------------------------------


def test_the_last_share_rises_once_the_new_slot_has_as_many_healthy_tasks_as_the_old_one() -> None:
    last = running("shift 100")
    small = asked(last, views(SCALED, 10, old=6))
    assert isinstance(small, Ask) and small.action == AddTasks("backend", Slot.GREEN, 6)
    starting = asked(last, views(SCALED, 10, old=6, **grown(6, healthy=5)))
    assert isinstance(starting, Wait) and "5 of the 6 tasks" in starting.reason.text
    ready = asked(last, views(SCALED, 10, old=6, **grown(6)))
    assert isinstance(ready, Ask) and isinstance(ready.action, SetWeights)


def test_a_part_of_the_traffic_takes_its_part_of_the_tasks() -> None:
    first = asked(running("shift 10"), views(SCALED, 0, old=9))
    assert isinstance(first, Ask) and isinstance(first.action, SetWeights), "two carry a tenth of what nine do"


def test_never_more_than_the_file_allows() -> None:
    outcome = asked(running("shift 100"), views(SCALED, 10, old=40))
    assert isinstance(outcome, Ask) and outcome.action == AddTasks("backend", Slot.GREEN, 9)


def test_an_old_slot_that_was_shrunk_shows_how_many_all_of_the_traffic_takes() -> None:
    started = {"backend": a_view(blue=a_slot(count=4, scaling=scales(HALVES))), "frontend": a_view("frontend")}
    deployment = in_step("shift 100", HALVES, a_running_deployment(HALVES, a_snapshot(started)))
    as_planned = asked(deployment, views(HALVES, 50, old=2, **grown(4)))
    assert isinstance(as_planned, Ask) and isinstance(as_planned.action, SetWeights)
    more = asked(deployment, views(HALVES, 50, old=4, **grown(4)))
    assert isinstance(more, Ask) and more.action == AddTasks("backend", Slot.GREEN, 8)


def test_halves_keep_as_many_old_tasks_as_their_share_takes() -> None:
    started = {"backend": a_view(blue=a_slot(count=4, scaling=scales(HALVES))), "frontend": a_view("frontend")}
    deployment = in_step("shrink 50", HALVES, a_running_deployment(HALVES, a_snapshot(started)))
    for now, left in ((4, 2), (10, 5)):
        outcome = asked(deployment, views(HALVES, 50, old=now, **grown(-(-now // 2))))
        assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, left, share=50)


def test_tasks_that_the_new_slot_got_are_not_taken_for_those_that_the_old_one_gave() -> None:
    deployment = running("shrink 50", HALVES, acted=("AddTasks backend", "AddTasks backend green"))
    outcome = asked(deployment, views(HALVES, 50, old=10, **grown(5)))
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 5, share=50)


def test_shrinking_wakes_nobody() -> None:
    seen = views(HALVES, 50, old=0, **grown(1, 1))
    frontend = a_view("frontend", green=warmed("frontend"), rule=a_rule(50, 50, "frontend"))
    outcome = asked(running("shrink 50", HALVES), {**seen, "frontend": frontend})
    assert isinstance(outcome, Ask) and outcome.action.service == "frontend", "backend sleeps on"


def test_the_way_back_to_what_is_warm_waits_for_more_tasks_and_not_for_ever() -> None:
    back = replace(running("shift 100"), kind=Kind.ROLLBACK)
    small = asked(back, views(SCALED, 10, old=6))
    assert isinstance(small, Ask) and small.action == AddTasks("backend", Slot.GREEN, 6)
    assert isinstance(asked(back, views(SCALED, 10, old=6, **grown(6, healthy=2))), Wait)
    late = replace(running("shift 100", observed=strength.REINFORCEMENT), kind=Kind.ROLLBACK)
    gone = asked(late, views(SCALED, 10, old=6, **grown(6, healthy=2)))
    assert isinstance(gone, Ask) and isinstance(gone.action, SetWeights)


# --- while scaling is held -----------------------------------------------------------------------------------------


def due(
    deployment: Deployment, seen: dict[str, ServiceView], outcome: Outcome = WAITS, hours: float = 0
) -> AddTasks | None:
    snapshot = a_snapshot(seen)
    moment = snapshot.taken_at + timedelta(hours=hours)
    assert deployment.step is not None
    ask = strength.due(deployment.step, deployment, replace(snapshot, taken_at=moment), outcome)
    assert ask is None or isinstance(ask.action, AddTasks)
    return ask.action if ask else None


def test_the_old_slot_grows_beside_the_new_one() -> None:
    baking = running("bake 5m")
    assert due(baking, views(SCALED, 10)) is None
    shift = next(step for step in baking.steps if step.title == "shift 10")
    raised = baking.with_step(replace(shift, acted=("SetWeights",)))
    assert due(raised, views(SCALED, 10, old=2, **grown(5))) == AddTasks("backend", Slot.BLUE, 5)
    assert due(raised, views(SCALED, 10, old=6, **grown(5))) is None


@pytest.mark.parametrize(("hours", "wakes"), [(-12, False), (-4, True)], ids=["midnight", "morning"])
def test_the_morning_comes_for_slots_that_nothing_else_wakes(hours: float, wakes: bool) -> None:
    """It is noon in the picture."""
    baking = running("bake 5m", NIGHTS)
    old = due(baking, views(NIGHTS, 10, old=0, **grown(1, 1)), hours=hours)
    new = due(baking, views(NIGHTS, 100, old=2, **grown(1, 1)), hours=hours)
    expected = (AddTasks("backend", Slot.BLUE, 2), AddTasks("backend", Slot.GREEN, 2))
    assert (old, new) == (expected if wakes else (None, None))


def test_who_takes_tasks_away_again_keeps_no_step_from_ending() -> None:
    asked_once = running("bake 5m", NIGHTS, acted=("AddTasks backend", "AddTasks backend blue"))
    seen = views(NIGHTS, 10, old=0, **grown(1, 1))
    assert due(running("bake 5m", NIGHTS), seen, Done("baked")) is not None
    assert due(asked_once, seen) is not None and due(asked_once, seen, Done("baked")) is None


def test_it_comes_also_while_a_person_is_waited_for() -> None:
    """Failing at every look, because the file has nothing turn back by itself."""
    text = NIGHTS.replace("rollback: {", "rollback: {automatic: false, ")
    baking = running("bake 5m", text)
    seen = views(text, 10, old=0, **grown(1, healthy=0))
    stumbled = decide(baking, a_snapshot(seen), NOON, terms())
    assert stumbled.reason.code == "targets.unhealthy"
    assert stumbled.action == AddTasks("backend", Slot.BLUE, 2) and "nothing else makes larger" in stumbled.beside


def test_tasks_that_do_not_start_are_not_held_against_the_version() -> None:
    late = running("shift 100", observed=strength.GROWTH)
    outcome = asked(late, views(SCALED, 10, old=6, **grown(6, healthy=4)))
    assert isinstance(outcome, Fail) and not outcome.quarantines and outcome.reason.code == "tasks.no_capacity"


def test_nothing_is_added_where_nothing_is_held() -> None:
    asleep = views(NIGHTS, 10, old=0, **grown(1, 1))
    warming = running("warm", NIGHTS)
    home = on_its_way_home(running("bake 5m", NIGHTS))
    assert due(warming, asleep) is None and due(home, asleep) is None
    verifying = running("verify", NIGHTS)
    assert verifying.step is not None and Evidence.SERVICES in evidence(verifying.step, verifying)
