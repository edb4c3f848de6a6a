"""Scaling: it moves with the traffic, no deployment resets a count, and nights are nights."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script, never_healthy
from sandbox.world.ecs import tasks
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.outside import PLACE
from tests.support.scaled import (
    BLUE,
    CANARY,
    FREE,
    GREEN,
    HELD,
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
    policies,
    provided,
    spotted,
    target,
    titles,
    until,
)
from tests.support.stage import Stage


@pytest.fixture
def watch(stage: Stage) -> Watch:
    return Watch(stage)


# --- it moves with the slot ----------------------------------------------------------------------------------------


def test_the_first_version_scales_as_its_file_says(stage: Stage, watch: Watch) -> None:
    live(stage)
    assert (bounds(stage, BLUE), target(stage, BLUE)["SuspendedState"]) == ((2, 10), FREE)
    assert policies(stage, BLUE)[f"{BLUE}-cpu"]["TargetValue"] == 50.0
    assert target(stage, f"{PLACE}-frontend-blue") is None, "a plain number never moves"
    load(stage, 100)
    pass_by(stage, 6)
    assert desired(stage, BLUE) == 4
    assert watch.at_rest() == []


def test_a_deployment_brings_as_many_tasks_as_run_by_then_and_scaling_moves_over_whole(
    stage: Stage, watch: Watch
) -> None:
    live(stage)
    load(stage, 100)
    pass_by(stage, 6)
    load(stage, 48)
    stage.push(TEXT, content="second")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED, stage.deployment(2).reason
    assert (desired(stage, BLUE), desired(stage, GREEN)) == (0, 4)
    assert (target(stage, BLUE), bounds(stage, GREEN), target(stage, GREEN)["SuspendedState"]) == (None, (2, 10), FREE)
    assert titles(stage, 2).index("suspend") < titles(stage, 2).index("shift 10")
    assert titles(stage, 2)[-3:] == ["settle", "scale", "retire"]
    assert watch.at_rest() == []


def test_no_slot_gets_smaller_while_the_traffic_moves_and_the_new_one_may_grow(stage: Stage, watch: Watch) -> None:
    live(stage)
    stage.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, desiredCount=6)
    pass_by(stage, 1)
    stage.push(SLOWLY, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    assert (target(stage, BLUE)["SuspendedState"], target(stage, GREEN)["SuspendedState"]) == (HELD, HELD)
    load(stage, 1, BLUE)
    load(stage, 100, GREEN)
    pass_by(stage, 18)
    assert desired(stage, GREEN) == 10
    assert desired(stage, BLUE) == 10, "nothing is taken for want of load from what may have to carry it all"
    load(stage, 48, GREEN)
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    pass_by(stage, 0.5)
    assert (desired(stage, BLUE), target(stage, BLUE)["SuspendedState"]) == (10, HELD), "as many as are live now"
    stage.settle()
    assert (desired(stage, BLUE), target(stage, BLUE)) == (0, None)
    assert watch.at_rest() == []


def test_requests_are_counted_of_the_group_that_has_the_traffic(stage: Stage, watch: Watch) -> None:
    text = TEXT.replace("cpu: 50%", "requests: 600")
    live(stage, text)
    stage.push(text, content="second")
    stage.settle()
    label = policies(stage, GREEN)[f"{GREEN}-requests"]["PredefinedMetricSpecification"]["ResourceLabel"]
    assert f"/targetgroup/{GREEN}/" in label and label.startswith(f"app/{PLACE}/")
    assert watch.at_rest() == []


def test_the_old_slot_follows_the_live_one_as_long_as_it_is_kept_warm(stage: Stage, watch: Watch) -> None:
    live(stage, LONG_WARM)
    stage.push(LONG_WARM, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    load(stage, 100, GREEN)
    pass_by(stage, 6)
    assert desired(stage, GREEN) == desired(stage, BLUE) == 4
    load(stage, 1, GREEN)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED)
    assert stage.weights()["/api/*"] == {BLUE: 100, GREEN: 0}
    assert desired(stage, BLUE) == 4
    stage.settle()
    assert (bounds(stage, BLUE), target(stage, BLUE)["SuspendedState"], target(stage, GREEN)) == ((2, 10), FREE, None)
    assert watch.at_rest() == []


# --- turning back --------------------------------------------------------------------------------------------------


def test_turning_back_gives_the_old_slot_its_scaling_again_as_it_was(stage: Stage, watch: Watch) -> None:
    live(stage)
    stage.call(
        "application-autoscaling",
        "RegisterScalableTarget",
        ServiceNamespace="ecs",
        ResourceId=f"service/{PLACE}/{BLUE}",
        ScalableDimension="ecs:service:DesiredCount",
        MaxCapacity=20,
    )
    stage.push(SLOWLY.replace("max: 10", "max: 7"), content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    load(stage, 100, BLUE)
    pass_by(stage, 6)
    grown = desired(stage, BLUE)
    assert grown > 2
    load(stage, 48, BLUE)
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED
    assert (bounds(stage, BLUE), target(stage, BLUE)["SuspendedState"]) == ((2, 20), FREE)
    assert desired(stage, BLUE) == grown, "what its load had asked for is not taken back"
    assert (desired(stage, GREEN), target(stage, GREEN)) == (0, None)
    kinds = [step.kind for step in stage.deployment(2).steps]
    assert kinds.index(StepKind.HOME) + 1 == kinds.index(StepKind.RESCALE)


def test_a_version_that_never_gets_traffic_leaves_the_old_slots_scaling_alone(stage: Stage, watch: Watch) -> None:
    live(stage)
    before = len(stage.changes())
    stage.push(TEXT, Script(health=never_healthy()), content="second")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK
    assert not {"RegisterScalableTarget", "PutScalingPolicy"} & set(stage.changes()[before:])
    assert (bounds(stage, BLUE), target(stage, BLUE)["SuspendedState"]) == ((2, 10), FREE)
    assert watch.at_rest() == []


@pytest.mark.parametrize("operation", ["RegisterScalableTarget", "PutScalingPolicy"])
def test_where_aws_denies_scaling_it_turns_back_and_blames_nobody(stage: Stage, watch: Watch, operation: str) -> None:
    live(stage, TEXT.replace(SCALED, "count: 2"))
    fault = stage.aws.faults.add(Fault("denied", operation=operation))
    stage.push(TEXT, content="second")
    stage.run(lambda: stage.phase(2) is not None and stage.deployment(2).is_final)
    stage.aws.faults.remove(fault)
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and not stage.environment.quarantines
    assert (target(stage, BLUE), target(stage, GREEN)) == (None, None)
    assert watch.at_rest() == []


def test_traffic_comes_home_while_nobody_can_ask_what_scales(stage: Stage, watch: Watch) -> None:
    live(stage)
    stage.push(TEXT, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    fault = stage.aws.faults.add(Fault("server_error", service="application-autoscaling"))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: stage.weights()["/api/*"] == {BLUE: 100, GREEN: 0}, limit=timedelta(minutes=2))
    pass_by(stage, 5)
    assert desired(stage, GREEN) == 2, "nothing is emptied that may be filled again"
    stage.aws.faults.remove(fault)
    stage.settle()
    assert (bounds(stage, BLUE), target(stage, GREEN)) == ((2, 10), None)
    assert watch.at_rest() == []


# --- in place ------------------------------------------------------------------------------------------------------


def test_other_bounds_and_aims_are_a_step_of_their_own_and_nothing_rolls(stage: Stage, watch: Watch) -> None:
    live(stage)
    other = "count: {min: 3, max: 12, cpu: 60%, memory: 80%, cooldown: {out: 30s, in: 90s}}"
    stage.push(TEXT.replace(SCALED, other), content="first")
    stage.settle()
    assert titles(stage, 2) == ["scale", "settle"]
    assert (bounds(stage, BLUE), desired(stage, BLUE), sorted(policies(stage, BLUE))) == (
        (3, 12),
        3,
        [f"{BLUE}-cpu", f"{BLUE}-memory"],
    )
    assert policies(stage, BLUE)[f"{BLUE}-cpu"]["ScaleInCooldown"] == 90
    stage.push(TEXT, content="first")
    stage.settle()
    assert sorted(policies(stage, BLUE)) == [f"{BLUE}-cpu"]
    assert watch.at_rest() == []


def test_a_count_within_the_bounds_is_nothing_to_do(stage: Stage, watch: Watch) -> None:
    live(stage)
    load(stage, 100)
    pass_by(stage, 6)
    load(stage, 48)
    stage.push(TEXT.replace("hold: person", "hold: next_commit"), content="first")
    stage.settle()
    assert (stage.phase(2), titles(stage, 2), desired(stage, BLUE)) == (Phase.SUCCEEDED, [], 4)
    assert watch.at_rest() == []


def test_scaling_that_left_the_file_is_removed_before_the_count_is_set(stage: Stage, watch: Watch) -> None:
    live(stage)
    load(stage, 100)
    pass_by(stage, 6)
    before = len(stage.changes())
    stage.push(TEXT.replace(SCALED, "count: 3"), content="first")
    stage.settle()
    assert titles(stage, 2) == ["scale", "adjust", "settle"]
    assert stage.changes()[before:] == ["DeregisterScalableTarget", "UpdateService"]
    assert (desired(stage, BLUE), target(stage, BLUE)) == (3, None)
    stage.clock.advance(1800)
    assert desired(stage, BLUE) == 3
    assert watch.at_rest() == []


def test_somebody_elses_scaling_is_not_touched(stage: Stage, watch: Watch) -> None:
    live(stage, TEXT.replace(SCALED, "count: 2"))
    stage.call(
        "application-autoscaling",
        "RegisterScalableTarget",
        ServiceNamespace="ecs",
        ResourceId=f"service/{PLACE}/{BLUE}",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=3,
    )
    stage.push(TEXT, content="first")
    stage.run(lambda: stage.phase(2) is not None and stage.deployment(2).phase is not Phase.WAITING)
    pass_by(stage, 5)
    assert bounds(stage, BLUE) == (1, 3) and policies(stage, BLUE) == {}
    assert any("does not touch what it did not make" in done.reason.text for done in stage.passes)


def test_a_service_that_is_removed_leaves_no_scaling_behind(stage: Stage, watch: Watch) -> None:
    scaled = TEXT[: TEXT.index("  backend:")] + TEXT[TEXT.index("  frontend:") :]
    live(stage)
    stage.push(scaled, content="second")
    stage.settle()
    assert bounds(stage, BLUE) == (2, 10), "an orphan stays as it is"
    stage.order(OrderKind.PRUNE, service="backend")
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED
    assert target(stage, BLUE) is None
    assert watch.at_rest() == []


# --- night and morning ---------------------------------------------------------------------------------------------


def test_it_sleeps_by_night_and_wakes_in_the_morning_and_nothing_is_wrong_meanwhile(stage: Stage, watch: Watch) -> None:
    """The clock begins on a Saturday at noon UTC, so the first morning is Monday's."""
    live(stage, NIGHTS)
    assert (desired(stage, BLUE), bounds(stage, BLUE)) == (0, (0, 0))
    before = len(stage.changes())
    until(stage, datetime(2026, 11, 23, 5, 30, tzinfo=UTC))
    assert desired(stage, BLUE) == 0
    assert stage.environment.trouble is None and stage.explained().code == "environment.at_rest"
    until(stage, datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
    assert desired(stage, BLUE) == 2
    assert stage.changes()[before:] == [], "AWS does it by itself"
    assert watch.at_rest() == []


def test_a_merge_by_night_is_deployed_and_then_sleeps(stage: Stage, watch: Watch) -> None:
    until_monday = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    stage.clock.advance_to(until_monday)
    live(stage, NIGHTS)
    assert desired(stage, BLUE) == 2
    until(stage, datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    assert desired(stage, BLUE) == 0
    stage.push(NIGHTS, content="second")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED, stage.deployment(2).reason
    assert stage.weights()["/api/*"] == {BLUE: 0, GREEN: 100}
    assert (desired(stage, BLUE), desired(stage, GREEN), bounds(stage, GREEN)) == (0, 0, (0, 0))
    until(stage, datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    assert (desired(stage, BLUE), desired(stage, GREEN)) == (0, 2)
    assert watch.at_rest() == []


def test_a_merge_by_night_that_fails_wakes_nobody(stage: Stage, watch: Watch) -> None:
    stage.clock.advance_to(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    live(stage, NIGHTS)
    until(stage, datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    stage.push(NIGHTS, Script(health=never_healthy()), content="second")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK
    assert (desired(stage, BLUE), desired(stage, GREEN), bounds(stage, BLUE)) == (0, 0, (0, 0))
    until(stage, datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    assert desired(stage, BLUE) == 2
    assert watch.at_rest() == []


def test_a_night_that_falls_while_the_traffic_moves_comes_when_it_is_over(stage: Stage, watch: Watch) -> None:
    text = NIGHTS.replace("strategy: {type: rolling}", CANARY.replace("30s", "6m"))
    stage.clock.advance_to(datetime(2026, 11, 23, 18, 55, tzinfo=UTC))
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    pass_by(stage, (datetime(2026, 11, 23, 19, 1, tzinfo=UTC) - stage.time.now()) / timedelta(minutes=1))
    assert in_step(stage, 2, StepKind.BAKE) and desired(stage, BLUE) == desired(stage, GREEN) == 2
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED
    assert (desired(stage, BLUE), desired(stage, GREEN)) == (0, 0)
    assert watch.at_rest() == []


def test_a_night_that_was_missed_while_it_turned_back_comes_afterwards(stage: Stage, watch: Watch) -> None:
    text = NIGHTS.replace("strategy: {type: rolling}", CANARY.replace("30s", "6m"))
    stage.clock.advance_to(datetime(2026, 11, 23, 18, 55, tzinfo=UTC))
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    pass_by(stage, (datetime(2026, 11, 23, 19, 1, tzinfo=UTC) - stage.time.now()) / timedelta(minutes=1))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED
    assert (desired(stage, BLUE), bounds(stage, BLUE), desired(stage, GREEN)) == (0, (0, 0), 0)
    assert watch.at_rest() == []


def test_a_worker_that_sleeps_is_still_known_to_be_live(stage: Stage, watch: Watch) -> None:
    blue, green = f"{PLACE}-worker-blue", f"{PLACE}-worker-green"
    stage.clock.advance_to(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    live(stage, SLEEPER)
    until(stage, datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    assert desired(stage, blue) == 0
    stage.push(SLEEPER, content="first")
    stage.settle()
    stage.push(SLEEPER, content="second")
    stage.settle()
    assert (stage.phase(2), stage.phase(3)) == (Phase.SUCCEEDED, Phase.SUCCEEDED), stage.deployment(3).reason
    assert titles(stage, 2) == []
    until(stage, datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    assert (desired(stage, blue), desired(stage, green)) == (0, 2)
    assert watch.at_rest() == []


# --- Spot ----------------------------------------------------------------------------------------------------------


def test_other_capacity_arrives_with_a_roll_and_goes_with_one(stage: Stage, watch: Watch) -> None:
    live(stage, FILE)
    stage.push(spotted(FILE, "{spot: 50%, base: 1}"), content="first")
    stage.settle()
    assert "shift 100" in titles(stage, 2)
    assert provided(stage, GREEN) == ["FARGATE", "FARGATE"], "one task above the base may be of either"
    stage.push(spotted(FILE, "{spot: 100%}"), content="first")
    stage.settle()
    assert provided(stage, BLUE) == ["FARGATE_SPOT", "FARGATE_SPOT"]
    stage.push(spotted(FILE, "{spot: 100%}").replace("hold: next_commit", "hold: person"), content="first")
    stage.settle()
    assert titles(stage, 4) == []
    stage.push(FILE, content="first")
    stage.settle()
    assert provided(stage, GREEN) == ["FARGATE", "FARGATE"]
    assert watch.at_rest() == []


@pytest.mark.parametrize("step", [StepKind.WARM, StepKind.BAKE])
def test_spot_that_is_taken_back_is_no_failure_of_the_version(stage: Stage, watch: Watch, step: StepKind) -> None:
    text = spotted(FILE.replace("{type: rolling}", "{type: blue_green, bake: 2m}"), "{spot: 100%}")
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, step))
    pass_by(stage, 0.5)
    assert tasks.interrupt_spot(stage.aws.place(), PLACE) > 0
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED, stage.deployment(2).reason
    assert not stage.environment.quarantines and stage.environment.hold is None
