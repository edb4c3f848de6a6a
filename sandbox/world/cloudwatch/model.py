"""What is remembered of metrics, alarms and dashboards, and what all of it may be called."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sandbox.world.errors import AwsError
from sandbox.world.operation import Call
from sandbox.world.place import Place, Store
from sandbox.world.values import tag_map

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Kind = Literal["MetricAlarm", "CompositeAlarm"]

TAGS_PER_RESOURCE = 50
ALARMS_PER_REGION = 5000
HISTORY_KEPT = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MetricKey(NamedTuple):
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Sorted by name: their order in a request means nothing."""


@dataclass
class Slot:
    """The samples of one metric in one second, or one minute, of AWS's time."""

    count: float = 0.0
    total: float = 0.0
    least: float = float("inf")
    greatest: float = float("-inf")
    values: dict[float, float] = field(default_factory=dict)
    """How often each value came."""
    has_percentiles: bool = True
    """False once a statistic set came in, whose values nobody knows."""


@dataclass
class Line:
    """One metric in one unit."""

    times: list[int] = field(default_factory=list)
    """Where slots begin, in microseconds since the epoch, ascending."""
    slots: dict[int, Slot] = field(default_factory=dict)


@dataclass
class MetricStore(Store):
    """Samples come all the time: with more of them a place is no other one."""

    lines: dict[MetricKey, dict[str, Line]] = field(default_factory=dict, compare=False)
    """By metric and unit."""
    hosts_counted_at: dict[str, int] = field(default_factory=dict, compare=False)
    """By load balancer: the minute in which its hosts were last counted."""


@dataclass
class Alarm:
    name: str
    arn: str
    kind: Kind
    settings: dict[str, Any]
    """As DescribeAlarms shows them, named as in the API."""
    configured_at: datetime
    state: State = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    """JSON."""
    updated_at: datetime = EPOCH
    transitioned_at: datetime = EPOCH
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def actions(self) -> list[str]:
        """What the present state should set going: ARNs, none while actions are disabled."""
        names = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
        found: list[str] = self.settings[names[self.state]] if self.settings["ActionsEnabled"] else []
        return found


@dataclass(frozen=True)
class HistoryItem:
    time: datetime
    alarm: str
    kind: Kind
    item: Literal["StateUpdate", "ConfigurationUpdate"]
    summary: str
    data: str
    """JSON."""


@dataclass
class AlarmStore(Store):
    alarms: dict[str, Alarm] = field(default_factory=dict)
    history: deque[HistoryItem] = field(default_factory=lambda: deque(maxlen=HISTORY_KEPT))


@dataclass
class Dashboard:
    name: str
    arn: str
    body: str
    modified_at: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class DashboardStore(Store):
    dashboards: dict[str, Dashboard] = field(default_factory=dict)


def alarms(place: Place) -> dict[str, Alarm]:
    return place.store(AlarmStore).alarms


def dashboards(place: Place) -> dict[str, Dashboard]:
    return place.store(DashboardStore).dashboards


def refuse(message: str, code: str = "ValidationException", http_status: int = 400) -> AwsError:
    """Errors are named as their shapes are; boto3 shows the codes that the shapes have: `ValidationError`."""
    return AwsError(code, message, http_status)


def require(condition: bool, message: str, code: str = "ValidationException") -> None:
    if not condition:
        raise refuse(message, code)


def tags(given: list[dict[str, str]] | None) -> dict[str, str]:
    found = tag_map(given, "Key", "Value")
    require(len(found) <= TAGS_PER_RESOURCE, f"A resource can have at most {TAGS_PER_RESOURCE} tags")
    return found


def metric_key(given: dict[str, Any]) -> MetricKey:
    """From anything that has a namespace, a name and dimensions."""
    dimensions = ((each["Name"], each["Value"]) for each in given.get("Dimensions") or [])
    return MetricKey(given["Namespace"], given["MetricName"], tuple(sorted(dimensions)))


def dimensions(key: MetricKey) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in key.dimensions]


def seconds(place: Place, seconds: float) -> int:
    """So many of AWS's seconds, in microseconds of the world's clock."""
    return max(1, round(seconds * 1_000_000 / place.world.speed))


def instant(when: datetime | str | float) -> int:
    """A moment as a request has it, in microseconds since the epoch; one without a zone is UTC."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        return round(when * 1_000_000)
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def now(place: Place) -> int:
    return instant(place.now())


def moment(instant: int) -> datetime:
    return EPOCH + timedelta(microseconds=instant)


def stamp(when: datetime) -> str:
    """As CloudWatch writes it into JSON: `2026-01-01T00:01:00.000+0000`."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}+0000"


def paged(call: Call, items: list[Any], size: int) -> tuple[list[Any], str | None]:
    """One page and the token of the next. Raises InvalidNextToken for a token that nobody gave."""
    token = call.get("NextToken", "0")
    require(token.isdecimal(), "The next token specified is invalid.", "InvalidNextToken")
    first = int(token)
    return items[first : first + size], str(first + size) if first + size < len(items) else None
