"""Time on the command line: the port, and how moments and spans are read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
"""So many seconds each, and its letter."""


class Clock(Protocol):
    """As `domain.ports` has it, without everything else that is known there: `--help` must stay quick."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 time of the API."""
    return None if text is None else datetime.fromisoformat(text)


def ago(text: str | None, now: datetime) -> str:
    """
    >>> noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    >>> [ago("2026-11-21T12:00:00Z", noon + timedelta(seconds=apart)) for apart in (330, -5, 0.4)]
    ['5m ago', 'in 5s', 'now']
    """
    at = moment(text)
    if at is None:
        return "-"
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    told = span(timedelta(seconds=abs(seconds)))
    return f"{told} ago" if seconds >= 0 else f"in {told}"


def span(length: timedelta) -> str:
    """
    >>> span(timedelta(seconds=4.25)), span(timedelta(minutes=90))
    ('4s', '1h')
    """
    seconds = int(length.total_seconds())
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "0s"


def exact(length: timedelta) -> str:
    """In its two largest units, spelled as in the file.

    >>> exact(timedelta(seconds=130)), exact(timedelta(minutes=60)), exact(timedelta(seconds=4.25))
    ('2m10s', '1h', '4s')
    """
    rest = max(0, round(length.total_seconds()))
    parts = []
    for size, unit in UNITS:
        amount, rest = divmod(rest, size)
        parts.append((amount, unit))
    first = next((index for index, (amount, _) in enumerate(parts) if amount), 3)
    told = [f"{amount}{unit}" for amount, unit in parts[first : first + 2] if amount]
    return "".join(told) or "0s"


def between(start: str | None, end: str | None, now: datetime) -> str:
    """How long something took, or has taken so far; empty when it has not begun."""
    began = moment(start)
    return "" if began is None else exact((moment(end) or now) - began)


def when(text: str | None, now: datetime) -> str:
    """A moment to compare with logs, and how far away it is; empty for none.

    >>> when("2026-11-21T12:00:00.123Z", datetime(2026, 11, 21, 12, 5, tzinfo=UTC))
    '2026-11-21 12:00:00 UTC (4m ago)'
    """
    return f"{at(text)} ({ago(text, now)})" if text else ""


def at(text: str) -> str:
    """A moment alone, as logs have it.

    >>> at("2026-11-21T13:00:00.123+01:00")
    '2026-11-21 12:00:00 UTC'
    """
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def due(text: str | None, now: datetime) -> str:
    """When something is to happen; what is late happens at once. Empty for none.

    >>> noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    >>> due("2026-11-21T11:59:58Z", noon), due("2026-11-21T12:00:05Z", noon)
    ('now', '2026-11-21 12:00:05 UTC (in 5s)')
    """
    coming = moment(text)
    return "now" if coming and coming < now + timedelta(seconds=1) else when(text, now)
