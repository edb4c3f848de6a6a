"""Alarms that stand, and the dashboard: made, read back, changed, deleted; and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.adapters.aws.wire import standing as wire
from controller.domain.actions import DropAlarms, DropDashboard, KeepAlarms, KeepDashboard
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.names import SERVICE_TAG
from controller.domain.ports import Permit
from controller.domain.slot import Slot
from controller.domain.standing import Silence, Standing, StandingAlarm, differences, wanted
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import OURS, STACK, Rig, elb_tags
from tests.support.builders import FILE, a_file

EVERY = (
    "alarms: {errors: {max: 1%}, latency_p95: {max: 500ms}, latency_p99: {max: 1s}, unhealthy_hosts: {max: 1},"
    " tasks: {min: 2}, memory: {max: 85%}, cpu: {max: 85%}}\n"
)
DASHBOARD = f"tidegate-{STACK}-eu-west-1"
PLAIN = {
    "Namespace": "app",
    "MetricName": "errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 7.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Declared(Rig):
    """Two services with their target groups, and what a file declares of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        arns = {name: {slot: self.prepared(name, slot) for slot in Slot} for name in ("backend", "frontend")}
        self.should = wanted(a_file(FILE + EVERY), self.cloud.looks.foundation(), arns)
        self.world.calls.clear()
        self.checks = 0

    def of(self, service: str) -> tuple[StandingAlarm, ...]:
        return tuple(alarm for alarm in self.should.alarms.values() if alarm.service == service)

    def keep(self, permit: Permit | None = None) -> None:
        for service in ("backend", "frontend"):
            self.cloud.standing.keep_alarms(KeepAlarms(service, self.of(service)), permit or self.permit())
        assert self.should.dashboard is not None
        self.cloud.standing.keep_dashboard(KeepDashboard("dev", self.should.dashboard), permit or self.permit())

    def found(self) -> Standing:
        return self.cloud.standing.look(self.should.alarms)

    def shown(self, name: str) -> Any:
        [found] = self.sandbox.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return found

    def foreign(self, name: str, **tags: str) -> None:
        self.sandbox.cloudwatch.put_metric_alarm(AlarmName=name, **PLAIN, Tags=elb_tags(tags))


@pytest.fixture
def rig() -> Declared:
    return Declared()


ERRORS = f"tidegate-{STACK}-backend-errors"


def test_what_was_put_reads_back_as_it_was_wanted(rig: Declared) -> None:
    rig.keep()
    assert differences(rig.should, rig.found()) == ()


def test_a_look_is_one_call_for_the_alarms_and_one_for_the_dashboard(rig: Declared) -> None:
    rig.keep()
    rig.world.calls.clear()
    rig.found()
    assert rig.operations() == ["DescribeAlarms", "GetDashboard"]
    assert rig.asked("DescribeAlarms")[0]["AlarmNamePrefix"] == f"tidegate-{STACK}-"


def test_more_than_a_hundred_are_read_page_by_page(rig: Declared) -> None:
    for number in range(101):
        rig.foreign(f"tidegate-{STACK}-{number:03}-cpu", **OURS, **{SERVICE_TAG: "old"})
    assert len(rig.found().alarms) == 101
    assert len(rig.asked("DescribeAlarms")) == 2


def test_an_alarm_is_made_with_our_tags_and_says_what_it_is_about(rig: Declared) -> None:
    rig.keep()
    shown = rig.shown(ERRORS)
    assert shown["AlarmDescription"].startswith("backend: more than 1% of the answers are server errors.")
    tags = rig.sandbox.cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {**OURS, SERVICE_TAG: "backend"}


def test_the_order_of_metrics_and_dimensions_says_nothing(rig: Declared) -> None:
    rig.keep()
    shown = rig.shown(ERRORS)
    for query in shown["Metrics"]:
        if "MetricStat" in query:
            query["MetricStat"]["Metric"]["Dimensions"].reverse()
    turned = {**shown, "Metrics": shown["Metrics"][::-1]}
    assert replace(wire.read(turned, "backend")) == rig.should.alarms[ERRORS]


@pytest.mark.parametrize(
    "change",
    [
        {"Threshold": 3.0},
        {"ActionsEnabled": False},
        {"TreatMissingData": "missing"},
        {"DatapointsToAlarm": 5},
        {"EvaluationPeriods": 6},
        {"ComparisonOperator": "LessThanOrEqualToThreshold"},
        {"OKActions": ["arn:aws:sns:eu-west-1:123456789012:mine"]},
        {"AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:mine"]},
        {"InsufficientDataActions": ["arn:aws:sns:eu-west-1:123456789012:mine"]},
        {"AlarmDescription": "mine"},
        {"EvaluateLowSampleCountPercentile": "ignore"},
        {"Metrics": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_somebody_sets_otherwise_is_seen(rig: Declared, change: dict[str, Any]) -> None:
    rig.keep()
    found = wire.read({**rig.shown(ERRORS), **change}, "backend")
    there = Standing({**rig.should.alarms, ERRORS: found}, rig.should.dashboard)
    assert {each.thing for each in differences(rig.should, there)} == {f"alarm {ERRORS}"}


@pytest.mark.parametrize("change", [{"Period": 300}, {"Unit": "Count"}, {"Stat": "Maximum"}], ids=str)
def test_a_metric_that_is_read_otherwise_is_seen(rig: Declared, change: dict[str, Any]) -> None:
    rig.keep()
    shown = rig.shown(ERRORS)
    next(each for each in shown["Metrics"] if "MetricStat" in each)["MetricStat"].update(change)
    assert wire.read(shown, "backend") != rig.should.alarms[ERRORS]


def test_what_aws_fills_in_is_known(rig: Declared) -> None:
    rig.foreign(ERRORS)
    found = rig.found().alarms[ERRORS]
    assert (found.bad_minutes, found.minutes, found.silence, found.is_loud) == (1, 1, Silence.UNKNOWN, True)
    assert '"MetricName": "errors"' in found.others


def test_the_state_of_an_alarm_says_nothing(rig: Declared) -> None:
    rig.keep()
    rig.sandbox.cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="a rehearsal")
    assert differences(rig.should, rig.found()) == ()


def test_an_alarm_without_our_tags_is_never_overwritten_nor_any_other_with_it(rig: Declared) -> None:
    rig.foreign(ERRORS)
    rig.world.calls.clear()
    with pytest.raises(Blocked, match=f"Alarm {ERRORS} exists, but without the tags") as refused:
        rig.keep()
    assert refused.value.code == "aws.foreign"
    assert rig.changes() == [] and rig.shown(ERRORS)["Threshold"] == 7.0


def test_an_alarm_of_another_place_is_neither_shown_nor_deleted(rig: Declared) -> None:
    name = f"tidegate-{STACK}-two-backend-cpu"
    rig.foreign(name, **{**OURS, "tidegate:place": f"{STACK}-two"})
    rig.world.calls.clear()
    assert name not in rig.found().alarms
    rig.cloud.standing.drop_alarms(DropAlarms("backend", (name,)), rig.permit())
    assert rig.changes() == [] and rig.shown(name)


def test_an_alarm_of_ours_that_nobody_expects_is_shown_with_its_service(rig: Declared) -> None:
    name = f"tidegate-{STACK}-old-cpu"
    rig.foreign(name, **OURS, **{SERVICE_TAG: "old"})
    assert rig.found().alarms[name].service == "old"
    rig.world.calls.clear()
    rig.found()
    assert "ListTagsForResource" not in rig.operations(), "tags are remembered for a while"


def test_what_is_dropped_is_gone_and_may_be_gone_already(rig: Declared) -> None:
    rig.keep()
    names = tuple(alarm.name for alarm in rig.of("backend"))
    for _ in range(2):
        rig.cloud.standing.drop_alarms(DropAlarms("backend", names), rig.permit())
        rig.cloud.standing.drop_dashboard(DropDashboard("dev", DASHBOARD), rig.permit())
    assert sorted(rig.found().alarms) == sorted(alarm.name for alarm in rig.of("frontend"))
    assert rig.found().dashboard is None
    assert rig.changes().count("DeleteAlarms") == rig.changes().count("DeleteDashboards") == 1


def test_a_dashboard_without_our_note_is_neither_overwritten_nor_deleted(rig: Declared) -> None:
    theirs = json.dumps({"widgets": []})
    rig.sandbox.cloudwatch.put_dashboard(DashboardName=DASHBOARD, DashboardBody=theirs)
    rig.world.calls.clear()
    assert rig.should.dashboard is not None
    with pytest.raises(Blocked, match=f"Dashboard {DASHBOARD} exists, but without the note") as refused:
        rig.cloud.standing.keep_dashboard(KeepDashboard("dev", rig.should.dashboard), rig.permit())
    assert refused.value.code == "aws.foreign"
    rig.cloud.standing.drop_dashboard(DropDashboard("dev", DASHBOARD), rig.permit())
    assert rig.changes() == []


Write = Callable[[Declared, Permit], None]


def keep_alarms(rig: Declared, permit: Permit) -> None:
    rig.cloud.standing.keep_alarms(KeepAlarms("backend", rig.of("backend")), permit)


def drop_alarms(rig: Declared, permit: Permit) -> None:
    rig.cloud.standing.drop_alarms(DropAlarms("backend", (ERRORS,)), permit)


def keep_dashboard(rig: Declared, permit: Permit) -> None:
    assert rig.should.dashboard is not None
    rig.cloud.standing.keep_dashboard(KeepDashboard("dev", rig.should.dashboard), permit)


def drop_dashboard(rig: Declared, permit: Permit) -> None:
    rig.cloud.standing.drop_dashboard(DropDashboard("dev", DASHBOARD), permit)


each_write = pytest.mark.parametrize("write", [keep_alarms, drop_alarms, keep_dashboard, drop_dashboard])


@each_write
def test_without_the_lease_nothing_is_changed(rig: Declared, write: Write) -> None:
    rig.keep()
    rig.world.calls.clear()
    with pytest.raises(Conflict):
        write(rig, rig.lost_lease())
    assert rig.changes() == []


@each_write
def test_the_lease_is_looked_at_before_each_change(rig: Declared, write: Write) -> None:
    rig.keep()
    rig.world.calls.clear()
    rig.checks = 0
    write(rig, rig.permit())
    assert rig.checks == len(rig.changes()) > 0


@each_write
def test_a_missing_right_is_an_operators_affair_and_is_named(rig: Declared, write: Write) -> None:
    rig.keep()
    rig.world.faults.add(Fault("denied", service="cloudwatch", mutating=True))
    with pytest.raises(Blocked, match=r"not authorized to perform: cloudwatch:(Put|Delete)\w+.*iam-policy\.md"):
        write(rig, rig.permit())


@each_write
def test_what_is_throttled_is_tried_again(rig: Declared, write: Write) -> None:
    rig.keep()
    rig.world.faults.add(Fault("throttle", service="cloudwatch", mutating=True))
    with pytest.raises(Transient):
        write(rig, rig.permit())
