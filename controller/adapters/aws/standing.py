"""Alarms that stand, and dashboards. An alarm is ours by its tags, a dashboard by the note at its top."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    DELETE_ALARMS,
    DELETE_DASHBOARDS,
    DESCRIBE_ALARMS,
    GET_DASHBOARD,
    LIST_ALARM_TAGS,
    PUT_DASHBOARD,
    PUT_METRIC_ALARM,
)
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.ownership import Owner, Tags
from controller.adapters.aws.remembered import Remembered
from controller.adapters.aws.wire import standing as wire
from controller.domain.actions import DropAlarms, DropDashboard, KeepAlarms, KeepDashboard
from controller.domain.dashboard import Dashboard, read_dashboard
from controller.domain.errors import Blocked
from controller.domain.names import SERVICE_TAG, alarm_prefix, dashboard_name
from controller.domain.ports import Clock, Permit
from controller.domain.standing import Standing

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

AT_ONCE = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html: names, and alarms a page.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html"""


class StandingKeeper:
    """`ports.Standing`. All alarms of a region share one space of names, so it is asked first whose one is."""

    def __init__(self, caller: Caller, owner: Owner, region: str, clock: Clock) -> None:
        self._caller = caller
        self._owner = owner
        self._region = region
        self._remembered: Remembered[str, Tags] = Remembered(clock)

    def look(self, names: Collection[str]) -> Standing:
        """One call for a hundred alarms and one for the dashboard; and one for the tags of each alarm that is called as
        ours are and is none of `names`: a place with a longer name may have made it."""
        found = {}
        for shown in self._beginning(alarm_prefix(self._owner.place)):
            name = shown["AlarmName"]
            if name in names:
                found[name] = wire.read(shown, "")
            elif self._owner.owns(tags := self._tags(shown["AlarmArn"])):
                found[name] = wire.read(shown, tags.get(SERVICE_TAG, ""))
        return Standing(found, self._dashboard(dashboard_name(self._owner.place, self._region)))

    def keep_alarms(self, action: KeepAlarms, permit: Permit) -> None:
        """Everything is looked at before the first one is changed."""
        there = self._named([alarm.name for alarm in action.alarms])
        for name, shown in there.items():
            self._owner.insist(self._tags_now(shown["AlarmArn"]), f"Alarm {name}")
        for alarm in action.alarms:
            request = wire.put(alarm, self._owner.common(action.service))
            self._caller.change(PUT_METRIC_ALARM(request), f"alarm {alarm.name}", permit)

    def drop_alarms(self, action: DropAlarms, permit: Permit) -> None:
        there = self._named(action.names)
        ours = [name for name, shown in there.items() if self._owner.owns(self._tags_now(shown["AlarmArn"]))]
        for some in batched(sorted(ours), AT_ONCE):
            try:
                self._caller.change(DELETE_ALARMS({"AlarmNames": some}), f"alarms {', '.join(some)}", permit)
            except Gone:
                continue

    def keep_dashboard(self, action: KeepDashboard, permit: Permit) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html"""
        name = action.dashboard.name
        there = self._dashboard(name)
        if there is not None and not there.is_ours:
            raise Blocked(
                f"Dashboard {name} exists, but without the note that Tidegate puts at the top of its own: Tidegate does"
                " not touch what it did not make. Delete it, or give it another name.",
                code="aws.foreign",
            )
        request = PUT_DASHBOARD({"DashboardName": name, "DashboardBody": action.dashboard.body})
        self._caller.change(request, f"dashboard {name}", permit)

    def drop_dashboard(self, action: DropDashboard, permit: Permit) -> None:
        there = self._dashboard(action.name)
        if there is None or not there.is_ours:
            return
        try:
            request = DELETE_DASHBOARDS({"DashboardNames": [action.name]})
            self._caller.change(request, f"dashboard {action.name}", permit)
        except Gone:
            return

    def _beginning(self, prefix: str) -> Iterator[MetricAlarmTypeDef]:
        asked = DESCRIBE_ALARMS({"AlarmNamePrefix": prefix, "AlarmTypes": ["MetricAlarm"], "MaxRecords": AT_ONCE})
        for page in self._caller.pages(asked, f"alarms {prefix}*"):
            yield from page.get("MetricAlarms", [])

    def _named(self, names: Collection[str]) -> Mapping[str, MetricAlarmTypeDef]:
        found = {}
        for some in batched(sorted(names), AT_ONCE):
            asked = DESCRIBE_ALARMS({"AlarmNames": some, "AlarmTypes": ["MetricAlarm"], "MaxRecords": AT_ONCE})
            for page in self._caller.pages(asked, f"alarms {', '.join(some)}"):
                found.update({shown["AlarmName"]: shown for shown in page.get("MetricAlarms", [])})
        return found

    def _tags(self, arn: str) -> Tags:
        """They may be a few minutes old. None at all may not have arrived yet, and are asked for again next time."""
        known = self._remembered.get(arn)
        if known is not None:
            return known
        tags = self._tags_now(arn)
        return self._remembered.put(arn, tags) if tags else tags

    def _tags_now(self, arn: str) -> Tags:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListTagsForResource.html

        None of an alarm that is gone meanwhile."""
        try:
            shown = self._caller.read(LIST_ALARM_TAGS({"ResourceARN": arn}), f"alarm {arn}")
        except Gone:
            return {}
        return {tag["Key"]: tag["Value"] for tag in shown.get("Tags", [])}

    def _dashboard(self, name: str) -> Dashboard | None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html"""
        try:
            shown = self._caller.read(GET_DASHBOARD({"DashboardName": name}), f"dashboard {name}")
        except Gone:
            return None
        return read_dashboard(name, shown["DashboardBody"], self._owner.place)
