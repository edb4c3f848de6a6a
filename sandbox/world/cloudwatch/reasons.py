"""Why an alarm is in its state, in CloudWatch's own words. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.world.cloudwatch.evaluation import Terms, Verdict
from sandbox.world.cloudwatch.model import Alarm, State, moment, stamp

POINTS_TOLD = 10

WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}

Point = tuple[int, float]
"""Where a period begins, and its value."""


def of_points(alarm: Alarm, terms: Terms, verdict: Verdict, points: Sequence[Point]) -> str:
    """`points` are those that were judged, oldest first."""
    if verdict.state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(terms.periods, 'datapoint was', 'datapoints were')} unknown."
    if verdict.filled:
        return _of_missing(terms, verdict, len(points))
    is_alarm = verdict.state == "ALARM"
    fitting = [value for _, value in points if terms.breaches(value) == is_alarm]
    told = ", ".join(f"{value} ({moment(time):%d/%m/%y %H:%M:%S})" for time, value in reversed(points[-POINTS_TOLD:]))
    verb, word = "was" if len(fitting) == 1 else "were", WORDS[alarm.settings["ComparisonOperator"]]
    least = terms.wanted if is_alarm else terms.periods - terms.wanted + 1
    turn = "OK -> ALARM" if is_alarm else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(fitting)} out of the last {len(points)} datapoints [{told}] {verb} "
        f"{'' if is_alarm else 'not '}{word} the threshold ({alarm.settings['Threshold']}) "
        f"(minimum {_counted(least, 'datapoint', 'datapoints')} for {turn} transition)."
    )


def _of_missing(terms: Terms, verdict: Verdict, received: int) -> str:
    got = _counted(received, "datapoint was", "datapoints were") if received else "no datapoints were"
    taken = "Breaching" if terms.missing == "breaching" else "NonBreaching"
    return (
        f"Threshold Crossed: {got} received for {_counted(terms.periods, 'period', 'periods')} and "
        f"{_counted(verdict.filled, 'missing datapoint was', 'missing datapoints were')} treated as [{taken}]."
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def data_of_points(alarm: Alarm, period: int, begins: int, points: Sequence[Point], now: datetime) -> str:
    """The JSON beside the reason; `period` in AWS's seconds."""
    settings = alarm.settings
    told: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now), "startDate": stamp(moment(begins))}
    if "MetricName" in settings:
        told["statistic"] = settings.get("Statistic") or settings.get("ExtendedStatistic")
    told |= {
        "period": period,
        "recentDatapoints": [value for _, value in points],
        "threshold": settings["Threshold"],
        "evaluatedDatapoints": [{"timestamp": stamp(moment(time)), "value": value} for time, value in reversed(points)],
    }
    return json.dumps(told)


def of_child(child: Alarm) -> str:
    return f"{child.arn} transitioned to {child.state} at {child.transitioned_at:%A %d %B, %Y %H:%M:%S} UTC"


def of_rule(alarm: Alarm, state: State, verb: str) -> str:
    return f"{alarm.arn} was {verb} and its alarm rule evaluates to {state}"


def data_of_children(children: Sequence[Alarm]) -> str:
    told = [{"arn": each.arn, "state": {"value": each.state, "timestamp": stamp(each.updated_at)}} for each in children]
    return json.dumps({"triggeringAlarms": told})
