"""Alarms that stand, as PutMetricAlarm takes them and as DescribeAlarms shows them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from controller.adapters.aws.wire.tags import elb_tags
from controller.domain.series import Series
from controller.domain.standing import Bad, Silence, StandingAlarm

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef, PutMetricAlarmInputTypeDef

PERIOD_SECONDS = 60
COMPARISONS = {
    Bad.ABOVE: "GreaterThanThreshold",
    Bad.FROM: "GreaterThanOrEqualToThreshold",
    Bad.BELOW: "LessThanThreshold",
}
MISSING = {
    Silence.GOOD: "notBreaching",
    Silence.BAD: "breaching",
    Silence.KEEPS: "ignore",
    Silence.UNKNOWN: "missing",
}
BAD = {name: bad for bad, name in COMPARISONS.items()}
SILENCES = {name: silence for silence, name in MISSING.items()}

ITS_OWN = frozenset(
    {
        *("AlarmName", "AlarmArn", "AlarmConfigurationUpdatedTimestamp", "EvaluationState"),
        *("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp"),
    }
)
"""What an alarm shows that nobody sets."""

MEANT = frozenset(
    {
        *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "Metrics", "Threshold"),
        *("EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData"),
    }
)
"""What a `StandingAlarm` has a field for."""


def put(alarm: StandingAlarm, tags: Mapping[str, str]) -> PutMetricAlarmInputTypeDef:
    """Tags are only taken when the alarm is made; all else is overwritten."""
    formulas = [
        {"Id": name, "Expression": text, "ReturnData": name == alarm.watched} for name, text in alarm.formulas.items()
    ]
    request: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.text,
        "ActionsEnabled": alarm.is_loud,
        "OKActions": list(alarm.topics),
        "AlarmActions": list(alarm.topics),
        "Metrics": [*map(_metric, alarm.series), *formulas],
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.minutes,
        "DatapointsToAlarm": alarm.bad_minutes,
        "ComparisonOperator": COMPARISONS[alarm.bad],
        "TreatMissingData": MISSING[alarm.silence],
        "Tags": elb_tags(tags),
    }
    return cast("PutMetricAlarmInputTypeDef", request)


def _metric(series: Series) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in series.of]
    metric = {"Namespace": series.namespace, "MetricName": series.metric, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": series.statistic}
    return {"Id": series.id, "MetricStat": stat, "ReturnData": False}


def read(shown: MetricAlarmTypeDef, service: str) -> StandingAlarm:
    """With what AWS fills in: without `DatapointsToAlarm` every period has to be bad, and without `TreatMissingData` it
    is `missing`. The order of metrics, and of their dimensions, says nothing."""
    queries: list[dict[str, Any]] = [dict(each) for each in shown.get("Metrics", [])]
    series = {each["Id"]: found for each in queries if (found := _series(each)) is not None}
    formulas = {each["Id"]: each["Expression"] for each in queries if each.keys() <= {"Id", "Expression", "ReturnData"}}
    periods = shown.get("EvaluationPeriods", 0)
    return StandingAlarm(
        name=shown["AlarmName"],
        service=service,
        text=shown.get("AlarmDescription", ""),
        series=tuple(found for _, found in sorted(series.items())),
        formulas=formulas,
        watched=", ".join(each["Id"] for each in queries if each.get("ReturnData", True)),
        bad=BAD.get(shown.get("ComparisonOperator", ""), Bad.OTHERWISE),
        threshold=shown.get("Threshold", 0.0),
        silence=SILENCES.get(shown.get("TreatMissingData", ""), Silence.UNKNOWN),
        bad_minutes=shown.get("DatapointsToAlarm", periods),
        minutes=periods,
        topics=tuple(shown.get("AlarmActions", [])),
        is_loud=shown.get("ActionsEnabled", True),
        others=_others(dict(shown), [each for each in queries if each["Id"] not in series.keys() | formulas.keys()]),
    )


def _series(query: Mapping[str, Any]) -> Series | None:
    """None for what a `Series` has no words for: a formula, another period, a unit, a label, another account."""
    stat = query.get("MetricStat", {})
    if query.keys() - {"Id", "MetricStat", "ReturnData"} or stat.get("Period") != PERIOD_SECONDS or "Unit" in stat:
        return None
    metric = stat["Metric"]
    of = sorted((each["Name"], each["Value"]) for each in metric.get("Dimensions", []))
    return Series(query["Id"], metric["Namespace"], metric["MetricName"], tuple(of), stat["Stat"])


def _others(shown: Mapping[str, Any], strange: list[dict[str, Any]]) -> str:
    rest = {name: value for name, value in shown.items() if name not in ITS_OWN | MEANT}
    found = {name: value for name, value in rest.items() if value not in (None, [], "")}
    if shown.get("OKActions", []) != shown.get("AlarmActions", []):
        found["OKActions"] = shown.get("OKActions", [])
    if strange:
        found["Metrics"] = strange
    return json.dumps(found, sort_keys=True, default=str) if found else ""
