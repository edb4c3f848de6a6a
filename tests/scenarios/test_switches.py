"""Dead-man's switches: traffic that is shared comes home although no controller lives."""

import json
from datetime import timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.scenarios.test_homecoming import STARTS_LONG, crash
from tests.scenarios.test_strategies import TEXTS
from tests.scenarios.test_under_attack import by_hand
from tests.support.invariants import Watch
from tests.support.stage import Stage

LONG = TEXTS["canary"].replace("bake: 1m", "bake: 40m")
HOME = {"captioncraft-dev-backend-blue": 100, "captioncraft-dev-backend-green": 0}
TENTH = {"captioncraft-dev-backend-blue": 90, "captioncraft-dev-backend-green": 10}
UNATTENDED = timedelta(minutes=15)
PRECISION = timedelta(minutes=1)
"""Of EventBridge Scheduler."""


@pytest.fixture
def watch(stage: Stage) -> Watch:
    """A first version is live, and the operator's stack has a role for switches."""
    stage.allow_switches()
    stage.push(LONG, content="first")
    stage.settle()
    return Watch(stage)


def in_first_bake(stage: Stage, text: str = LONG) -> None:
    stage.push(text, content="second")
    stage.run(lambda: is_in(stage, StepKind.BAKE))


def is_in(stage: Stage, kind: StepKind) -> bool:
    step = stage.deployment(2).step if stage.phase(2) else None
    return step is not None and step.kind is kind


def schedules(stage: Stage) -> list[str]:
    return [each["Name"] for each in stage.look("scheduler", "ListSchedules")["Schedules"]]


def test_a_first_version_has_nothing_to_come_home_to(watch: Watch) -> None:
    assert StepKind.ARM not in [step.kind for step in watch.stage.deployment(1).steps]


def test_every_rule_is_armed_before_anything_rises_and_disarmed_before_anything_is_emptied(watch: Watch) -> None:
    stage = watch.stage
    before = len(stage.changes())
    stage.push(TEXTS["canary"], content="second")
    stage.settle()
    changes = stage.changes()[before:]
    assert stage.phase(2) is Phase.SUCCEEDED
    assert changes.index("CreateSchedule") < changes.index("ModifyRule")
    assert changes.count("CreateSchedule") == changes.count("DeleteSchedule") == 2
    assert changes[-1] == "UpdateService" and changes.index("DeleteSchedule") < len(changes) - 2
    assert schedules(stage) == []
    assert watch.at_rest() == []


def test_traffic_comes_home_while_nobody_lives_and_whoever_returns_says_why(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    assert stage.weights()["/api/*"] == TENTH and sorted(schedules(stage)) == ["dev-backend", "dev-frontend"]
    stage.clock.advance((UNATTENDED + PRECISION).total_seconds())
    assert stage.weights()["/api/*"] == HOME and schedules(stage) == []
    stage.start_over()
    stage.run(lambda: stage.deployment(2).is_final)
    ended = stage.deployment(2)
    assert (ended.phase, ended.reason.code) == (Phase.ROLLED_BACK, "switch.fired")
    assert "nobody watched for 15m" in ended.reason.text
    assert stage.environment.hold is not None and not stage.environment.quarantines
    assert watch.at_rest() == []


def test_a_bake_longer_than_a_switch_lasts_goes_on_while_somebody_watches(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    stage.run(lambda: stage.weights()["/api/*"] != TENTH)
    assert stage.phase(2) is Phase.RUNNING and is_in(stage, StepKind.SHIFT)
    renewals = stage.changes().count("UpdateSchedule") - 2
    assert 2 * (40 // 7.5) <= renewals <= 2 * (40 // 7 + 1), "each of the two is renewed when half of its time is over"


def test_a_pause_is_watched_too(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    stage.order(OrderKind.PAUSE, "dev-2")
    later = stage.time.now() + timedelta(minutes=50)
    stage.run(lambda: stage.time.now() > later)
    assert stage.deployment(2).pause is not None and stage.weights()["/api/*"] == TENTH
    assert len(schedules(stage)) == 2


def test_an_abort_disarms_before_the_new_slots_are_emptied(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    before = len(stage.changes())
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    changes = stage.changes()[before:]
    assert stage.phase(2) is Phase.ABORTED and stage.weights()["/api/*"] == HOME
    assert changes.index("ModifyRule") < changes.index("DeleteSchedule") < changes.index("UpdateService")
    assert watch.at_rest() == []


def test_nothing_rises_while_nobody_can_tell_whether_it_is_armed(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    stage.aws.faults.add(Fault("denied", service="scheduler", times=10**6))
    stage.order(OrderKind.PROMOTE, "dev-2")
    stage.run(lambda: stage.deployment(2).phase is not Phase.RUNNING)
    assert stage.deployment(2).reason.code == "step.deadline"
    stage.run(lambda: is_in(stage, StepKind.DISARM))
    assert stage.weights()["/api/*"] == HOME, "traffic goes home although no switch can be disarmed"
    stage.aws.faults.clear()
    stage.run(lambda: stage.deployment(2).is_final)
    assert schedules(stage) == []
    assert watch.at_rest() == []


def test_a_bake_is_watched_although_switches_cannot_be_read(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    stage.aws.faults.add(Fault("throttle", service="scheduler", times=10**6))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: stage.weights()["/api/*"] == HOME)
    assert stage.phase(2) is Phase.ROLLING_BACK


def test_a_switch_that_somebody_deleted_is_there_again_at_the_next_look(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    stage.call("scheduler", "DeleteSchedule", Name="dev-backend", GroupName="captioncraft-dev")
    soon = stage.time.now() + timedelta(seconds=20)
    stage.run(lambda: stage.time.now() > soon)
    assert len(schedules(stage)) == 2 and stage.phase(2) is Phase.RUNNING


def test_traffic_that_somebody_sent_home_with_the_switch_still_armed_is_their_doing(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage)
    undo = stage.deployment(2).undo
    assert undo is not None
    rule = undo.of("backend").rule
    assert rule is not None
    stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=json.loads(rule.actions))
    stage.run(lambda: stage.deployment(2).pause is not None)
    pause = stage.deployment(2).pause
    assert pause is not None and pause.reason.code == "traffic.foreign_change"


def test_a_switch_that_came_late_is_disarmed_before_the_slot_that_it_leads_to_is_emptied(watch: Watch) -> None:
    stage = watch.stage
    stage.push(TEXTS["canary"], content="second")
    stage.run(lambda: is_in(stage, StepKind.BAKE))
    kept = stage.look("scheduler", "GetSchedule", Name="dev-backend", GroupName="captioncraft-dev")
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    assert schedules(stage) == []
    asked = (
        "Name",
        "GroupName",
        "ScheduleExpression",
        "FlexibleTimeWindow",
        "State",
        "ActionAfterCompletion",
        "Target",
    )
    stage.call("scheduler", "CreateSchedule", **{name: kept[name] for name in asked})
    stage.settle()
    assert schedules(stage) == []
    assert stage.tasks() == 4
    assert watch.at_rest() == []


def test_a_strategy_whose_old_slots_shrink_on_the_way_has_none(stage: Stage) -> None:
    stage.allow_switches()
    stage.push(TEXTS["half"], content="first")
    stage.settle()
    stage.push(TEXTS["half"], content="second")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and "CreateSchedule" not in stage.changes()


@pytest.mark.parametrize("line", ["automatic: false", "unattended: 0s"])
def test_nothing_comes_home_by_itself_where_the_file_says_so(watch: Watch, line: str) -> None:
    stage = watch.stage
    stage.push(LONG.replace("hold: person", f"hold: person, {line}"), content="second")
    stage.run(lambda: is_in(stage, StepKind.BAKE))
    assert schedules(stage) == []


def test_what_the_old_version_does_not_work_with_is_never_sent_home_by_itself(watch: Watch) -> None:
    stage = watch.stage
    one_way = "    before: {command: [migrate], compatible: false}\n    smoke:"
    stage.runtime.script_command(("migrate",), Script(ends_after_seconds=1.0, exit_code=0))
    in_first_bake(stage, LONG.replace("    smoke:", one_way, 1))
    assert schedules(stage) == [] and not stage.deployment(2).guarded


def test_no_switch_fires_while_somebody_waits_for_tasks_to_come_back_and_the_wait_still_ends(watch: Watch) -> None:
    stage = watch.stage
    in_first_bake(stage, LONG.replace("hold: person", "hold: person, unattended: 2m"))
    crash(stage, 2, "backend", keep=1, then=STARTS_LONG)
    began, renewals = stage.time.now(), stage.changes().count("UpdateSchedule")
    stage.run(lambda: stage.phase(2) is not Phase.RUNNING)
    assert stage.deployment(2).reason.code == "targets.too_few"
    assert timedelta(minutes=5) <= stage.time.now() - began < timedelta(minutes=7), "renewing restarts no patience"
    assert stage.changes().count("UpdateSchedule") - renewals >= 2 * 4


def in_disarm(stage: Stage) -> None:
    """Of two switches one is gone."""
    stage.push(TEXTS["canary"], content="second")
    stage.run(lambda: is_in(stage, StepKind.DISARM) and stage.deployment(2).did("DisarmSwitch", "backend"))
    assert schedules(stage) == ["dev-frontend"]


def test_a_switch_that_fires_while_the_last_ones_are_disarmed_is_told_from_a_hand(watch: Watch) -> None:
    stage = watch.stage
    in_disarm(stage)
    stage.clock.advance((UNATTENDED + PRECISION).total_seconds())
    assert schedules(stage) == [] and stage.weights()["/api/*"] != HOME
    stage.start_over()
    stage.run(lambda: stage.deployment(2).is_final)
    ended = stage.deployment(2)
    assert (ended.phase, ended.reason.code) == (Phase.ROLLED_BACK, "switch.fired")
    assert stage.weights()["/api/*"] == HOME and watch.at_rest() == []


def test_a_hand_on_what_was_disarmed_just_now_is_no_switch(watch: Watch) -> None:
    stage = watch.stage
    in_disarm(stage)
    by_hand(stage)
    stage.run(lambda: stage.deployment(2).pause is not None or stage.deployment(2).phase is not Phase.RUNNING)
    pause = stage.deployment(2).pause
    assert pause is not None and pause.reason.code == "traffic.foreign_change"


def test_a_version_whose_switches_can_not_be_disarmed_is_watched_and_its_switches_last(watch: Watch) -> None:
    stage = watch.stage
    stage.push(TEXTS["canary"], content="second")
    stage.run(lambda: is_in(stage, StepKind.BAKE))
    stage.aws.faults.add(Fault("denied", operation="DeleteSchedule", times=10**6))
    stage.run(lambda: is_in(stage, StepKind.DISARM))
    later = stage.time.now() + 2 * UNATTENDED
    stage.run(lambda: stage.time.now() > later)
    assert is_in(stage, StepKind.DISARM) and len(schedules(stage)) == 2
    crash(stage, 2, "backend", keep=0, then=STARTS_LONG)
    stage.run(lambda: stage.phase(2) is Phase.ROLLING_BACK)
    assert stage.deployment(2).reason.code == "targets.unhealthy"
    stage.aws.faults.clear()
    stage.run(lambda: stage.deployment(2).is_final)
    assert stage.weights()["/api/*"] == HOME and schedules(stage) == []
