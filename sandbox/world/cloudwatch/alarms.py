"""Alarms: made, shown, set, silenced, deleted. Composite ones are made in `composites`."""

from __future__ import annotations

import json
from typing import Any

from sandbox.world.cloudwatch import history, metrics, model, watching
from sandbox.world.cloudwatch.evaluation import COMPARISONS
from sandbox.world.cloudwatch.model import Alarm, Kind, paged, refuse, require
from sandbox.world.cloudwatch.queries import Answers, queries_of
from sandbox.world.cloudwatch.rules import rule_of
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, Parameters, chosen

operations = Operations()

ALARMS_PER_PAGE = 50
DAY_SECONDS, WEEK_SECONDS = 86_400, 604_800
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
MISSING = ("breaching", "notBreaching", "ignore", "missing")
OF_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
NEEDED = ("Namespace", "Period")
OTHERWISE = ("EvaluationCriteria", "EvaluationInterval", "EvaluationWindow", "ThresholdMetricId", "WarmUpConfiguration")
"""Other ways to watch, which the sandbox does not know."""
SETTINGS = (
    *("AlarmDescription", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData"),
    *("EvaluateLowSampleCountPercentile", "Metrics", *OF_ONE_METRIC),
)


@operations.changes("PutMetricAlarm")
def put_metric_alarm(call: Call) -> Answer:
    _check(call)
    _check_what_is_watched(call)
    settings = {
        **common_settings(call),
        **chosen(call.parameters, *SETTINGS),
        "Threshold": float(call["Threshold"]),
    }
    if "MetricName" in settings:
        settings.setdefault("Dimensions", [])
    put(call, "MetricAlarm", settings)
    watching.follow(call.place)
    return {}


def common_settings(call: Call) -> dict[str, Any]:
    """What every alarm has."""
    return {"ActionsEnabled": call.get("ActionsEnabled", True), **{name: call.get(name, []) for name in ACTIONS}}


def put(call: Call, kind: Kind, settings: dict[str, Any]) -> Alarm:
    """Make an alarm, or overwrite all of its settings: it keeps its state and its tags."""
    place, name, known = call.place, call["AlarmName"], model.alarms(call.place)
    require(name.isprintable(), "AlarmName must not contain control characters.")
    alarm = known.get(name)
    if alarm is None:
        alarm = known[name] = _made(call, kind, settings)
        history.configured(place, alarm, "created")
        return alarm
    require(alarm.kind == kind, f"An alarm named {name} exists already, and is a {alarm.kind}.")
    alarm.settings, alarm.configured_at = settings, place.now()
    history.configured(place, alarm, "updated")
    return alarm


def _made(call: Call, kind: Kind, settings: dict[str, Any]) -> Alarm:
    place, name, now = call.place, call["AlarmName"], call.place.now()
    if len(model.alarms(place)) >= model.ALARMS_PER_REGION:
        raise refuse("The quota for alarms for this customer has already been reached.", "LimitExceededFault")
    tags = model.tags(call.get("Tags"))
    arn = place.arn("cloudwatch", f"alarm:{name}")
    return Alarm(name, arn, kind, settings, now, updated_at=now, transitioned_at=now, tags=tags)


def _check(call: Call) -> None:
    strange = [name for name in OTHERWISE if name in call]
    require(not strange, f"The sandbox's alarms have metrics and a threshold, not {', '.join(strange)}.")
    for name in ("Threshold", "EvaluationPeriods", "ComparisonOperator"):
        require(name in call, f"The parameter {name} must be given.")
    known = ", ".join(COMPARISONS)
    require(call["ComparisonOperator"] in COMPARISONS, f"The sandbox knows the comparisons {known}.")
    require(call.get("TreatMissingData", "missing") in MISSING, f"TreatMissingData is one of {', '.join(MISSING)}.")
    wanted, periods = call.get("DatapointsToAlarm", 1), call["EvaluationPeriods"]
    require(wanted <= periods, "DatapointsToAlarm must be less than or equal to EvaluationPeriods.")


def _check_what_is_watched(call: Call) -> None:
    of_one = [name for name in OF_ONE_METRIC if name in call]
    if "Metrics" in call:
        require(not of_one, f"Metrics must not be given together with {', '.join(of_one)}.")
        _check_maths(call)
        return
    require("MetricName" in call, "Either MetricName or Metrics must be given.")
    for name in NEEDED:
        require(name in call, f"The parameter {name} must be given.")
    both = ("Statistic" in call) + ("ExtendedStatistic" in call)
    require(both == 1, "Exactly one of Statistic and ExtendedStatistic must be given.")
    metrics.require_statistic(call.get("Statistic") or call["ExtendedStatistic"])
    _check_period(call["Period"], call["EvaluationPeriods"])


def _check_maths(call: Call) -> None:
    found = queries_of(call["Metrics"])
    returned = [query.id for query in found if query.is_returned]
    require(len(returned) == 1, f"Exactly one of the Metrics must have ReturnData true, found {len(returned)}.")
    periods = [query.period for query in found if query.metric is not None]
    require(bool(periods), "An alarm needs a metric in its Metrics.")
    for period in periods:
        _check_period(period, call["EvaluationPeriods"])
    # Worked out over no time at all: what cannot be read is refused now, and not at the first evaluation.
    Answers(call.place, found, 0, 0)[returned[0]]


def _check_period(period: int, times: int) -> None:
    known = period in (10, 20, 30) or (period > 0 and period % 60 == 0)
    require(known, f"The period must be 10, 20, 30 or a multiple of 60, found {period}.")
    longest = DAY_SECONDS if period < 3600 else WEEK_SECONDS
    require(period * times <= longest, f"Metrics cannot be checked across more than {longest} seconds.")


@operations.reads("DescribeAlarms")
def describe_alarms(call: Call) -> Answer:
    """Metric alarms only unless AlarmTypes says otherwise; names that are not there are left out."""
    narrow = [name for name in ("AlarmNames", "AlarmNamePrefix") if name in call]
    require(len(narrow) < 2, "AlarmNames and AlarmNamePrefix must not be given together.")
    for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if name in call:
            others = call.parameters.keys() - {name, "MaxRecords", "NextToken"}
            require(not others, f"{name} must not be given together with {', '.join(sorted(others))}.")
    found = [alarm for _, alarm in sorted(model.alarms(call.place).items()) if _is_asked_for(call, alarm)]
    listed, token = paged(call, found, call.get("MaxRecords", ALARMS_PER_PAGE))
    return {
        "MetricAlarms": [history.shown(each) for each in listed if each.kind == "MetricAlarm"],
        "CompositeAlarms": [history.shown(each) for each in listed if each.kind == "CompositeAlarm"],
        "NextToken": token,
    }


def _is_asked_for(call: Call, alarm: Alarm) -> bool:
    if "ChildrenOfAlarmName" in call:
        parent = model.alarms(call.place).get(call["ChildrenOfAlarmName"])
        return parent is not None and alarm.name in children_of(parent)
    if "ParentsOfAlarmName" in call:
        return call["ParentsOfAlarmName"] in children_of(alarm)
    return (
        alarm.kind in call.get("AlarmTypes", ["MetricAlarm"])
        and alarm.name in call.get("AlarmNames", [alarm.name])
        and alarm.name.startswith(call.get("AlarmNamePrefix", ""))
        and call.get("StateValue", alarm.state) == alarm.state
        and any(action.startswith(call.get("ActionPrefix", "")) for action in _actions_of(alarm) or [""])
    )


def _actions_of(alarm: Alarm) -> list[str]:
    return [action for name in ACTIONS for action in alarm.settings[name]]


def children_of(alarm: Alarm) -> tuple[str, ...]:
    return rule_of(alarm.settings["AlarmRule"]).children if alarm.kind == "CompositeAlarm" else ()


@operations.changes("SetAlarmState")
def set_alarm_state(call: Call) -> Answer:
    """Until it is evaluated again; a composite alarm keeps it until a child changes."""
    alarm = model.alarms(call.place).get(call["AlarmName"])
    if alarm is None:
        raise refuse(f"Alarm {call['AlarmName']} does not exist", "ResourceNotFound", 404)
    data = call.get("StateReasonData", "")
    if data and not _is_json(data):
        raise refuse("StateReasonData is not valid JSON.", "InvalidFormatFault")
    watching.change(call.place, alarm, call["StateValue"], call["StateReason"], data)
    return {}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@operations.changes("DeleteAlarms")
def delete_alarms(call: Call) -> Answer:
    """All that are there, at most one of them composite; none that a composite alarm needs that stays."""
    known = model.alarms(call.place)
    going = [known[name] for name in dict.fromkeys(call["AlarmNames"]) if name in known]
    composites = [alarm.name for alarm in going if alarm.kind == "CompositeAlarm"]
    require(len(composites) < 2, "You can delete no more than one composite alarm with one call.")
    _check_nobody_needs(call.place, going)
    for alarm in going:
        del known[alarm.name]
        history.configured(call.place, alarm, "deleted")
    watching.follow(call.place)
    return {}


def _check_nobody_needs(place: Place, going: list[Alarm]) -> None:
    names = {alarm.name for alarm in going}
    for alarm in going:
        staying = [parent.name for parent in watching.parents(place, alarm.name) if parent.name not in names]
        needed = f"Cannot delete {alarm.name} as there are composite alarm(s) depending on it: {', '.join(staying)}"
        require(not staying, needed)


@operations.changes("EnableAlarmActions")
def enable_alarm_actions(call: Call) -> Answer:
    return _enable(call.place, call.parameters, True)


@operations.changes("DisableAlarmActions")
def disable_alarm_actions(call: Call) -> Answer:
    return _enable(call.place, call.parameters, False)


def _enable(place: Place, parameters: Parameters, enabled: bool) -> Answer:
    known = model.alarms(place)
    for name in parameters["AlarmNames"]:
        if name in known and known[name].settings["ActionsEnabled"] != enabled:
            known[name].settings["ActionsEnabled"] = enabled
            known[name].configured_at = place.now()
            history.configured(place, known[name], "updated")
    return {}
