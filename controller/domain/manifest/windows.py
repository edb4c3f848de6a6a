"""Days of the week and times of the day, as people write them: `Mon-Thu 08:00-16:00`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from controller.domain.manifest.wanted import wanted

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = f"(?:{'|'.join(DAYS)})"
_DAY_LIST = rf"{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*"
YEARS = range(2000, 3000)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def minute_of_day(text: str) -> int:
    """
    >>> minute_of_day("08:30")
    510
    """
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _format_minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days_in(text: str) -> tuple[int, ...]:
    """Weekdays, Monday is 0, sorted; a range may run over the end of the week (`Sat-Mon`)."""
    found: set[int] = set()
    for part in text.split(","):
        first, last = DAYS.index(part[:3]), DAYS.index(part[-3:])
        found |= {(first + offset) % 7 for offset in range((last - first) % 7 + 1)}
    return tuple(sorted(found))


def days_of_week(days: tuple[int, ...]) -> str:
    """
    >>> days_of_week((0, 1, 2, 3, 4)), days_of_week((5, 6))
    ('Mon-Fri', 'Sat,Sun')
    """
    unbroken = len(days) > 2 and days == tuple(range(days[0], days[-1] + 1))
    return f"{DAYS[days[0]]}-{DAYS[days[-1]]}" if unbroken else ",".join(DAYS[day] for day in days)


@dataclass(frozen=True)
class Span:
    """Open on these weekdays (Monday is 0) from `opens` until just before `closes`, in minutes of the local day.

    `closes` is at most 1440, which is midnight at the end of the day.
    """

    days: tuple[int, ...]
    opens: int
    closes: int

    def covers(self, weekday: int, minute: int) -> bool:
        return weekday in self.days and self.opens <= minute < self.closes

    def __str__(self) -> str:
        return f"{days_of_week(self.days)} {_format_minute(self.opens)}-{_format_minute(self.closes)}"


def parse_span(value: object) -> Span:
    """
    >>> parse_span("Mon-Tue,Fri 08:00-16:00")
    Span(days=(0, 1, 4), opens=480, closes=960)
    """
    if isinstance(value, Span):
        return value
    match = re.fullmatch(rf"({_DAY_LIST}) ({_TIME})-({_TIME}|24:00)", value) if isinstance(value, str) else None
    if match is None:
        raise wanted('days and times, as in "Mon-Thu 08:00-16:00"')
    span = Span(_days_in(match[1]), minute_of_day(match[2]), minute_of_day(match[3]))
    if span.opens >= span.closes:
        raise wanted("an end after the beginning; a window over midnight is written as two")
    return span


@dataclass(frozen=True, order=True)
class LocalMoment:
    """A day and a time of the day, by the clock of whatever time zone stands beside it."""

    day: date
    minute: int

    def __str__(self) -> str:
        return f"{self.day} {_format_minute(self.minute)}"

    def within(self, zone: tzinfo) -> datetime:
        """The moment itself, aware UTC. Of two moments with one name, as an autumn night has them, the first."""
        hours, minutes = divmod(self.minute, 60)
        return datetime(self.day.year, self.day.month, self.day.day, hours, minutes, tzinfo=zone).astimezone(UTC)


def parse_moment(value: object) -> LocalMoment:
    """
    >>> str(parse_moment("2026-12-20 18:00"))
    '2026-12-20 18:00'
    """
    if isinstance(value, LocalMoment):
        return value
    match = re.fullmatch(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}) ({_TIME})", value) if isinstance(value, str) else None
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if match is None or day is None or day.year not in YEARS:
        raise wanted('a day and a time of it, as in "2026-12-20 18:00", of the years 2000 to 2999')
    return LocalMoment(day, minute_of_day(match[2]))


def parse_days(value: object) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return value
    if not isinstance(value, str) or re.fullmatch(_DAY_LIST, value) is None:
        raise wanted("days of the week, as in Mon-Fri or Sat,Sun")
    return _days_in(value)


def parse_minute(value: object) -> int:
    """Minutes since midnight."""
    if isinstance(value, str) and re.fullmatch(_TIME, value):
        return minute_of_day(value)
    raise wanted('a time of the day in quotes, as in "20:00"')


EVERY_DAY = _days_in("Mon-Sun")

SpanText = Annotated[
    Span,
    PlainValidator(parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DAY_LIST} {_TIME}-({_TIME}|24:00)$"}),
]
MomentText = Annotated[
    LocalMoment,
    PlainValidator(parse_moment),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} {_TIME}$"}),
]
Days = Annotated[
    tuple[int, ...],
    PlainValidator(parse_days),
    PlainSerializer(days_of_week, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DAY_LIST}$"}),
]
TimeOfDay = Annotated[
    int,
    PlainValidator(parse_minute),
    PlainSerializer(_format_minute, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^{_TIME}$"}),
]
