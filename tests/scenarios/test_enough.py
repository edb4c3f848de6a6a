"""Tasks enough: for each share before it rises, for who takes requests over, in the morning, and for the way home."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script, never_healthy
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.outside import PLACE
from tests.support.scaled import (
    BLUE,
    CANARY,
    FREE,
    GREEN,
    LONG_WARM,
    NIGHTS,
    SCALED,
    SLEEPER,
    SLOWLY,
    TEXT,
    bounds,
    desired,
    in_step,
    live,
    load,
    pass_by,
    provided,
    put,
    spotted,
    target,
    titles,
    until,
)
from tests.support.stage import Stage

HALVES = FILE.replace("{type: rolling}", "{type: rolling, max: 150}").replace("count: 2", SCALED, 1)
SOON_NIGHTS = NIGHTS.replace("strategy: {type: rolling}", CANARY.replace("30s", "50m"))
RENAMED = "  api:\n"
API = f"{PLACE}-api-blue"
MONDAY, NIGHT, BEFORE_DAWN = (
    datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    datetime(2026, 11, 23, 22, 0, tzinfo=UTC),
    datetime(2026, 11, 24, 5, 40, tzinfo=UTC),
)
MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


@pytest.fixture
def watch(stage: Stage) -> Watch:
    return Watch(stage)


def by_night(stage: Stage, text: str = NIGHTS, moment: datetime = NIGHT) -> None:
    """Live since noon, and asleep."""
    stage.clock.advance_to(MONDAY)
    live(stage, text)
    until(stage, moment)
    assert desired(stage, BLUE) == 0


# --- by load -------------------------------------------------------------------------------------------------------


def test_what_the_old_slot_gains_in_a_bake_the_new_one_has_before_the_last_share(stage: Stage, watch: Watch) -> None:
    live(stage)
    stage.push(SLOWLY, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    load(stage, 100, BLUE)
    load(stage, 48, GREEN)
    stage.run(lambda: stage.weights()["/api/*"] == {BLUE: 0, GREEN: 100})
    assert desired(stage, GREEN) >= desired(stage, BLUE) > 2
    assert watch.broken == []


def test_halves_never_have_fewer_tasks_than_there_were(stage: Stage, watch: Watch) -> None:
    live(stage, HALVES)
    put(stage, BLUE, 4)
    pass_by(stage, 1)
    stage.push(HALVES, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.WARM))
    put(stage, BLUE, 10)
    seen = set()

    def is_over() -> bool:
        shown = stage.look("ecs", "DescribeServices", cluster=PLACE, services=[BLUE, GREEN])["services"]
        seen.add(sum(each["desiredCount"] for each in shown))
        return stage.deployment(2).phase is not Phase.RUNNING

    stage.run(is_over)
    assert stage.phase(2) is Phase.SUCCEEDED and 10 <= min(seen) < max(seen) <= 16
    stage.settle()
    assert watch.at_rest() == []


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by load"])
def test_a_rollback_brings_as_many_tasks_as_are_live(stage: Stage, watch: Watch, by_hand: bool) -> None:
    """It is ordered before the next look has made the warm slot larger."""
    live(stage, LONG_WARM)
    stage.push(LONG_WARM, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    pass_by(stage, 1)
    if by_hand:
        put(stage, GREEN, 10)
    else:
        load(stage, 100, GREEN)
        while desired(stage, GREEN) == 2:
            stage.clock.advance(1)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.weights()["/api/*"] == {BLUE: 100, GREEN: 0})
    assert desired(stage, BLUE) == desired(stage, GREEN) > 2
    stage.settle()
    assert watch.at_rest() == []


def test_a_rollback_does_not_wait_for_ever_for_more_tasks(stage: Stage, watch: Watch) -> None:
    live(stage, LONG_WARM)
    stage.push(LONG_WARM, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    put(stage, GREEN, 10)
    for launch in stage.outside.runtime.launches:
        stage.outside.runtime.script(launch.containers[0].digest, Script(start_seconds=1800))
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.weights()["/api/*"] == {BLUE: 100, GREEN: 0}, limit=timedelta(minutes=4))
    assert desired(stage, BLUE) == 10


@pytest.mark.parametrize("again", [False, True], ids=["first", "renamed back"])
def test_a_renamed_service_takes_requests_over_with_as_many_tasks_as_had_them(
    stage: Stage, watch: Watch, again: bool
) -> None:
    live(stage)
    renamed = TEXT.replace("  backend:\n", RENAMED)
    if again:
        stage.push(renamed, content="first")
        stage.settle()
    old, new, text = (API, BLUE, TEXT) if again else (BLUE, API, renamed)
    put(stage, old, 10)
    pass_by(stage, 1)
    stage.push(text, content="first" if again else "second")
    stage.settle()
    number = 3 if again else 2
    assert stage.phase(number) is Phase.SUCCEEDED, stage.deployment(number).reason
    assert desired(stage, new) == 10
    assert watch.broken == []


def test_a_warm_slot_is_taken_as_it_is_only_where_it_is_set_as_the_file_says(stage: Stage, watch: Watch) -> None:
    text = FILE.replace("{type: rolling}", "{type: blue_green}").replace(
        "{hold: next_commit}", "{hold: person, keep_warm: 60m}"
    )
    spot = spotted(text, "{spot: 100%}").replace("grace: 30s", "grace: 77s")
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    stage.push(spot, content="first")
    stage.run(lambda: in_step(stage, 3, StepKind.RETIRE))
    assert set(provided(stage, BLUE)) == {"FARGATE_SPOT"}, "blue ran this content, on demand"
    found = stage.look("ecs", "DescribeServices", cluster=PLACE, services=[BLUE])["services"][0]
    assert found["healthCheckGracePeriodSeconds"] == 77
    stage.push(spot, content="third")
    stage.run(lambda: in_step(stage, 4, StepKind.RETIRE))
    stage.order(OrderKind.ROLLBACK, to="dev-1")
    stage.run(lambda: stage.phase(5) is Phase.SUCCEEDED)
    assert stage.weights()["/api/*"] == {BLUE: 100, GREEN: 0} and set(provided(stage, BLUE)) == {"FARGATE"}
    stage.settle()
    assert watch.at_rest() == []


# --- whose the scaling is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aims", [True, False], ids=["aims", "a schedule alone"])
def test_what_waited_begins_once_scaling_is_handed_over_and_leaves_it_so(
    stage: Stage, watch: Watch, aims: bool
) -> None:
    text = TEXT if aims else NIGHTS.replace("strategy: {type: rolling}", CANARY)
    stage.clock.advance_to(MONDAY)
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.push(text, Script(health=never_healthy()), content="third")
    stage.settle()
    assert (stage.phase(2), stage.phase(3)) == (Phase.SUCCEEDED, Phase.ROLLED_BACK)
    found = target(stage, GREEN)
    assert found is not None and found["SuspendedState"] == FREE
    assert watch.at_rest() == []
    if not aims:
        until(stage, NIGHT)
        assert desired(stage, GREEN) == 0


def test_scaling_that_could_not_be_handed_over_keeps_nobody_waiting_and_is_put_right(
    stage: Stage, watch: Watch
) -> None:
    live(stage)
    stage.push(TEXT, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.SETTLE) or stage.phase(2) is Phase.SUCCEEDED)
    fault = stage.aws.faults.add(Fault("denied", operation="RegisterScalableTarget"))
    stage.push(TEXT, Script(health=never_healthy()), content="third")
    stage.run(lambda: in_step(stage, 3, StepKind.RESCALE))
    assert target(stage, GREEN)["SuspendedState"] != FREE
    stage.aws.faults.remove(fault)
    stage.settle()
    assert stage.phase(3) is Phase.ROLLED_BACK
    assert (bounds(stage, GREEN), target(stage, GREEN)["SuspendedState"]) == ((2, 10), FREE)
    assert watch.at_rest() == []


def test_a_long_deployment_of_another_service_keeps_nobody_from_scaling(stage: Stage, watch: Watch) -> None:
    backend = ("    port: 8000\n", "    port: 8000\n    env: {A: b}\n")
    both = SLOWLY.replace(*backend).replace("    port: 8080\n", "    port: 8080\n    env: {A: b}\n")
    live(stage)
    stage.push(TEXT.replace(*backend), content="first")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.push(both, content="first")
    stage.run(lambda: in_step(stage, 3, StepKind.BAKE))
    assert target(stage, GREEN)["SuspendedState"] == FREE


@pytest.mark.parametrize("corrects", [True, False], ids=["a correction", "the next commit"])
def test_a_service_that_scales_and_was_set_to_nothing_gets_its_least(stage: Stage, corrects: bool) -> None:
    """Without tasks there is nothing to measure: AWS itself leaves it so."""
    live(stage, TEXT.replace("strategy:", "drift: correct\nstrategy:", 1) if corrects else TEXT)
    put(stage, BLUE, 0)
    pass_by(stage, 5)
    if not corrects:
        assert "desired count 0 instead of 2 to 10" in stage.environment.drift.found[0].difference.told
        stage.push(TEXT.replace("{weight: 10, bake: 30s}", "{weight: 20, bake: 30s}"), content="first")
        stage.settle()
        assert titles(stage, 2) == ["adjust", "settle"]
    assert desired(stage, BLUE) == 2


# --- by the clock --------------------------------------------------------------------------------------------------


def test_the_morning_comes_while_a_night_merge_still_moves(stage: Stage, watch: Watch) -> None:
    by_night(stage, SOON_NIGHTS, BEFORE_DAWN)
    stage.push(SOON_NIGHTS, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.order(OrderKind.PAUSE, "dev-2")
    stage.run(lambda: stage.time.now() >= datetime(2026, 11, 24, 6, 5, tzinfo=UTC))
    assert stage.weights()["/api/*"] == {BLUE: 90, GREEN: 10}
    assert desired(stage, BLUE) == 2, "nine tenths of the traffic would meet an empty slot"
    stage.order(OrderKind.RESUME, "dev-2")
    stage.run(lambda: stage.weights()["/api/*"] == {BLUE: 0, GREEN: 100})
    assert desired(stage, GREEN) == 2
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and watch.at_rest() == []


def test_the_morning_comes_while_it_waits_for_a_right(stage: Stage, watch: Watch) -> None:
    by_night(stage, moment=BEFORE_DAWN)
    fault = stage.aws.faults.add(Fault("denied", operation="PutMetricAlarm"))
    stage.push(NIGHTS + "alarms: {errors: {max: 1%}}\n", content="second")
    stage.run(lambda: stage.time.now() >= MORNING, limit=timedelta(hours=5))
    assert in_step(stage, 2, StepKind.ALARMS) and desired(stage, GREEN) == 2
    stage.aws.faults.remove(fault)
    stage.settle()
    assert watch.at_rest() == []


def test_a_night_that_comes_while_halves_turn_back_stays_a_night(stage: Stage, watch: Watch) -> None:
    text = NIGHTS.replace("{type: rolling}", "{type: rolling, max: 150}")
    stage.clock.advance_to(datetime(2026, 11, 23, 18, 55, tzinfo=UTC))
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.SHRINK))
    stage.run(lambda: not in_step(stage, 2, StepKind.SHRINK))
    stage.order(OrderKind.PAUSE, "dev-2")
    stage.run(lambda: stage.time.now() >= datetime(2026, 11, 23, 19, 2, tzinfo=UTC))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert (desired(stage, BLUE), desired(stage, GREEN), bounds(stage, BLUE)) == (0, 0, (0, 0))
    assert watch.at_rest() == []


def test_halves_by_night_wake_no_old_task(stage: Stage, watch: Watch) -> None:
    text = NIGHTS.replace("{type: rolling}", "{type: rolling, max: 150}")
    by_night(stage, text)
    stage.push(text, content="second")
    seen = set()

    def is_over() -> bool:
        seen.add(desired(stage, BLUE))
        return stage.deployment(2).step is None

    stage.run(lambda: stage.phase(2) is not None and is_over())
    assert (stage.phase(2), seen) == (Phase.SUCCEEDED, {0})
    assert watch.at_rest() == []


def test_a_merge_by_night_of_one_service_is_not_judged_by_those_that_sleep(stage: Stage, watch: Watch) -> None:
    """The other one answers 503 to `verify`."""
    by_night(stage)
    stage.push(NIGHTS.replace("    port: 8000\n", "    port: 8000\n    env: {A: b}\n"), content="first")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED, stage.deployment(2).reason
    told = next(step.detail for step in stage.deployment(2).steps if step.kind is StepKind.VERIFY)
    assert told.startswith("not judged, for frontend is asleep: ")
    assert watch.at_rest() == []


def test_a_service_that_is_renamed_back_by_night_sleeps_on(stage: Stage, watch: Watch) -> None:
    stage.clock.advance_to(MONDAY)
    live(stage, NIGHTS)
    stage.push(NIGHTS.replace("  backend:\n", RENAMED), content="first")
    stage.settle()
    until(stage, NIGHT)
    stage.push(NIGHTS, content="first")
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED, stage.deployment(3).reason
    assert watch.broken == []


def test_a_correction_by_night_of_one_service_is_done_once(stage: Stage, watch: Watch) -> None:
    text = NIGHTS.replace("strategy:", "drift: correct\nstrategy:")
    by_night(stage, text)
    stage.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, healthCheckGracePeriodSeconds=99)
    pass_by(stage, 30)
    assert stage.phase(2) is Phase.SUCCEEDED and stage.phase(3) is None
    assert stage.environment.drift.fought is None and stage.environment.drift.found == ()
    assert watch.at_rest() == []


def test_a_sleeping_worker_whose_schedule_left_the_file_is_woken(stage: Stage) -> None:
    awake = SLEEPER[: SLEEPER.index("schedule:")] + SLEEPER[SLEEPER.index("services:") :]
    by_night(stage, SLEEPER)
    stage.push(awake, content="first")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED, stage.deployment(2).reason
    assert desired(stage, f"{PLACE}-worker-blue") == 2


def test_a_look_that_misses_what_a_sleeping_worker_is_known_by_draws_no_plan(stage: Stage, watch: Watch) -> None:
    by_night(stage, SLEEPER)
    stage.aws.faults.add(Fault("missing", operation="DescribeScalableTargets", times=1))
    stage.push(SLEEPER, Script(health=never_healthy()), content="second")
    stage.settle()
    until(stage, MORNING)
    pass_by(stage, 30)
    assert stage.phase(2) is Phase.ROLLED_BACK
    assert desired(stage, f"{PLACE}-worker-blue") == 2
    assert watch.at_rest() == []
