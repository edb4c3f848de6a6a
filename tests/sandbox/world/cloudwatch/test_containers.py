"""What ECS tells CloudWatch of services: a sample a minute of each running task, and none of what does not run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.clock import Clock, Timer
from sandbox.runtime.scripted import Script
from tests.sandbox.world.cloudwatch.watched import Watched


@pytest.fixture
def running() -> Watched:
    """A service `web` of two tasks with 256 units and 512 MiB each."""
    sandbox = Watched(script=Script(cores=0.125, mebibytes=384.0))
    sandbox.web()
    sandbox.settled("web")
    return sandbox


def used(name: str, stat: str, service: str = "web") -> dict[str, Any]:
    of = [{"Name": "ServiceName", "Value": service}, {"Name": "ClusterName", "Value": "dev"}]
    metric = {"Namespace": "AWS/ECS", "MetricName": name, "Dimensions": of}
    return {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


@pytest.mark.parametrize(
    ("name", "stat", "value"),
    [
        ("CPUUtilization", "Average", 50.0),
        ("CPUUtilization", "SampleCount", 2.0),
        ("MemoryUtilization", "Average", 75.0),
    ],
)
def test_each_minute_has_one_sample_of_each_running_task(running: Watched, name: str, stat: str, value: float) -> None:
    running.clock.advance(600)
    assert running.read(used(name, stat), minutes=5)["m"] == [value] * 5


def test_a_service_that_runs_nothing_has_no_points_and_nobody_looks_any_more(running: Watched) -> None:
    running.update("web", desiredCount=0)
    running.clock.advance(900)
    assert running.read(used("CPUUtilization", "SampleCount"), minutes=5)["m"] == []
    assert running.world.container_timers == {}


def test_tasks_that_come_later_are_measured_again(running: Watched) -> None:
    running.update("web", desiredCount=0)
    running.clock.advance(900)
    running.update("web", desiredCount=3)
    running.clock.advance(300)
    assert running.read(used("CPUUtilization", "SampleCount"), minutes=2)["m"] == [3.0, 3.0]


def test_a_task_that_belongs_to_no_service_is_nobodys(running: Watched) -> None:
    definition = running.service("web")["taskDefinition"]
    network = running.service("web")["networkConfiguration"]
    running.ecs.run_task(cluster="dev", taskDefinition=definition, networkConfiguration=network)
    running.clock.advance(300)
    assert running.read(used("CPUUtilization", "SampleCount"), minutes=2)["m"] == [2.0, 2.0]


def test_minutes_pass_faster_with_the_world() -> None:
    sandbox = Watched(speed=10.0)
    sandbox.web()
    sandbox.settled("web")
    sandbox.clock.advance(60)
    assert len(sandbox.read(used("CPUUtilization", "Average"), minutes=0.5)["m"]) == 5


class Going:
    """The clock of a world in which time goes on while something is looked at, as it does outside of tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._calls = clock, 0

    def now(self) -> datetime:
        self._calls += 1
        return self._clock.now() + timedelta(microseconds=self._calls)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._clock.call_later(seconds, callback)


def test_an_alarm_sees_every_minute_although_time_goes_on_while_it_is_looked_at() -> None:
    sandbox = Watched(speed=10.0)
    sandbox.world.clock = Going(sandbox.clock)
    sandbox.web()
    sandbox.settled("web")
    running = {**used("CPUUtilization", "SampleCount"), "ReturnData": True}
    few = {"EvaluationPeriods": 5, "Threshold": 2.0, "ComparisonOperator": "LessThanThreshold"}
    sandbox.cloudwatch.put_metric_alarm(AlarmName="few", Metrics=[running], **few, TreatMissingData="breaching")
    sandbox.clock.advance(60)
    assert sandbox.state("few") == "OK"
