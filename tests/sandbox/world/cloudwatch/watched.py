"""A world in which something is watched: samples and alarms in few words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.world.ports import Answered
from tests.support.sandbox_aws import Sandbox

TOPIC = "arn:aws:sns:eu-west-1:123456789012:tidegate"
ERRORS = {"Namespace": "app", "MetricName": "errors", "Dimensions": []}


class Watched(Sandbox):
    """A sandbox with CloudWatch at hand."""

    def sample(self, *values: float, name: str = "errors", **datum: Any) -> None:
        data = [{"MetricName": name, "Value": value, **datum} for value in values]
        self.cloudwatch.put_metric_data(Namespace="app", MetricData=data)

    def alarm(self, name: str = "a", **settings: Any) -> None:
        given = {
            **ERRORS,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **settings,
        }
        self.cloudwatch.put_metric_alarm(
            AlarmName=name, **{key: value for key, value in given.items() if value is not None}
        )

    def state(self, name: str = "a") -> str:
        types = ["MetricAlarm", "CompositeAlarm"]
        found = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=types)
        [shown] = found["MetricAlarms"] + found["CompositeAlarms"]
        return str(shown["StateValue"])

    def read(self, *queries: dict[str, Any], minutes: float = 10, **settings: Any) -> dict[str, list[float]]:
        """The values of each query over the last minutes, oldest first."""
        now = self.clock.now()
        asked = {"StartTime": now - timedelta(minutes=minutes), "EndTime": now, "ScanBy": "TimestampAscending"}
        answer = self.cloudwatch.get_metric_data(MetricDataQueries=list(queries), **{**asked, **settings})
        return {each["Id"]: each["Values"] for each in answer["MetricDataResults"]}

    def request(self, group: str, status: int = 200, seconds: float = 0.1, by_target: bool = True) -> None:
        self.world.observe(Answered(self.balancer, group, status, by_target, seconds))

    def balanced(self, name: str, group: str = "", stat: str = "Sum", period: int = 60) -> dict[str, Any]:
        """A query for a load balancer's metric, or for that of one of its groups."""
        dimensions = [{"Name": "LoadBalancer", "Value": self.balancer.partition(":loadbalancer/")[2]}]
        if group:
            dimensions.append({"Name": "TargetGroup", "Value": group.rpartition(":")[2]})
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions}
        return {"Id": "m", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def stat(statistic: str, query_id: str = "m", period: int = 60, name: str = "errors", **query: Any) -> dict[str, Any]:
    metric = {**ERRORS, "MetricName": name}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}, **query}


def maths(expression: str, query_id: str = "x") -> dict[str, Any]:
    return {"Id": query_id, "Expression": expression}
