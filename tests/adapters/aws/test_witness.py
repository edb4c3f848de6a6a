"""What AWS knows of a failure: each part by itself, so that what can't be read costs nothing but itself."""

import itertools
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from controller.adapters.aws.calls import CALLS
from controller.adapters.aws.witness import LONGEST_SECONDS
from controller.domain.actions import PutTestRule
from controller.domain.alarms import AlarmState
from controller.domain.evidence import Scene, SlotEvidence
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig

CRASHES = Script(ends_after_seconds=1.0, exit_code=3, log_lines=("begin", "no table"))
PARTS = {
    "ListTasks": "ecs:ListTasks",
    "DescribeTasks": "ecs:DescribeTasks",
    "GetLogEvents": "logs:GetLogEvents",
    "DescribeTargetHealth": "elasticloadbalancing:DescribeTargetHealth",
    "DescribeServices": "ecs:DescribeServices",
}


@pytest.fixture
def crashed(rig: Rig) -> Rig:
    """The backend's blue slot, whose tasks have ended with exit code 3 as often as ECS tries."""
    rig.prepared()
    rig.cloud.traffic.put_test_rule(PutTestRule("backend", Slot.BLUE, Secret("open-sesame")), rig.permit())
    content = rig.content()
    rig.sandbox.runtime.script(content.image.rpartition("@")[2], CRASHES)
    rig.began = rig.clock.now()  # type: ignore[attr-defined]
    rig.definition = rig.run(content)  # type: ignore[attr-defined]
    rig.clock.advance(120)
    return rig


def told(rig: Any, **changes: Any) -> SlotEvidence:
    scene = Scene("backend", Slot.BLUE, True, rig.began, definition=rig.definition)
    (found,) = rig.stranger().witness.tell([Scene(**{**vars(scene), **changes})], {}).slots
    return found


def test_stopped_tasks_are_grouped_with_exit_codes_and_last_lines(crashed: Rig) -> None:
    found = told(crashed)
    (tasks,) = found.stopped
    assert tasks.times > 1 and (tasks.exit_code, tasks.lines) == (3, ("begin", "no table"))
    assert "/" not in tasks.task and not found.unread
    assert any("deployment failed" in event.text for event in found.events)
    assert len({event.text for event in found.events}) == len(found.events)


def test_only_tasks_of_the_definition_that_is_asked_about_count(crashed: Rig) -> None:
    assert told(crashed, definition="arn:aws:ecs:eu-west-1:123456789012:task-definition/other:1").stopped == ()
    assert told(crashed, definition=None).stopped
    later = crashed.clock.now() + timedelta(seconds=1)
    assert told(crashed, definition=None, since=later).stopped == ()


def test_of_a_slot_that_is_not_blamed_only_sick_targets_are_of_interest(crashed: Rig) -> None:
    found = told(crashed, is_blamed=False)
    assert (found.stopped, found.events, found.lines) == ((), (), ())


@pytest.mark.parametrize("operation", PARTS)
def test_a_missing_right_costs_one_part_and_is_named(crashed: Rig, operation: str) -> None:
    crashed.world.faults.add(Fault("denied", operation=operation))
    found = told(crashed)
    assert f"the environment's role lacks {PARTS[operation]} " in " ".join(each.told for each in found.unread)
    assert not any(each.may_pass for each in found.unread)
    assert found.stopped or found.events


@pytest.mark.parametrize("kind", ["throttle", "server_error", "timeout"])
@pytest.mark.parametrize("operation", PARTS)
def test_what_may_pass_says_so(crashed: Rig, operation: str, kind: Any) -> None:
    crashed.world.faults.add(Fault(kind, operation=operation))
    assert any(each.may_pass for each in told(crashed).unread)


def test_an_answer_in_another_shape_costs_one_part(crashed: Rig) -> None:
    def strange(parsed: dict[str, Any], **_: object) -> None:
        del parsed["services"][0]["events"][0]["createdAt"]

    crashed.hooks.append(("after-call.ecs.DescribeServices", strange))
    found = told(crashed)
    assert found.stopped and "is not understood" in found.unread[0].told


@pytest.mark.parametrize("operation", PARTS)
def test_an_error_that_nobody_knows_costs_one_part(crashed: Rig, operation: str) -> None:
    def strange(**_: object) -> None:
        raise RuntimeError("the wire is on fire")

    service = next(call.service for call in CALLS if call.operation == operation)
    crashed.hooks.append((f"before-call.{service}.{operation}", strange))
    found = told(crashed)
    assert "RuntimeError the wire is on fire" in " ".join(each.told for each in found.unread)


def test_a_stopped_task_in_another_shape_costs_one_part(crashed: Rig) -> None:
    def strange(parsed: dict[str, Any], **_: object) -> None:
        for task in parsed["tasks"]:
            task["containers"] = None

    crashed.hooks.append(("after-call.ecs.DescribeTasks", strange))
    found = told(crashed)
    assert found.events and "is not understood" in found.unread[0].told


def test_an_aws_that_is_slow_is_not_asked_for_ever(crashed: Rig) -> None:
    crashed.world.faults.add(Fault("delay", operation="ListTasks", seconds=LONGEST_SECONDS + 1))
    found = told(crashed)
    assert [each.why for each in found.unread] == ["AWS takes too long to answer"] * len(found.unread)
    assert crashed.calls("DescribeTargetHealth") == []


def test_an_alarm_is_told_with_its_figures_since_it_was_heard(rig: Rig) -> None:
    rig.sandbox.cloudwatch.put_metric_alarm(
        AlarmName="dev-5xx",
        Namespace="app",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    data = json.dumps({"version": "1.0", "recentDatapoints": [3.0, 25.0], "threshold": 1.0})
    for state in ("OK", "ALARM", "OK"):
        rig.clock.advance(10)
        rig.sandbox.cloudwatch.set_alarm_state(
            AlarmName="dev-5xx", StateValue=state, StateReason=f"it is {state}", StateReasonData=data
        )
    heard = rig.clock.now() - timedelta(seconds=15)
    said = rig.cloud.witness.tell([], {"dev-5xx": heard, "never-made": heard})
    (alarm,) = said.alarms
    assert [change.state for change in alarm.changes] == [AlarmState.RINGING, AlarmState.OK]
    assert (alarm.threshold, alarm.datapoints, said.unread) == (1.0, (3.0, 25.0), ())
    assert alarm.told.startswith("dev-5xx rang at ")


def test_a_ring_of_before_the_start_is_not_heard_again_when_the_alarm_gets_well(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm's own time of a change, and its history's, are two readings of a clock."""
    still, readings = rig.clock.now, itertools.count()
    monkeypatch.setattr(rig.clock, "now", lambda: still() + timedelta(microseconds=next(readings)))
    rig.sandbox.cloudwatch.put_metric_alarm(
        AlarmName="down", Namespace="app", MetricName="errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )  # fmt: skip
    ring = partial(rig.sandbox.cloudwatch.set_alarm_state, AlarmName="down", StateReason="so it is")
    ring(StateValue="ALARM")
    seen = rig.cloud.alarms.look(["down"], {})["down"]
    assert seen is not None
    rig.clock.advance(30)
    ring(StateValue="OK")
    well = rig.cloud.alarms.look(["down"], {"down": seen.since})["down"]
    assert well is not None and (well.state, well.rang_at) == (AlarmState.OK, None)
