"""`ports.Alarms`: what CloudWatch's alarms say now, and what they said since a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_ALARM_HISTORY, DESCRIBE_ALARMS
from controller.adapters.aws.wire import alarms as wire
from controller.domain.alarms import Alarms, AlarmState, AlarmView

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.literals import AlarmTypeType
    from mypy_boto3_cloudwatch.type_defs import AlarmHistoryItemTypeDef, CompositeAlarmTypeDef, MetricAlarmTypeDef

NAMES_AT_ONCE = 100
ONE_MOMENT = timedelta(seconds=1)
"""An alarm's own time of a change and its history's differ by so much at most; no alarm changes twice within it."""

KINDS: list[AlarmTypeType] = ["MetricAlarm", "CompositeAlarm"]
"""Without them only metric alarms are told of."""


class AlarmBoard:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def look(self, names: Collection[str], heard: Mapping[str, datetime]) -> Alarms:
        """One call for a hundred alarms, and one for each that has changed since it was `heard`, and doesn't ring.

        A name that CloudWatch doesn't know is simply not in its answer.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        """
        found = {
            one["AlarmName"]: self._view(one, heard.get(one["AlarmName"]))
            for one in self._described(sorted(set(names)))
        }
        return {name: found.get(name) for name in names}

    def _described(self, names: list[str]) -> Iterator[MetricAlarmTypeDef | CompositeAlarmTypeDef]:
        for some in batched(names, NAMES_AT_ONCE):
            asked = DESCRIBE_ALARMS({"AlarmNames": some, "AlarmTypes": KINDS, "MaxRecords": NAMES_AT_ONCE})
            for page in self._caller.pages(asked, f"alarms {', '.join(some)}"):
                yield from page.get("MetricAlarms", [])
                yield from page.get("CompositeAlarms", [])

    def _view(self, alarm: MetricAlarmTypeDef | CompositeAlarmTypeDef, heard: datetime | None) -> AlarmView:
        name, state = alarm["AlarmName"], wire.STATES[alarm["StateValue"]]
        changed = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
        rang_at = None
        if heard is not None and changed > heard:
            rang_at = changed if state is AlarmState.RINGING else self._rang(name, heard)
        return AlarmView(name, state, changed, alarm.get("StateReason", ""), rang_at)

    def _rang(self, name: str, heard: datetime) -> datetime | None:
        """The last time that it began to ring after `heard`."""
        began = (item["Timestamp"] for item in self.history(name, heard) if wire.is_ringing(item))
        return next(began, None)

    def history(self, name: str, after: datetime) -> Iterator[AlarmHistoryItemTypeDef]:
        """Its changes of state after this moment of CloudWatch's, newest first.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
        """
        asked = DESCRIBE_ALARM_HISTORY(
            {
                "AlarmName": name,
                "AlarmTypes": KINDS,
                "HistoryItemType": "StateUpdate",
                "StartDate": after,
                "ScanBy": "TimestampDescending",
            }
        )
        for page in self._caller.pages(asked, f"history of alarm {name}"):
            yield from (item for item in page["AlarmHistoryItems"] if item["Timestamp"] > after + ONE_MOMENT)
