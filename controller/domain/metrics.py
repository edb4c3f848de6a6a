"""What CloudWatch counts of a version, minute by minute, and what is found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.slot import Slot

ERRORS = "errors"
MINUTE = timedelta(minutes=1)


class Result(StrEnum):
    PASSED = "pass"  # judged, and good
    FAILED = "fail"  # judged, and bad
    INCONCLUSIVE = "inconclusive"  # too little is known to judge
    ERROR = "error"  # the numbers could not be read


@dataclass(frozen=True)
class Minute:
    """A minute of AWS's in which a slot's target group had requests.

    `at`: when it began. `errors` of the requests, never more than those, failed. `latencies`: percent → the seconds
    that so many of 100 answers stayed under; a percentile that CloudWatch has no number for is not in it.
    """

    at: datetime
    requests: int
    errors: int = 0
    latencies: Mapping[int, float] = field(default_factory=dict)


Minutes = tuple[Minute, ...]
"""Oldest first; a minute without requests is not among them."""

Counted = Mapping[str, Mapping[Slot, Minutes]]
"""By service; a slot without a target group, or without requests, may be missing."""


@dataclass(frozen=True)
class Readings:
    """What was read for one look. `trouble`: why it could not be; `minute`: how long one of AWS's minutes lasts."""

    counted: Counted = field(default_factory=dict)
    trouble: str = ""
    minute: timedelta = MINUTE

    def of(self, service: str, slot: Slot | None, since: datetime) -> Minutes:
        """The minutes of one slot that began no earlier than `since`."""
        known = self.counted.get(service, {}).get(slot, ()) if slot else ()
        return tuple(minute for minute in known if minute.at >= since)

    @property
    def lateness(self) -> timedelta:
        """How long after a minute's beginning its numbers are believed."""
        return self.minute * BELIEVED_AFTER


BELIEVED_AFTER = 3
"""A minute's numbers are complete when it is over, and two more have passed: so long may a load balancer's take to
arrive. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"""


@dataclass(frozen=True)
class Finding:
    """What one metric says of one service's new version, as it was judged last.

    `value` and `limit` are a share (0..1) for errors and seconds for latencies; `value` is None when nothing is known.
    `requests` were counted in `minutes` minutes.
    """

    service: str
    metric: str
    result: Result
    text: str
    value: float | None
    limit: float
    requests: int = 0
    minutes: int = 0


@dataclass(frozen=True)
class Sample:
    """One metric of one slot in one minute, as a page plots it. `verdict`: of this minute alone, by the limit."""

    service: str
    metric: str
    slot: Slot
    at: datetime
    value: float
    requests: int
    limit: float
    verdict: Result


def latency_name(percent: int) -> str:
    return f"latency_p{percent}"
