"""Judge numbers: is the new version as good as its file asks for, by what CloudWatch counted? Pure.

Limits come first, and for themselves: an old version that is ill makes no new one good. Only what keeps its limits is
compared with the old version, in the same minutes, where the file says `against: live`. Nothing is ever passed on no
data. To add a metric: a file with `judge` and `samples`, its lines below, its settings in `domain/manifest/models.py`,
a heading in docs/watching.md. Only `comparing.py` knows scipy, and loads it when there is something to compare.
"""

from collections.abc import Iterator
from datetime import datetime

from controller.analysis import errors, latency
from controller.domain.manifest import WatchedLatency, WatchedMetrics
from controller.domain.metrics import ERRORS, Finding, Minutes, Readings, Result, Sample, latency_name
from controller.domain.slot import Slot


def percents(wanted: WatchedMetrics) -> tuple[int, ...]:
    """The percentiles of latency that the file asks about."""
    return tuple(percent for percent, _ in _latencies(wanted))


def judge(service: str, new: Minutes, old: Minutes | None, wanted: WatchedMetrics) -> tuple[Finding, ...]:
    """A finding for each metric of the file. `old`: the old version's minutes, None while nothing is compared."""
    found = [errors.judge(service, new, old, wanted.errors)] if wanted.errors else []
    least = _least_requests(wanted)
    for percent, bound in _latencies(wanted):
        found.append(latency.judge(service, percent, new, old, bound, least))
    return tuple(found)


def unreadable(service: str, trouble: str, wanted: WatchedMetrics) -> tuple[Finding, ...]:
    """What is found where CloudWatch could not be read."""
    limits = {ERRORS: errors.limit(wanted.errors)} if wanted.errors else {}
    limits |= {latency_name(percent): latency.limit(bound) for percent, bound in _latencies(wanted)}
    return tuple(Finding(service, metric, Result.ERROR, trouble, None, bound) for metric, bound in limits.items())


def samples(readings: Readings, since: datetime, wanted: WatchedMetrics) -> Iterator[Sample]:
    """Every number of every slot since then, beside its limit."""
    for service, slots in readings.counted.items():
        for slot in slots:
            yield from _samples(service, slot, readings.of(service, slot, since), wanted)


def _samples(service: str, slot: Slot, minutes: Minutes, wanted: WatchedMetrics) -> Iterator[Sample]:
    if wanted.errors:
        yield from errors.samples(service, slot, minutes, wanted.errors)
    for percent, bound in _latencies(wanted):
        yield from latency.samples(service, slot, percent, minutes, bound)


def _latencies(wanted: WatchedMetrics) -> Iterator[tuple[int, WatchedLatency]]:
    for percent, bound in ((95, wanted.latency_p95), (99, wanted.latency_p99)):
        if bound:
            yield percent, bound


def _least_requests(wanted: WatchedMetrics) -> int:
    """Latencies need as many requests as errors do."""
    return wanted.errors.min_requests if wanted.errors else latency.LEAST_REQUESTS
