"""Metrics of target groups: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html

Every series is of one target group behind one load balancer. What the balancer answers by itself, as
HTTPCode_ELB_5XX_Count, has no target group, so it can be nobody's error here; a target that could not be reached has.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from controller.domain.arns import balancer_of
from controller.domain.errors import Blocked, Transient
from controller.domain.metrics import Minute, Minutes

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        GetMetricDataOutputTypeDef,
        MessageDataTypeDef,
        MetricDataQueryTypeDef,
        MetricDataResultTypeDef,
    )

NAMESPACE = "AWS/ApplicationELB"
PERIOD_SECONDS = 60
"""A load balancer has no finer ones."""

REQUESTS, LATENCY = "RequestCount", "TargetResponseTime"
ERRORS = ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount")


@dataclass(frozen=True)
class Series:
    """One metric of one target group, by one statistic: `Sum`, `p95`."""

    group_arn: str
    metric: str
    statistic: str


def series_of(group_arn: str, percents: Iterable[int]) -> tuple[Series, ...]:
    """Everything that is asked about one target group."""
    sums = (Series(group_arn, metric, "Sum") for metric in (REQUESTS, *ERRORS))
    return (*sums, *(Series(group_arn, LATENCY, f"p{percent}") for percent in percents))


def queries(wanted: Iterable[Series], listener_arn: str) -> dict[str, MetricDataQueryTypeDef]:
    """By id, in the order given."""
    found: dict[str, MetricDataQueryTypeDef] = {}
    for number, series in enumerate(wanted):
        metric = {
            "Namespace": NAMESPACE,
            "MetricName": series.metric,
            "Dimensions": _dimensions(series.group_arn, listener_arn),
        }
        stat = {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": series.statistic}
        found[f"m{number}"] = {"Id": f"m{number}", "MetricStat": stat, "ReturnData": True}  # type: ignore[typeddict-item]
    return found


def _dimensions(group_arn: str, listener_arn: str) -> list[DimensionTypeDef]:
    return [
        {"Name": "TargetGroup", "Value": group_arn.rpartition(":")[2]},
        {"Name": "LoadBalancer", "Value": balancer_of(listener_arn)},
    ]


@dataclass
class Points:
    """What came of the queries of one request, page by page."""

    values: dict[str, dict[datetime, float]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def add(self, page: GetMetricDataOutputTypeDef) -> None:
        """A series may come in several pages, and is complete when its last one says so."""
        self.messages += [_told(message) for message in page.get("Messages", [])]
        for result in page["MetricDataResults"]:
            self._add(result)

    def _add(self, result: MetricDataResultTypeDef) -> None:
        known = self.values.setdefault(result["Id"], {})
        known.update(zip(result.get("Timestamps", []), result.get("Values", []), strict=True))
        self.states[result["Id"]] = result.get("StatusCode", "Complete")
        self.messages += [_told(message) for message in result.get("Messages", [])]

    def insist_whole(self, ids: Iterable[str], attempted: str) -> None:
        """A part of the numbers is never taken for all of them."""
        states = {self.states.get(name, "no answer") for name in ids} - {"Complete"}
        told = "; ".join([*sorted(states), *self.messages])
        if "Forbidden" in states:
            raise Blocked(f"{attempted}: {told}; the role may not read these metrics", code="metrics.forbidden")
        if told:
            raise Transient(f"{attempted}: not all of it came: {told}", code="metrics.incomplete")


def _told(message: MessageDataTypeDef) -> str:
    return f"{message.get('Code', '')}: {message.get('Value', '')}".strip(": ")


def minutes(found: Mapping[Series, Mapping[datetime, float]], group_arn: str) -> Minutes:
    """Minutes with requests, oldest first.

    CloudWatch has no datapoint for a count of zero: where requests came, a missing count of errors is none. A request
    may be tried on several targets, so there can be more failed connections than requests.
    """
    requests = found[Series(group_arn, REQUESTS, "Sum")]
    errors = [found[Series(group_arn, metric, "Sum")] for metric in ERRORS]
    latencies = {
        int(series.statistic[1:]): points for series, points in found.items() if _is_latency(series, group_arn)
    }
    return tuple(
        Minute(
            at=at,
            requests=round(count),
            errors=min(round(sum(points.get(at, 0.0) for points in errors)), round(count)),
            latencies={percent: points[at] for percent, points in latencies.items() if at in points},
        )
        for at, count in sorted(requests.items())
        if round(count) > 0
    )


def _is_latency(series: Series, group_arn: str) -> bool:
    return series.group_arn == group_arn and series.metric == LATENCY
