"""Tasks enough where looks miss something, AWS refuses, tasks are slow, and other hands meddle."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault, FaultKind
from tests.scenarios.test_homecoming import STARTS_LONG, crash
from tests.support.builders import FILE
from tests.support.outside import PLACE
from tests.support.scaled import (
    BLUE,
    CANARY,
    GREEN,
    LONG_WARM,
    NIGHTS,
    SCALED,
    SLOWLY,
    TEXT,
    desired,
    in_step,
    live,
    load,
    pass_by,
    put,
    until,
)
from tests.support.stage import Stage

MONDAY, BEFORE_DAWN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC), datetime(2026, 11, 24, 5, 40, tzinfo=UTC)
HALVES = FILE.replace("{type: rolling}", "{type: rolling, max: 150}").replace("count: 2", SCALED, 1)
WHOLE_BAKE = SLOWLY.replace("bake: 18m}, {weight: 100}", "bake: 10s}, {weight: 100, bake: 18m}")
FIXED_WARM = LONG_WARM.replace(SCALED, "count: 2")
HOME = {BLUE: 100, GREEN: 0}


def slow(stage: Stage, seconds: float = 90) -> None:
    """Whatever starts from now on."""
    for launch in stage.outside.runtime.launches:
        stage.outside.runtime.script(launch.containers[0].digest, Script(start_seconds=seconds))


def is_home(stage: Stage) -> bool:
    return bool(stage.weights()["/api/*"] == HOME)


def kept_warm(stage: Stage, text: str = LONG_WARM) -> None:
    live(stage, text)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.RETIRE))
    pass_by(stage, 1)


# --- looks that miss something -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "share"), [(SLOWLY, 10), (WHOLE_BAKE, 100)])
def test_a_look_that_misses_the_tasks_takes_none_away(stage: Stage, text: str, share: int) -> None:
    live(stage, text)
    put(stage, BLUE, 8)
    pass_by(stage, 1)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE) and stage.weights()["/api/*"][GREEN] == share)
    pass_by(stage, 1)
    before = desired(stage, BLUE), desired(stage, GREEN)
    stage.aws.faults.add(Fault("missing", operation="DescribeServices", times=1))
    pass_by(stage, 10)
    assert (desired(stage, BLUE), desired(stage, GREEN)) == before == (8, 8)


def test_what_scaling_gave_on_the_way_home_is_kept_whatever_a_look_shows(stage: Stage) -> None:
    live(stage, HALVES)
    stage.push(HALVES, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.SHRINK))
    stage.run(lambda: in_step(stage, 2, StepKind.WARM))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: in_step(stage, 2, StepKind.RESCALE))
    put(stage, BLUE, 9)
    stage.run(lambda: in_step(stage, 2, StepKind.EVIDENCE) or in_step(stage, 2, StepKind.REGROW))
    for nth in (1, 2, 3):
        stage.aws.faults.add(Fault("missing", operation="DescribeServices", nth=nth, times=1))
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and desired(stage, BLUE) == 9


# --- rollbacks that don't wait -------------------------------------------------------------------------------------


def test_a_rollback_goes_on_with_one_healthy_task(stage: Stage) -> None:
    kept_warm(stage, FIXED_WARM)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.phase(3) is Phase.RUNNING)
    crash(stage, 1, "backend", keep=1, then=STARTS_LONG)
    stage.run(lambda: is_home(stage), limit=timedelta(minutes=3))


def test_a_rollback_from_a_version_without_a_healthy_task_waits_for_none(stage: Stage) -> None:
    kept_warm(stage)
    put(stage, GREEN, 10)
    stage.clock.advance(5)
    slow(stage)
    crash(stage, 2, "backend", keep=0, then=STARTS_LONG)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: is_home(stage), limit=timedelta(seconds=30))
    assert desired(stage, BLUE) == 10


def test_a_warm_slot_that_somebody_has_tuned_is_still_warm(stage: Stage) -> None:
    kept_warm(stage, FIXED_WARM)
    stage.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, healthCheckGracePeriodSeconds=99)
    slow(stage)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: is_home(stage), limit=timedelta(seconds=30))


@pytest.mark.parametrize("kind", ["server_error", "throttle"])
def test_a_rollback_waits_for_no_hand_over(stage: Stage, kind: FaultKind) -> None:
    live(stage, LONG_WARM)
    stage.push(LONG_WARM, content="second")
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.aws.faults.add(Fault(kind, operation="RegisterScalableTarget"))
    pass_by(stage, 3)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: is_home(stage), limit=timedelta(minutes=1))


def test_who_is_next_says_what_it_waits_for_and_does_not_for_long(stage: Stage) -> None:
    live(stage)
    stage.push(TEXT, content="second")
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.aws.faults.add(Fault("server_error", operation="RegisterScalableTarget"))
    stage.push(TEXT, content="third")
    pass_by(stage, 2)
    assert "dev-2 has succeeded, and is not done with its slots" in stage.deployment(3).reason.text
    stage.run(lambda: stage.phase(3) is Phase.RUNNING, limit=timedelta(minutes=10))


# --- slow tasks, and hands -----------------------------------------------------------------------------------------


def test_tasks_that_do_not_start_before_the_last_share_quarantine_nothing(stage: Stage) -> None:
    live(stage)
    stage.push(SLOWLY, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    slow(stage, 1800)
    put(stage, BLUE, 8)
    stage.run(lambda: stage.deployment(2).phase is not Phase.RUNNING)
    assert stage.deployment(2).reason.code == "tasks.no_capacity" and not stage.environment.quarantines


@pytest.mark.parametrize("seconds", [30.0, 60.0])
def test_who_takes_requests_over_keeps_its_tasks_until_then(stage: Stage, seconds: float) -> None:
    """It has nothing to do yet, so its own scaling takes them away."""
    live(stage)
    stage.push(TEXT.replace("  backend:\n", "  api:\n"), content="first")
    stage.settle()
    api = f"{PLACE}-api-blue"
    stage.runtime.load(48, group=f"service:{api}")
    load(stage, 1)
    pass_by(stage, 30)
    put(stage, api, 10)
    slow(stage, seconds)
    stage.push(TEXT, content="first")
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED, limit=timedelta(hours=1))


def test_an_old_slot_that_somebody_has_deleted_holds_nothing_up(stage: Stage) -> None:
    live(stage, WHOLE_BAKE)
    stage.push(WHOLE_BAKE, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE) and stage.weights()["/api/*"][GREEN] == 100)
    stage.call("ecs", "DeleteService", cluster=PLACE, service=BLUE, force=True)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED, limit=timedelta(minutes=30))


def test_an_old_slot_that_was_woken_may_grow(stage: Stage) -> None:
    slowly = CANARY.replace("30s", "50m")
    text = NIGHTS.replace("strategy: {type: rolling}", slowly).replace("count: 2\n", f"{SCALED}\n", 1)
    stage.clock.advance_to(MONDAY)
    live(stage, text)
    until(stage, BEFORE_DAWN)
    stage.push(text, content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.order(OrderKind.PAUSE, "dev-2")
    stage.run(lambda: stage.time.now() >= datetime(2026, 11, 24, 6, 5, tzinfo=UTC))
    load(stage, 100, BLUE)
    load(stage, 10, GREEN)
    pass_by(stage, 30)
    assert desired(stage, BLUE) > 2


def test_halves_give_the_old_slot_no_more_than_its_own_file_does(stage: Stage) -> None:
    live(stage, HALVES)
    stage.push(HALVES.replace("min: 2, max: 10", "min: 8, max: 12"), content="second")
    most = 0

    def is_over() -> bool:
        nonlocal most
        most = max(most, desired(stage, BLUE))
        return stage.phase(2) is Phase.SUCCEEDED

    stage.run(is_over)
    assert most == 2


# --- what can't be read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
def test_why_tasks_fail_may_be_unknown_and_that_they_lack_still_counts(stage: Stage, operation: str) -> None:
    stage.allow_switches()
    live(stage, SLOWLY.replace(SCALED, "count: 2"))
    stage.push(SLOWLY.replace(SCALED, "count: 2"), content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.aws.faults.add(Fault("denied", operation=operation))
    crash(stage, 2, "backend", keep=1, then=STARTS_LONG)
    stage.run(lambda: stage.deployment(2).phase is not Phase.RUNNING, limit=timedelta(minutes=8))
    assert stage.deployment(2).reason.code == "targets.too_few" and not stage.environment.quarantines


@pytest.mark.parametrize("dies", [True, False], ids=["nothing is healthy", "all is well"])
def test_alarms_that_can_not_be_read_blind_nobody_and_send_it_home_in_the_end(stage: Stage, dies: bool) -> None:
    text = SLOWLY.replace(SCALED, "count: 2")
    live(stage, text)
    asked = {"Namespace": "x", "MetricName": "y", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    compared = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
    stage.call("cloudwatch", "PutMetricAlarm", AlarmName="down", **asked, **compared)
    stage.push(text + "watch: {alarms: [down]}\n", content="second")
    stage.run(lambda: in_step(stage, 2, StepKind.BAKE))
    stage.aws.faults.add(Fault("denied", operation="DescribeAlarms"))
    if dies:
        crash(stage, 2, "backend", keep=0, then=STARTS_LONG)
    stage.run(lambda: is_home(stage), limit=timedelta(minutes=2 if dies else 7))
    assert stage.deployment(2).reason.code == ("targets.unhealthy" if dies else "alarm.unknown")
    assert bool(stage.environment.quarantines) is dies
