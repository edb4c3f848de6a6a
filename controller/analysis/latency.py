"""How long the slowest answers of the new version take, by one percentile for each minute.

CloudWatch has no single requests: it has a minute's percentile, and how many requests came in it. The percentile of
several minutes together can't be had from theirs, but what is certain is enough for a limit: if each minute's p95 keeps
it, the p95 of all of them does, and if each breaks it, all of them together do. In between the requests decide: the
limit is broken when the minutes that break it had more than half of them. One slow minute out of five, as a version
that has just started may have, breaks nothing.
"""

from collections.abc import Iterator

from controller.analysis.comparing import LEAST_MINUTES, is_slower
from controller.analysis.minutes import requests, span, stretches
from controller.domain.counting import counted
from controller.domain.manifest import WatchedLatency
from controller.domain.metrics import Finding, Minutes, Result, Sample, latency_name
from controller.domain.slot import Slot

LEAST_REQUESTS = 100
"""Where the file doesn't say how many requests errors are judged by."""


def judge(service: str, percent: int, new: Minutes, old: Minutes | None, wanted: WatchedLatency, least: int) -> Finding:
    """Like errors: the limit for all minutes and for the newest ones, then the old version. Fewer than `least` requests
    say nothing."""
    known = _known(new, percent)
    for stretch in stretches(known):
        if requests(stretch) >= least and _typical(stretch, percent) > limit(wanted):
            return _finding(service, percent, stretch, Result.FAILED, _told(stretch, percent, wanted), wanted)
    if requests(known) < least or not known:
        text = f"{span(known)}: p{percent} is judged by {least:,} or more"
        return _finding(service, percent, known, Result.INCONCLUSIVE, text, wanted)
    if old is not None and wanted.against:
        return _compared(service, percent, known, _known(old, percent), wanted)
    return _passed(service, percent, known, wanted)


def samples(service: str, slot: Slot, percent: int, minutes: Minutes, wanted: WatchedLatency) -> Iterator[Sample]:
    most = limit(wanted)
    for minute in _known(minutes, percent):
        seconds = minute.latencies[percent]
        verdict = Result.FAILED if seconds > most else Result.PASSED
        yield Sample(service, latency_name(percent), slot, minute.at, seconds, minute.requests, most, verdict)


def limit(wanted: WatchedLatency) -> float:
    """In seconds."""
    return wanted.max.total_seconds()


def meaningful(percent: int) -> int:
    """With fewer requests in a minute its percentile is only the slowest of them, and sides with fewer look faster.

    >>> meaningful(95), meaningful(99)
    (20, 100)
    """
    return -(-100 // (100 - percent))


def _compared(service: str, percent: int, new: Minutes, old: Minutes, wanted: WatchedLatency) -> Finding:
    busy_new, busy_old = _busy(new, percent), _busy(old, percent)
    if min(len(busy_new), len(busy_old)) < LEAST_MINUTES:
        text = (
            f"{counted(len(busy_new), 'minute')} of the new version and {len(busy_old)} of the old one had "
            f"{meaningful(percent)} or more requests: p{percent} is compared by {LEAST_MINUTES} or more of each"
        )
        return _finding(service, percent, new, Result.INCONCLUSIVE, text, wanted)
    chance = is_slower(_series(busy_new, percent), _series(busy_old, percent))
    if chance is None:
        return _passed(service, percent, new, wanted)
    told, before = _spoken(busy_new, percent), _spoken(busy_old, percent)
    text = f"p{percent} was {told}, of {span(busy_new)}; the old version's was {before} (p = {chance:.2g})"
    return _finding(service, percent, new, Result.FAILED, text, wanted)


def _passed(service: str, percent: int, new: Minutes, wanted: WatchedLatency) -> Finding:
    return _finding(service, percent, new, Result.PASSED, _told(new, percent, wanted), wanted)


def _told(minutes: Minutes, percent: int, wanted: WatchedLatency) -> str:
    most = _milliseconds(limit(wanted))
    return f"p{percent} was {_spoken(minutes, percent)}, of {span(minutes)}; the limit is {most}"


def _finding(
    service: str, percent: int, minutes: Minutes, result: Result, text: str, wanted: WatchedLatency
) -> Finding:
    value = _typical(minutes, percent) if minutes else None
    return Finding(service, latency_name(percent), result, text, value, limit(wanted), requests(minutes), len(minutes))


def _known(minutes: Minutes, percent: int) -> Minutes:
    return tuple(minute for minute in minutes if percent in minute.latencies)


def _busy(minutes: Minutes, percent: int) -> Minutes:
    return tuple(minute for minute in minutes if minute.requests >= meaningful(percent))


def _series(minutes: Minutes, percent: int) -> list[float]:
    return [minute.latencies[percent] for minute in minutes]


def _typical(minutes: Minutes, percent: int) -> float:
    """The median of the minutes' percentiles, each with the weight of its requests: more than half of the requests
    came in minutes above a limit exactly when this is above it."""
    half, seen = requests(minutes) / 2, 0
    ordered = sorted(minutes, key=lambda minute: minute.latencies[percent])
    for minute in ordered:
        seen += minute.requests
        if seen >= half:
            break
    return minute.latencies[percent]


def _spoken(minutes: Minutes, percent: int) -> str:
    return _milliseconds(_typical(minutes, percent))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
