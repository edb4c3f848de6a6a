"""`ports.Metrics`: what CloudWatch counts of the slots' target groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import GET_METRIC_DATA
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import metrics as wire
from controller.adapters.aws.wire.metrics import Points, Series
from controller.domain.metrics import Counted, Minutes
from controller.domain.names import group_name
from controller.domain.slot import Slot

QUERIES_AT_ONCE = 500
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""


class MetricReader:
    def __init__(self, caller: Caller, owner: Owner, foundation: FoundationReader, groups: Groups) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation
        self._groups = groups

    def read(self, services: Collection[str], percents: Collection[int], since: datetime, until: datetime) -> Counted:
        """One call for the target groups, and one for 500 series, or for the pages of their answer."""
        names = {(service, slot): group_name(self._owner.place, service, slot) for service in services for slot in Slot}
        groups = self._groups.find(list(names.values()))
        arns = {key: groups[name]["TargetGroupArn"] for key, name in names.items() if name in groups}
        wanted = [series for arn in arns.values() for series in wire.series_of(arn, percents)]
        found: dict[Series, Mapping[datetime, float]] = {}
        for some in batched(wanted, QUERIES_AT_ONCE):
            found.update(self._answered(some, since, until))
        counted: dict[str, dict[Slot, Minutes]] = {service: {} for service in services}
        for (service, slot), arn in arns.items():
            counted[service][slot] = wire.minutes(found, arn)
        return counted

    def _answered(
        self, wanted: Sequence[Series], since: datetime, until: datetime
    ) -> dict[Series, Mapping[datetime, float]]:
        """The beginning is rounded down to a minute by CloudWatch, so what came before it is left out here."""
        queries = wire.queries(wanted, self._foundation.read().listener)
        asked = GET_METRIC_DATA(
            {
                "MetricDataQueries": list(queries.values()),
                "StartTime": since,
                "EndTime": until,
                "ScanBy": "TimestampAscending",
            }
        )
        about, points = f"{len(queries)} metrics of {self._owner.place}", Points()
        for page in self._caller.pages(asked, about):
            points.add(page)
        points.insist_whole(queries, f"cloudwatch GetMetricData for {about}")
        return {
            series: {at: value for at, value in points.values[name].items() if since <= at < until}
            for name, series in zip(queries, wanted, strict=True)
        }
