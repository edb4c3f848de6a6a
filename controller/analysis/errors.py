"""The share of requests that the new version answers with a server error, or not at all."""

from collections.abc import Iterator

from controller.analysis.comparing import errs_more
from controller.analysis.minutes import requests, span, stretches
from controller.domain.manifest import WatchedErrors
from controller.domain.metrics import ERRORS, Finding, Minutes, Result, Sample
from controller.domain.slot import Slot


def judge(service: str, new: Minutes, old: Minutes | None, wanted: WatchedErrors) -> Finding:
    """The limit for all minutes together and for the newest ones; then the old version, where there is one to compare
    with and the file asks for it. Fewer than `min_requests` say nothing."""
    for stretch in stretches(new):
        if requests(stretch) >= wanted.min_requests and _share(stretch) > limit(wanted):
            return _finding(service, stretch, Result.FAILED, _told(stretch, wanted), wanted)
    if requests(new) < wanted.min_requests:
        text = f"{span(new)}: errors are judged by {wanted.min_requests:,} or more"
        return _finding(service, new, Result.INCONCLUSIVE, text, wanted)
    if old is not None and wanted.against:
        return _compared(service, new, old, wanted)
    return _passed(service, new, wanted)


def samples(service: str, slot: Slot, minutes: Minutes, wanted: WatchedErrors) -> Iterator[Sample]:
    most = limit(wanted)
    for minute in minutes:
        share = minute.errors / minute.requests
        verdict = Result.FAILED if share > most else Result.PASSED
        yield Sample(service, ERRORS, slot, minute.at, share, minute.requests, most, verdict)


def limit(wanted: WatchedErrors) -> float:
    return float(wanted.max.fraction)


def _compared(service: str, new: Minutes, old: Minutes, wanted: WatchedErrors) -> Finding:
    if requests(old) < wanted.min_requests:
        text = f"the old version had {span(old)}: too few to compare with"
        return _finding(service, new, Result.INCONCLUSIVE, text, wanted)
    chance = errs_more(_errors(new), requests(new), _errors(old), requests(old))
    if chance is None:
        return _passed(service, new, wanted)
    text = f"{_spoken(new)} failed, of {span(new)}; of the old version's only {_spoken(old)} (p = {chance:.2g})"
    return _finding(service, new, Result.FAILED, text, wanted)


def _passed(service: str, new: Minutes, wanted: WatchedErrors) -> Finding:
    return _finding(service, new, Result.PASSED, _told(new, wanted), wanted)


def _told(minutes: Minutes, wanted: WatchedErrors) -> str:
    return f"{_spoken(minutes)} failed, of {span(minutes)}; the limit is {wanted.max}"


def _finding(service: str, minutes: Minutes, result: Result, text: str, wanted: WatchedErrors) -> Finding:
    value = _share(minutes) if requests(minutes) else None
    return Finding(service, ERRORS, result, text, value, limit(wanted), requests(minutes), len(minutes))


def _errors(minutes: Minutes) -> int:
    return sum(minute.errors for minute in minutes)


def _share(minutes: Minutes) -> float:
    """Asked for where there are requests only."""
    return _errors(minutes) / requests(minutes)


def _spoken(minutes: Minutes) -> str:
    return f"{_share(minutes):.2%}"
