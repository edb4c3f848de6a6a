"""Whether windows let a deployment start, and when they open next. Pure.

Of several windows each must be open at once. `deny` and `freeze` win over `allow`. Spans are of the wall clock beside
them: in the night when it is put back an hour of them is twice as long, and in the one when it is put forward some of
it never comes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from controller.domain.manifest import Freeze, Window

REACH = timedelta(days=15)
"""Within so long they open, if no freeze keeps them shut: a whole week, and another one where the clock is put forward
just then."""

GRAIN = timedelta(minutes=15)
"""Clocks are put back or forward on such a moment: https://www.iana.org/time-zones"""


@dataclass(frozen=True)
class Opening:
    """`by` is what keeps them shut; None while all of them are open. `opens_at`, aware UTC: the next moment at which
    they are; None where that never comes again. `told` says that moment by the clock of what keeps them shut."""

    by: str | None = None
    opens_at: datetime | None = None
    told: str = ""


def opening(windows: Sequence[Window], now: datetime) -> Opening:
    """`now` is aware UTC."""
    clocks = [_Clock.of(window) for window in windows]
    shut = next(((clock, by) for clock in clocks if (by := clock.shut_by(now)) is not None), None)
    if shut is None:
        return Opening()
    clock, by = shut
    opens_at = next(_openings(clocks, now), None)
    return Opening(by, opens_at, clock.told(opens_at) if opens_at else "")


def frozen(window: Window, now: datetime) -> tuple[datetime, Freeze] | None:
    """The freeze that keeps it shut now, and the moment, aware UTC, at which it ends; the one that ends last."""
    clock = _Clock.of(window)
    found = [(end, each) for start, end, each in clock.freezes if start <= now < end]
    return max(found, key=lambda each: each[0], default=None)


@dataclass(frozen=True)
class _Clock:
    """A window, its zone, and its freezes as moments."""

    window: Window
    zone: ZoneInfo
    freezes: tuple[tuple[datetime, datetime, Freeze], ...]

    @staticmethod
    def of(window: Window) -> "_Clock":
        zone = ZoneInfo(window.timezone)
        freezes = ((each.from_.within(zone), each.until.within(zone), each) for each in window.freeze)
        return _Clock(window, zone, tuple(freezes))

    def told(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%a %Y-%m-%d %H:%M} {self.window.timezone}"

    def shut_by(self, moment: datetime) -> str | None:
        window = self.window
        frozen = next((each for start, end, each in self.freezes if start <= moment < end), None)
        if frozen is not None:
            why = f" ({frozen.reason})" if frozen.reason else ""
            return f"frozen from {frozen.from_} until {frozen.until} {window.timezone}{why}"
        there = moment.astimezone(self.zone)
        weekday, minute = there.weekday(), there.hour * 60 + there.minute
        denied = next((span for span in window.deny if span.covers(weekday, minute)), None)
        if denied is not None:
            return f"`deny` has {denied} {window.timezone}"
        if window.allow and not any(span.covers(weekday, minute) for span in window.allow):
            return f"`allow` has {', '.join(map(str, window.allow))} {window.timezone}"
        return None

    def turns(self, start: datetime) -> Iterator[datetime]:
        """Within reach of `start`: where a span begins or ends, and where a freeze does."""
        yield from (end for _, end, _ in self.freezes if end <= start + REACH)
        first = start.astimezone(self.zone).date()
        minutes = {each for span in (*self.window.allow, *self.window.deny) for each in (span.opens, span.closes)}
        for offset in range(REACH.days + 1):
            day = first + timedelta(days=offset)
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            yield from ((midnight + timedelta(minutes=minute)).astimezone(UTC) for minute in minutes)


def _openings(clocks: Sequence[_Clock], now: datetime) -> Iterator[datetime]:
    """In order: within reach of now, and then of the end of each freeze."""
    ends = sorted(end for clock in clocks for _, end, _ in clock.freezes if end > now)
    for start in (now, *ends):
        for each in sorted(_turns(clocks, start)):
            if all(clock.shut_by(each) is None for clock in clocks):
                yield each


def _turns(clocks: Sequence[_Clock], start: datetime) -> set[datetime]:
    """Moments from `start` on at which something begins or ends, or a clock may be changed."""
    quarter = start.replace(minute=start.minute - start.minute % 15, second=0, microsecond=0)
    grains = {quarter + GRAIN * number for number in range(REACH // GRAIN)}
    found = {start, *grains, *(each for clock in clocks for each in clock.turns(start))}
    return {each for each in found if each >= start}
