"""What passed through, counted per second of the world's time, per listener and per target group.

The names follow the load balancer's CloudWatch metrics, so that a reader can turn one into the other:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sandbox.clock import Clock

KEPT_SECONDS = 900
RESOLUTION = math.log(1.05)
"""Latencies fall into buckets 5 % wide."""


class Series(NamedTuple):
    """Whose counts: a listener's in all, or those of what one of its rules sent to one group."""

    listener_arn: str
    group_arn: str = ""


@dataclass
class Latencies:
    """A distribution of seconds: exact count, sum, least and greatest; percentiles within 5 %."""

    count: int = 0
    total_seconds: float = 0.0
    least_seconds: float = math.inf
    greatest_seconds: float = 0.0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        seconds = max(seconds, 1e-6)
        self.count += 1
        self.total_seconds += seconds
        self.least_seconds = min(self.least_seconds, seconds)
        self.greatest_seconds = max(self.greatest_seconds, seconds)
        self.buckets[round(math.log(seconds) / RESOLUTION)] += 1

    def percentile(self, percent: float) -> float | None:
        """Seconds that `percent` of the samples did not exceed; None without samples."""
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(self.greatest_seconds, max(self.least_seconds, math.exp(bucket * RESOLUTION)))
        return None


@dataclass
class Tally:
    """One second of one series."""

    requests: int = 0
    target_answers: Counter[int] = field(default_factory=Counter)
    """By class (2, 3, 4, 5) of the status that targets gave."""
    balancer_answers: Counter[int] = field(default_factory=Counter)
    """By status that the balancer gave by itself; 460 means that the client left first."""
    connection_errors: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    """From sending the request to the first byte of the target's answer."""


class Meter:
    """Counts, and forgets what is older than fifteen minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds: deque[tuple[int, defaultdict[Series, Tally]]] = deque()

    def answered(self, listener: str, group: str, status: int, latency_seconds: float) -> None:
        """A target answered."""
        for tally in self._tallies(listener, group):
            tally.requests += 1
            tally.target_answers[status // 100] += 1
            tally.latencies.add(latency_seconds)

    def refused(self, listener: str, group: str, status: int) -> None:
        """The balancer answered by itself; `group` is empty when no group had been chosen."""
        for tally in self._tallies(listener, group):
            tally.requests += 1
            tally.balancer_answers[status] += 1

    def connection_failed(self, listener: str, group: str) -> None:
        """A target could not be connected to (the request may still succeed on another)."""
        for tally in self._tallies(listener, group):
            tally.connection_errors += 1

    def since(self, when: datetime) -> Iterator[tuple[int, Series, Tally]]:
        """(second as Unix time, series, tally), oldest first, from the second of `when` on."""
        first = int(when.timestamp())
        for second, tallies in self._seconds:
            if second >= first:
                for series, tally in tallies.items():
                    yield second, series, tally

    def _tallies(self, listener: str, group: str) -> tuple[Tally, ...]:
        now = int(self._clock.now().timestamp())
        if not self._seconds or self._seconds[-1][0] != now:
            self._open(now)
        tallies = self._seconds[-1][1]
        whose = (Series(listener), Series(listener, group)) if group else (Series(listener),)
        return tuple(tallies[series] for series in whose)

    def _open(self, now: int) -> None:
        self._seconds.append((now, defaultdict(Tally)))
        while self._seconds[0][0] <= now - KEPT_SECONDS:
            self._seconds.popleft()
