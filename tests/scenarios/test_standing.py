"""Alarms that the file declares, and the dashboard: made, changed, deleted, and never anybody else's."""

import json
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script, erring, slow
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

EVERY = (
    "alarms: {errors: {max: 1%}, latency_p95: {max: 500ms}, latency_p99: {max: 1s}, unhealthy_hosts: {max: 1},"
    " tasks: {min: 2}, memory: {max: 85%}, cpu: {max: 85%}}\n"
)
FEW = "alarms: {errors: {max: 1%}, tasks: {min: 2}}\n"
KINDS = ("cpu", "errors", "latency_p95", "latency_p99", "memory", "tasks", "unhealthy_hosts")
DASHBOARD = "tidegate-captioncraft-dev-eu-west-1"
ERRORS = "tidegate-captioncraft-dev-backend-errors"
FOREIGN = {
    "Namespace": "app",
    "MetricName": "errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 7.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarms(stage: Stage) -> dict[str, Any]:
    found = stage.look("cloudwatch", "DescribeAlarms", MaxRecords=100)["MetricAlarms"]
    return {each["AlarmName"]: each for each in found}


def named(*kinds: str, services: tuple[str, ...] = ("backend", "frontend")) -> list[str]:
    return [f"tidegate-captioncraft-dev-{service}-{kind}" for service in services for kind in kinds]


def dashboards(stage: Stage) -> list[str]:
    return [each["DashboardName"] for each in stage.look("cloudwatch", "ListDashboards")["DashboardEntries"]]


def asked_of_cloudwatch(stage: Stage) -> list[str]:
    return [call.operation for call in stage.aws.calls if call.service == "cloudwatch"]


def steps(stage: Stage, number: int) -> list[StepKind]:
    return [step.kind for step in stage.deployment(number).steps]


def deployed(stage: Stage, text: str, content: str, script: Script | None = None) -> Watch:
    watch = Watch(stage)
    stage.push(text, script, content=content)
    stage.settle()
    return watch


def waits_in_alarms(stage: Stage, number: int) -> bool:
    step = stage.deployment(number).step if stage.phase(number) else None
    return step is not None and step.kind is StepKind.ALARMS and step.trouble is not None


@pytest.fixture
def standing(stage: Stage) -> Stage:
    """A first version is live, and declares two alarms for each of two services."""
    deployed(stage, FILE + FEW, "first")
    return stage


def test_what_is_declared_is_made_once_the_traffic_has_moved(stage: Stage) -> None:
    watch = deployed(stage, FILE + EVERY, "first")
    assert sorted(alarms(stage)) == named(*KINDS) and dashboards(stage) == [DASHBOARD]
    changes = stage.changes()
    assert changes.index("PutMetricAlarm") > max(at for at, name in enumerate(changes) if name == "CreateRule")
    told = next(step.detail for step in stage.deployment(1).steps if step.kind is StepKind.ALARMS)
    assert told == "14 alarms and the dashboard are as the file says"
    assert watch.at_rest() == []


def test_a_new_version_changes_no_alarm(standing: Stage) -> None:
    made = len(standing.changes())
    watch = deployed(standing, FILE + FEW, "second")
    assert standing.phase(2) is Phase.SUCCEEDED and StepKind.ALARMS not in steps(standing, 2)
    assert not {"PutMetricAlarm", "PutDashboard"} & set(standing.changes()[made:])
    assert watch.at_rest() == []


def test_where_nothing_is_declared_cloudwatch_is_never_asked(live_stage: Stage) -> None:
    deployed(live_stage, FILE, "second")
    assert live_stage.phase(2) is Phase.SUCCEEDED and asked_of_cloudwatch(live_stage) == []


def test_a_commit_that_changes_nothing_of_it_has_nothing_to_do(standing: Stage) -> None:
    deployed(standing, FILE + FEW, "first")
    assert standing.deployment(2).reason.code == "plan.nothing_rolls" and steps(standing, 2) == []


def test_a_changed_bound_is_a_deployment_of_its_own_and_touches_only_what_has_it(standing: Stage) -> None:
    made = len(standing.changes())
    watch = deployed(standing, FILE + FEW.replace("1%", "2%"), "first")
    assert steps(standing, 2) == [StepKind.ALARMS, StepKind.SETTLE]
    assert standing.changes()[made:] == ["PutMetricAlarm", "PutMetricAlarm"]
    assert {alarms(standing)[name]["Threshold"] for name in named("errors")} == {2.0}
    assert watch.at_rest() == []


def test_what_is_no_longer_declared_is_deleted(standing: Stage) -> None:
    watch = deployed(standing, FILE + FEW.replace("errors: {max: 1%}, ", ""), "first")
    assert sorted(alarms(standing)) == named("tasks") and dashboards(standing) == [DASHBOARD]
    deployed(standing, FILE, "first")
    assert alarms(standing) == {} and dashboards(standing) == []
    assert watch.at_rest() == []


def test_an_alarm_that_somebody_changed_is_put_right_by_the_next_deployment(standing: Stage) -> None:
    standing.call("cloudwatch", "PutMetricAlarm", AlarmName=ERRORS, **FOREIGN)
    deployed(standing, FILE + FEW, "first")
    assert steps(standing, 2) == [StepKind.ALARMS, StepKind.SETTLE]
    assert alarms(standing)[ERRORS]["Threshold"] == 1.0 and "MetricName" not in alarms(standing)[ERRORS]


def test_a_rollback_brings_the_older_bounds_back(standing: Stage) -> None:
    deployed(standing, FILE + FEW.replace("1%", "5%"), "second")
    standing.order(OrderKind.ROLLBACK)
    standing.settle()
    assert StepKind.ALARMS in steps(standing, 3)
    assert {alarms(standing)[name]["Threshold"] for name in named("errors")} == {1.0}


def test_an_alarm_of_that_name_that_is_somebody_elses_is_never_overwritten(stage: Stage) -> None:
    stage.call("cloudwatch", "PutMetricAlarm", AlarmName=ERRORS, **FOREIGN)
    watch = Watch(stage)
    stage.push(FILE + FEW, content="first")
    stage.run(lambda: waits_in_alarms(stage, 1))
    later = stage.time.now() + timedelta(minutes=40)
    stage.run(lambda: stage.time.now() > later)
    step = stage.deployment(1).step
    assert stage.phase(1) is Phase.RUNNING and step is not None
    assert step.trouble is not None and step.trouble.reason.code == "aws.foreign"
    assert ERRORS in step.detail and "does not touch what it did not make" in step.detail
    assert alarms(stage)[ERRORS]["Threshold"] == 7.0
    stage.call("cloudwatch", "DeleteAlarms", AlarmNames=[ERRORS])
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED and alarms(stage)[ERRORS]["Threshold"] == 1.0
    assert watch.at_rest() == []


def test_a_dashboard_of_that_name_that_is_somebody_elses_is_never_overwritten(stage: Stage) -> None:
    theirs = json.dumps({"widgets": []})
    stage.call("cloudwatch", "PutDashboard", DashboardName=DASHBOARD, DashboardBody=theirs)
    stage.push(FILE + FEW, content="first")
    stage.run(lambda: waits_in_alarms(stage, 1))
    step = stage.deployment(1).step
    assert step is not None and f"Dashboard {DASHBOARD} exists" in step.detail
    assert stage.look("cloudwatch", "GetDashboard", DashboardName=DASHBOARD)["DashboardBody"] == theirs


def test_alarms_of_a_place_with_a_longer_name_are_left_alone(standing: Stage) -> None:
    theirs = "tidegate-captioncraft-dev-two-backend-errors"
    tags = [{"Key": "managed-by", "Value": "tidegate"}, {"Key": "tidegate:place", "Value": "captioncraft-dev-two"}]
    standing.call("cloudwatch", "PutMetricAlarm", AlarmName=theirs, **FOREIGN, Tags=tags)
    deployed(standing, FILE, "first")
    assert list(alarms(standing)) == [theirs]


@pytest.mark.parametrize("operation", ["PutMetricAlarm", "PutDashboard"])
def test_a_missing_right_is_named_and_waited_for_and_sends_no_traffic_home(standing: Stage, operation: str) -> None:
    standing.allow_switches()
    standing.start_over()  # a foundation is remembered for some minutes
    watch = Watch(standing)
    standing.aws.faults.add(Fault("denied", service="cloudwatch", operation=operation, times=10**6))
    standing.push(FILE + EVERY, content="second")
    standing.run(lambda: waits_in_alarms(standing, 2))
    shown, later = standing.weights(), standing.time.now() + timedelta(minutes=40)
    standing.run(lambda: standing.time.now() > later)
    step = standing.deployment(2).step
    assert standing.phase(2) is Phase.RUNNING and step is not None
    assert f"not authorized to perform: cloudwatch:{operation}" in step.detail
    assert standing.weights() == shown, "switches are renewed while it waits"
    standing.aws.faults.clear()
    standing.settle()
    assert standing.phase(2) is Phase.SUCCEEDED and sorted(alarms(standing)) == named(*KINDS)
    assert watch.at_rest() == []


def test_what_cannot_be_read_in_the_middle_is_waited_for_while_the_switches_are_renewed(standing: Stage) -> None:
    standing.allow_switches()
    standing.start_over()  # a foundation is remembered for some minutes
    standing.push(FILE + EVERY, content="second")
    standing.run(lambda: standing.weights()["/api/*"]["captioncraft-dev-backend-green"] == 100)
    standing.aws.faults.add(Fault("denied", service="cloudwatch", operation="DescribeAlarms", times=10**6))
    later = standing.time.now() + timedelta(minutes=40)
    standing.run(lambda: standing.time.now() > later)
    step = standing.deployment(2).step
    assert standing.phase(2) is Phase.RUNNING and step is not None and step.kind is StepKind.ALARMS
    assert "the alarms that the file declares can't be read" in step.detail and "DescribeAlarms" in step.detail
    assert StepKind.ARM in steps(standing, 2), "AWS would send the traffic home if nobody renewed that"
    assert standing.weights()["/api/*"]["captioncraft-dev-backend-green"] == 100
    standing.aws.faults.clear()
    standing.settle()
    assert standing.phase(2) is Phase.SUCCEEDED


def test_nothing_starts_while_nobody_can_tell_what_stands(standing: Stage) -> None:
    made = len(standing.changes())
    standing.aws.faults.add(Fault("denied", service="cloudwatch", operation="GetDashboard", times=10**6))
    standing.push(FILE + FEW, content="second")
    standing.run(lambda: standing.phase(2) is Phase.WAITING and standing.deployment(2).reason.code == "alarms.unknown")
    assert "GetDashboard" in standing.deployment(2).reason.text and len(standing.changes()) == made
    standing.aws.faults.clear()
    standing.settle()
    assert standing.phase(2) is Phase.SUCCEEDED


def test_a_person_may_abort_what_waits_for_its_alarms(standing: Stage) -> None:
    standing.aws.faults.add(Fault("denied", service="cloudwatch", operation="PutMetricAlarm", times=10**6))
    standing.push(FILE + EVERY, content="second")
    standing.run(lambda: waits_in_alarms(standing, 2))
    standing.order(OrderKind.ABORT, "dev-2")
    standing.settle()
    assert standing.phase(2) is Phase.ABORTED
    assert standing.weights()["/api/*"]["captioncraft-dev-backend-blue"] == 100


@pytest.mark.parametrize("denied", ["PutDashboard", "PutMetricAlarm"])
def test_nothing_stands_after_an_abort_where_the_live_file_declares_nothing(stage: Stage, denied: str) -> None:
    """Nobody would ever look at them again."""
    watch = deployed(stage, FILE, "first")
    fault = stage.aws.faults.add(Fault("denied", operation=denied))
    stage.push(FILE + FEW, content="second")
    stage.run(lambda: waits_in_alarms(stage, 2))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and alarms(stage) == {} and dashboards(stage) == []
    stage.aws.faults.remove(fault)
    assert watch.at_rest() == []


def test_a_way_home_that_can_not_see_what_stands_may_be_ended_by_a_person(stage: Stage) -> None:
    deployed(stage, FILE, "first")
    stage.aws.faults.add(Fault("denied", operation="PutMetricAlarm"))
    stage.push(FILE + FEW, content="second")
    stage.run(lambda: waits_in_alarms(stage, 2))
    stage.aws.faults.add(Fault("denied", operation="DescribeAlarms"))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: stage.deployment(2).stuck is not None)
    assert stage.weights()["/api/*"]["captioncraft-dev-backend-blue"] == 100
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED


def test_a_service_that_the_file_drops_keeps_its_alarms_until_it_is_pruned(standing: Stage) -> None:
    watch = deployed(standing, FILE.split("  frontend:")[0] + FEW, "second")
    assert sorted(alarms(standing)) == named("errors", "tasks")
    made = len(standing.changes())
    standing.order(OrderKind.PRUNE, service="frontend")
    standing.settle()
    changes = standing.changes()[made:]
    assert sorted(alarms(standing)) == named("errors", "tasks", services=("backend",))
    assert changes.index("DeleteAlarms") < changes.index("UpdateService"), "what ends its tasks must not ring for them"
    assert watch.at_rest() == []


def test_the_operators_topic_hears_of_them(stage: Stage) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:captioncraft-dev-alarms"
    stage.have(AlarmTopic=topic)
    deployed(stage, FILE + FEW, "first")
    assert {tuple(each["AlarmActions"] + each["OKActions"]) for each in alarms(stage).values()} == {(topic, topic)}


def test_errors_ring_by_themselves_and_are_well_again(standing: Stage) -> None:
    standing.traffic(backend=5.0)
    deployed(standing, FILE + FEW, "second", erring(0.1))
    standing.clock.advance(360)
    assert alarms(standing)[ERRORS]["StateValue"] == "ALARM"
    assert alarms(standing)["tidegate-captioncraft-dev-frontend-errors"]["StateValue"] == "OK"
    standing.order(OrderKind.ROLLBACK)
    standing.settle()
    standing.clock.advance(360)
    assert alarms(standing)[ERRORS]["StateValue"] == "OK"


def test_one_error_in_a_quiet_minute_rings_nothing(standing: Stage) -> None:
    standing.traffic(backend=0.1)
    deployed(standing, FILE + FEW, "second", erring(0.2))
    standing.clock.advance(900)
    assert alarms(standing)[ERRORS]["StateValue"] == "OK"


def test_slow_answers_and_busy_tasks_ring(stage: Stage) -> None:
    stage.traffic(backend=2.0)
    busy = Script(latency_seconds=slow(1500).latency_seconds, cores=0.24, mebibytes=500.0)
    deployed(stage, FILE + EVERY, "first", busy)
    stage.clock.advance(400)
    ringing = {name for name, each in alarms(stage).items() if each["StateValue"] == "ALARM"}
    both = {"cpu", "memory"}
    slower = {"latency_p95", "latency_p99"}
    assert ringing == {*named(*both), *named(*slower, services=("backend",))}


def test_tasks_that_are_gone_ring(standing: Stage) -> None:
    standing.clock.advance(360)
    assert {each["StateValue"] for each in alarms(standing).values()} == {"OK"}
    name = "captioncraft-dev-backend-blue"
    standing.call("ecs", "UpdateService", cluster="captioncraft-dev", service=name, desiredCount=0)
    standing.clock.advance(600)
    rang = {name for name, each in alarms(standing).items() if each["StateValue"] == "ALARM"}
    assert rang == {"tidegate-captioncraft-dev-backend-tasks"}


def test_an_environment_that_sleeps_rings_for_nobody(stage: Stage) -> None:
    asleep = 'schedule: [{at: "20:00", count: 0}, {at: "07:00", count: 2}]\n'
    deployed(stage, FILE + FEW + asleep, "first")
    for service in ("backend", "frontend"):
        name = f"captioncraft-dev-{service}-blue"
        stage.call("ecs", "UpdateService", cluster="captioncraft-dev", service=name, desiredCount=0)
    stage.clock.advance(1200)
    assert {each["StateValue"] for each in alarms(stage).values()} == {"OK"}


WATCHED = (
    FILE.replace("{type: rolling}", "{type: blue_green, bake: 1m}").replace(
        "{hold: next_commit}", "{hold: person, keep_warm: 30m}"
    )
    + FEW
    + "watch: {alarms: ['tidegate-captioncraft-dev-{service}-errors']}\n"
)


def test_a_declared_alarm_may_watch_and_is_not_waited_for_before_it_is_made(stage: Stage) -> None:
    stage.traffic(backend=20.0)
    deployed(stage, WATCHED, "first")
    assert stage.phase(1) is Phase.SUCCEEDED
    stage.push(WATCHED, erring(0.5), content="second")
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED)
    assert stage.deployment(3).because_of is not None and stage.deployment(2).sent_home
    assert ERRORS in stage.deployment(3).because_of.text
    assert stage.weights()["/api/*"]["captioncraft-dev-backend-blue"] == 100


def test_a_worker_has_no_alarm_of_requests_and_none_is_waited_for(stage: Stage) -> None:
    worker = WATCHED.replace("verify: [{path: /ready, within: 5s}]\n", "").replace(
        "services:\n",
        "services:\n  worker:\n    image: {repository: captioncraft-backend, tag: '{branch}-{sha}'}\n    count: 1\n",
    )
    for number, content in ((1, "first"), (2, "second")):
        deployed(stage, worker, content)
        assert stage.phase(number) is Phase.SUCCEEDED, stage.deployment(number).reason
    assert "tidegate-captioncraft-dev-worker-errors" not in alarms(stage)


def test_a_dashboard_that_somebody_changed_is_put_right_by_the_next_deployment(standing: Stage) -> None:
    body = json.loads(standing.look("cloudwatch", "GetDashboard", DashboardName=DASHBOARD)["DashboardBody"])
    body["widgets"].pop()
    standing.call("cloudwatch", "PutDashboard", DashboardName=DASHBOARD, DashboardBody=json.dumps(body))
    deployed(standing, FILE + FEW, "first")
    assert steps(standing, 2) == [StepKind.ALARMS, StepKind.SETTLE]
    shown = json.loads(standing.look("cloudwatch", "GetDashboard", DashboardName=DASHBOARD)["DashboardBody"])
    assert len(shown["widgets"]) == len(body["widgets"]) + 1
