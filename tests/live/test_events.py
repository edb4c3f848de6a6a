"""AWS tells the controller by itself: real processes, the sandbox's EventBridge, and the door."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from tests.support.error_alarms import client
from tests.support.live import Pair, a_pair
from tests.support.processes import until

ALARM = "rehearsed"
ALARM_ARN = f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{ALARM}"


@pytest.fixture
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A controller that looks again after a minute by itself, and so only in time when it is told."""
    settings = {"TIDEGATE_PACE_SECONDS": "60", "TIDEGATE_SWEEP_SECONDS": "600"}
    with a_pair(tmp_path_factory.mktemp("events"), **settings) as pair:
        yield pair


def test_an_alarm_reaches_the_loop_within_a_second(slow: Pair) -> None:
    cloudwatch = client(slow.sandbox.endpoints, "cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=ALARM, Namespace="N", MetricName="M", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    slow.sandbox.merge()
    slow.controller.until("dev moves", lambda: slow.controller.environment()["deployment"] is not None)
    began = SystemClock().now()
    cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="a rehearsal")
    until("the alarm is taken in", lambda: taken_in(slow), [slow.controller.child], 5.0)
    [(state, detail, settled)] = taken_in(slow)
    assert state == "done"
    assert detail.startswith("asked for a look at dev")
    assert datetime.fromisoformat(settled) - began < timedelta(seconds=1)


def taken_in(pair: Pair) -> list[Any]:
    with sqlite3.connect(f"file:{pair.directory / 'tidegate.db'}?mode=ro", uri=True) as rows:
        question = "SELECT state, detail, settled_at FROM deliveries WHERE ref = ? AND settled_at IS NOT NULL"
        return rows.execute(question, [ALARM_ARN]).fetchall()
