"""What CloudWatch remembers of an alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html: `HistoryData` is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controller.adapters.aws.wire.sentences import said
from controller.domain.alarms import AlarmState
from controller.domain.evidence import AlarmChange, AlarmEvidence

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import AlarmHistoryItemTypeDef

STATES = {"OK": AlarmState.OK, "ALARM": AlarmState.RINGING, "INSUFFICIENT_DATA": AlarmState.NO_DATA}

POINTS_TOLD = 10


def is_ringing(item: AlarmHistoryItemTypeDef) -> bool:
    return _new_state(item).get("stateValue") == "ALARM"


def evidence(name: str, items: Sequence[AlarmHistoryItemTypeDef]) -> AlarmEvidence:
    """`items` are newest first, as CloudWatch gives them; figures are those of the last time that it rang."""
    figures = next((_figures(item) for item in items if is_ringing(item)), {})
    threshold, points = figures.get("threshold"), figures.get("recentDatapoints") or ()
    return AlarmEvidence(
        name=name,
        changes=tuple(map(_change, reversed(items))),
        threshold=float(threshold) if threshold is not None else None,
        datapoints=tuple(float(point) for point in points if point is not None)[-POINTS_TOLD:],
    )


def _change(item: AlarmHistoryItemTypeDef) -> AlarmChange:
    new = _new_state(item)
    return AlarmChange(item["Timestamp"], STATES[new["stateValue"]], said(new.get("stateReason", "")))


def _new_state(item: AlarmHistoryItemTypeDef) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(item["HistoryData"]).get("newState", {})
    return found


def _figures(item: AlarmHistoryItemTypeDef) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _new_state(item).get("stateReasonData") or {}
    return found
