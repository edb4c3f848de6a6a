"""An alarm of somebody's own, that rings when a test says so."""

import json
from typing import Any, Protocol

NAME = "captioncraft-dev-5xx"
RANG = "Threshold Crossed: 1 datapoint [25.0] was greater than the threshold (1.0)."
DATA = {"version": "1.0", "recentDatapoints": [25.0], "threshold": 1.0}


class Caller(Protocol):
    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]: ...


def make_alarm(outside: Caller) -> None:
    """It is well, and stays as it is set."""
    outside.call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=NAME,
        Namespace="app",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    set_alarm(outside, "OK")


def set_alarm(outside: Caller, state: str) -> None:
    outside.call(
        "cloudwatch",
        "SetAlarmState",
        AlarmName=NAME,
        StateValue=state,
        StateReason=RANG,
        StateReasonData=json.dumps(DATA),
    )
