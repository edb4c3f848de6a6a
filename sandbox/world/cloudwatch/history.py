"""What happened to alarms: written down, told, and asked for."""

from __future__ import annotations

import json
from typing import Any

from sandbox.world.cloudwatch.model import Alarm, AlarmStore, HistoryItem, State, instant, metric_key, paged, stamp
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer

operations = Operations()

RECORDS_PER_PAGE = 100
CHANGED = "CloudWatch Alarm State Change"
"""EventBridge's detail-type."""


def transition(place: Place, alarm: Alarm, state: State, reason: str, reason_data: str = "") -> bool:
    """Let an alarm have another state, write it into its history and tell; False when it has that state already."""
    if alarm.state == state:
        return False
    before = _state(alarm)
    alarm.state, alarm.reason, alarm.reason_data = state, reason[:1023], reason_data[:4000]
    alarm.updated_at = alarm.transitioned_at = place.now()
    data = {"version": "1.0", "oldState": _remembered(before), "newState": _remembered(_state(alarm))}
    _write(place, alarm, "StateUpdate", f"Alarm updated from {before['value']} to {state}", data)
    place.emit(
        "aws.cloudwatch",
        CHANGED,
        alarm.arn,
        alarmName=alarm.name,
        configuration=_configuration(alarm),
        state=_state(alarm),
        previousState=before,
        actions=alarm.actions,
        alarm=shown(alarm),
    )
    return True


def configured(place: Place, alarm: Alarm, verb: str) -> None:
    """An alarm was `created`, `updated` or `deleted`."""
    data = {"version": "1.0", "type": verb.removesuffix("d").capitalize(), f"{verb}Alarm": {"alarmName": alarm.name}}
    _write(place, alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}', data)


def _write(place: Place, alarm: Alarm, item: Any, summary: str, data: dict[str, Any]) -> None:
    entry = HistoryItem(place.now(), alarm.name, alarm.kind, item, summary, json.dumps(data))
    place.store(AlarmStore).history.append(entry)


def _state(alarm: Alarm) -> dict[str, str]:
    """As EventBridge is told."""
    told = {"value": alarm.state, "reason": alarm.reason, "timestamp": stamp(alarm.updated_at)}
    return {**told, "reasonData": alarm.reason_data} if alarm.reason_data else told


def _remembered(state: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state["value"], "stateReason": state["reason"]}
    if "reasonData" in state:
        told["stateReasonData"] = json.loads(state["reasonData"])
    return told


def _configuration(alarm: Alarm) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    settings = alarm.settings
    told = {"description": settings["AlarmDescription"]} if "AlarmDescription" in settings else {}
    if alarm.kind == "CompositeAlarm":
        return {"alarmRule": settings["AlarmRule"], **told}
    if "Metrics" in settings:
        return {**told, "metrics": [_query(each) for each in settings["Metrics"]]}
    stat = {"Metric": settings, "Period": settings["Period"], "Stat": settings.get("Statistic")}
    stat["Stat"] = stat["Stat"] or settings["ExtendedStatistic"]
    return {**told, "metrics": [_query({"Id": "m1", "MetricStat": stat, "ReturnData": True})]}


def _query(given: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": given["Id"], "returnData": given.get("ReturnData", True)}
    for name in ("Expression", "Label"):
        if name in given:
            told[name.lower()] = given[name]
    if "MetricStat" in given:
        stat, key = given["MetricStat"], metric_key(given["MetricStat"]["Metric"])
        metric = {"namespace": key.namespace, "name": key.name, "dimensions": dict(key.dimensions)}
        told["metricStat"] = {"metric": metric, "period": stat["Period"], "stat": stat["Stat"]}
    return told


def shown(alarm: Alarm) -> Answer:
    """As DescribeAlarms shows it."""
    return {
        **alarm.settings,
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_at,
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data or None,
        "StateUpdatedTimestamp": alarm.updated_at,
        "StateTransitionedTimestamp": alarm.transitioned_at,
    }


@operations.reads("DescribeAlarmHistory")
def describe_alarm_history(call: Call) -> Answer:
    """Of metric alarms only unless AlarmTypes says otherwise; of deleted alarms too."""
    found = [entry for entry in call.place.store(AlarmStore).history if _is_asked_for(call, entry)]
    if call.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        found.reverse()
    listed, token = paged(call, found, call.get("MaxRecords", RECORDS_PER_PAGE))
    items = [
        {
            "AlarmName": entry.alarm,
            "AlarmType": entry.kind,
            "Timestamp": entry.time,
            "HistoryItemType": entry.item,
            "HistorySummary": entry.summary,
            "HistoryData": entry.data,
        }
        for entry in listed
    ]
    return {"AlarmHistoryItems": items, "NextToken": token}


def _is_asked_for(call: Call, entry: HistoryItem) -> bool:
    time = instant(entry.time)
    return (
        call.get("AlarmName", entry.alarm) == entry.alarm
        and entry.kind in call.get("AlarmTypes", ["MetricAlarm"])
        and call.get("HistoryItemType", entry.item) == entry.item
        and ("StartDate" not in call or instant(call["StartDate"]) <= time)
        and ("EndDate" not in call or time <= instant(call["EndDate"]))
    )
