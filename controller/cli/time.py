"""Time on the command line: the port, and how moments and spans are read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


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
    >>> ago("2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, 5, tzinfo=UTC))
    '5 min ago'
    """
    at = moment(text)
    if at is None:
        return "-"
    seconds = (now - at).total_seconds()
    told = span(timedelta(seconds=abs(seconds)))
    return f"{told} ago" if seconds >= 0 else f"in {told}"


def span(length: timedelta) -> str:
    """
    >>> span(timedelta(seconds=4.25)), span(timedelta(minutes=90))
    ('4 s', '1 h')
    """
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def exact(length: timedelta) -> str:
    """In its two largest units.

    >>> exact(timedelta(seconds=130)), exact(timedelta(minutes=60)), exact(timedelta(seconds=4.25))
    ('2 min 10 s', '1 h', '4 s')
    """
    rest = max(0, round(length.total_seconds()))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        amount, rest = divmod(rest, size)
        parts.append((amount, unit))
    first = next((index for index, (amount, _) in enumerate(parts) if amount), 3)
    told = [f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount]
    return " ".join(told) or "0 s"


def between(start: str | None, end: str | None, now: datetime) -> str:
    """How long something took, or has taken so far; empty when it has not begun."""
    began = moment(start)
    return "" if began is None else exact((moment(end) or now) - began)


def when(text: str | None, now: datetime) -> str:
    """A moment to compare with logs, and how far away it is; empty for none.

    >>> when("2026-11-21T12:00:00.123Z", datetime(2026, 11, 21, 12, 5, tzinfo=UTC))
    '2026-11-21 12:00:00 UTC (4 min ago)'
    """
    at = moment(text)
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ({ago(text, now)})"
