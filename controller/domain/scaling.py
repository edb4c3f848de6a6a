"""How the number of a service's tasks moves by itself: within bounds, towards aims, and by the clock.

Scaling belongs to the slot with the traffic. What runs it is AWS's own; nothing here depends on a controller that is
awake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from controller.domain.counting import counted
from controller.domain.drift import Difference
from controller.domain.manifest import Count, ScheduledCount, Service, days_of_week
from controller.domain.slot import Slot

LATENESS = timedelta(minutes=2)
"""So long after its moment the clock's bounds may not show yet: AWS acts within a minute of it, or a little later."""


class Metric(StrEnum):
    """What scaling may aim at."""

    CPU = "cpu"
    MEMORY = "memory"
    REQUESTS = "requests"


class Motion(StrEnum):
    """What may be suspended: fewer tasks, more tasks, and other bounds by the clock."""

    IN = "in"
    OUT = "out"
    CLOCK = "clock"


HELD = frozenset({Motion.IN, Motion.CLOCK})
"""A slot that may have to carry the traffic: it grows where it must, and nothing makes it smaller."""

FREE: frozenset[Motion] = frozenset()


@dataclass(frozen=True)
class Bounds:
    """Never fewer tasks, and never more."""

    min: int
    max: int

    def nearest(self, count: int) -> int:
        """
        >>> Bounds(2, 10).nearest(0), Bounds(2, 10).nearest(12), Bounds(0, 0).nearest(2)
        (2, 10, 0)
        """
        return max(self.min, min(count, self.max))

    def __str__(self) -> str:
        """
        >>> print(Bounds(2, 10), "/", Bounds(1, 1))
        2 to 10 tasks / 1 task
        """
        return counted(self.min, "task") if self.min == self.max else f"{self.min} to {counted(self.max, 'task')}"


@dataclass(frozen=True)
class Aim:
    """`target`: percent of what a task has reserved, or requests to each task and minute. After tasks were added or
    taken away nothing is for so many seconds."""

    metric: Metric
    target: float
    out_seconds: int
    in_seconds: int

    def __str__(self) -> str:
        unit = " a minute and task" if self.metric is Metric.REQUESTS else "%"
        return f"{self.target:g}{unit}, pauses {self.out_seconds}s out, {self.in_seconds}s in"

    @property
    def short(self) -> str:
        """
        >>> print(Aim(Metric.CPU, 70.0, 60, 300).short, "/", Aim(Metric.REQUESTS, 1000.0, 60, 300).short)
        cpu 70% / 1000 requests a minute and task
        """
        if self.metric is Metric.REQUESTS:
            return f"{self.target:g} requests a minute and task"
        return f"{self.metric} {self.target:g}%"


@dataclass(frozen=True)
class Turn:
    """At this minute of these days (Monday is 0), by the clocks of an IANA time zone, other bounds begin to hold."""

    minute: int
    days: tuple[int, ...]
    timezone: str
    bounds: Bounds

    def before(self, now: datetime) -> datetime | None:
        """When it came last, `now` included; aware UTC."""
        return max((moment for moment in self._around(now) if moment <= now), default=None)

    def after(self, now: datetime) -> datetime | None:
        return min((moment for moment in self._around(now) if moment > now), default=None)

    def _around(self, now: datetime) -> Iterator[datetime]:
        """A day has it once, whatever the clocks do in its night: an hour that comes twice is the first one."""
        zone = ZoneInfo(self.timezone)
        today: date = now.astimezone(zone).date()
        at = time(*divmod(self.minute, 60))
        for ahead in range(-8, 9):
            day = today + timedelta(days=ahead)
            if day.weekday() in self.days:
                yield datetime.combine(day, at, zone).astimezone(UTC)

    def __str__(self) -> str:
        days = f" {days_of_week(self.days)}" if len(self.days) < 7 else ""
        return f"{self.bounds} from {self.minute // 60:02}:{self.minute % 60:02}{days} {self.timezone}"


@dataclass(frozen=True)
class Scaling:
    """`bounds` hold unless a turn has come; of two that came at once the later in the list holds."""

    bounds: Bounds
    aims: tuple[Aim, ...] = ()
    turns: tuple[Turn, ...] = ()

    def at(self, now: datetime) -> Bounds:
        """The bounds that hold now, aware UTC: a deployment by night ends at what the night says."""
        came = [(moment, place, turn) for place, turn in enumerate(self.turns) if (moment := turn.before(now))]
        return max(came, key=lambda each: each[:2])[2].bounds if came else self.bounds

    @property
    def room(self) -> Bounds:
        """From nothing to the most that it may have at any hour."""
        return Bounds(0, max(self.bounds.max, *(turn.bounds.max for turn in self.turns), 1))

    def wakes_at(self, now: datetime) -> Turn | None:
        """The turn that gives it tasks again, where it has none now."""
        if self.at(now).max > 0:
            return None
        coming = [(moment, turn) for turn in self.turns if turn.bounds.max > 0 and (moment := turn.after(now))]
        return min(coming, key=lambda each: each[0])[1] if coming else None

    def __str__(self) -> str:
        return "; ".join((", ".join((str(self.bounds), *(aim.short for aim in self.aims))), *map(str, self.turns)))


@dataclass(frozen=True)
class ScalingView:
    """The scaling that AWS shows on a slot: with the bounds of this moment, all of our aims and turns, and what of it
    is suspended."""

    scaling: Scaling
    suspended: frozenset[Motion] = field(default=FREE)

    @property
    def is_free(self) -> bool:
        return not self.suspended


Found = Mapping[str, Mapping[Slot, ScalingView]]
"""Service → slot → how it scales."""


def scaling_of(service: Service, schedule: Sequence[ScheduledCount]) -> Scaling | None:
    """What the file asks for; None where the number of tasks never moves by itself.

    A count of the schedule is the number of tasks of a service that aims at nothing, and the least number of one that
    does; zero is zero for both.
    """
    count, aims = service.count, tuple(_aims(service.count))
    if not aims and not schedule:
        return None
    turns = tuple(Turn(each.at, each.days, each.timezone, _scheduled(each.count, count)) for each in schedule)
    return Scaling(Bounds(count.min, count.max), aims, turns)


def _aims(count: Count) -> Iterator[Aim]:
    pauses = int(count.cooldown.out.total_seconds()), int(count.cooldown.in_.total_seconds())
    for metric, percent in ((Metric.CPU, count.cpu), (Metric.MEMORY, count.memory)):
        if percent is not None:
            yield Aim(metric, float(percent.points), *pauses)
    if count.requests is not None:
        yield Aim(Metric.REQUESTS, float(count.requests), *pauses)


def _scheduled(tasks: int, count: Count) -> Bounds:
    return Bounds(tasks, max(tasks, count.max)) if tasks and count.autoscaled else Bounds(tasks, tasks)


def bounds_now(service: Service, schedule: Sequence[ScheduledCount], now: datetime) -> Bounds:
    """How many tasks the service may have at this moment, whether or not that ever moves by itself."""
    wanted = scaling_of(service, schedule)
    return wanted.at(now) if wanted else Bounds(service.count.min, service.count.max)


def differences(
    service: str, wanted: Scaling | None, found: ScalingView | None, now: datetime
) -> tuple[Difference, ...]:
    """What AWS shows otherwise on the live slot of a service than the file asks for, field by field, in words."""
    if wanted is None:
        return () if found is None else (Difference(service, "scaling", "scaling", "none", str(found.scaling)),)
    if found is None:
        return (Difference(service, "scaling", "scaling", str(wanted), "none"),)
    return tuple(
        Difference(service, "scaling", name, said, shown)
        for name, said, shown in (*_bounds(wanted, found, now), *_rest(wanted, found))
        if said != shown
    )


def _bounds(wanted: Scaling, found: ScalingView, now: datetime) -> Iterable[tuple[str, str, str]]:
    """A moment after a turn either bounds are right."""
    if found.scaling.bounds not in {wanted.at(now), wanted.at(now - LATENESS)}:
        yield "count", str(wanted.at(now)), str(found.scaling.bounds)


def _rest(wanted: Scaling, found: ScalingView) -> Iterator[tuple[str, str, str]]:
    for metric in Metric:
        yield str(metric), _aim(wanted, metric), _aim(found.scaling, metric)
    yield "schedule", _turns(wanted), _turns(found.scaling)
    yield "suspended", "nothing", ", ".join(sorted(found.suspended)) or "nothing"


def _aim(scaling: Scaling, metric: Metric) -> str:
    return next((str(aim) for aim in scaling.aims if aim.metric is metric), "none")


def _turns(scaling: Scaling) -> str:
    return "; ".join(sorted(map(str, scaling.turns))) or "none"


def is_whole(wanted: Scaling, found: ScalingView | None, now: datetime) -> bool:
    """Whether it is just what it should be at this very moment, with nothing suspended."""
    return found is not None and found.scaling.bounds == wanted.at(now) and not differences("", wanted, found, now)


def told(found: ScalingView, now: datetime) -> str:
    """One line for people: what it does, and whether it is asleep."""
    scaling = found.scaling
    line = ", ".join((str(scaling.bounds), *(aim.short for aim in scaling.aims)))
    waking = scaling.wakes_at(now) if scaling.bounds.max == 0 else None
    if waking is not None:
        moment = waking.after(now)
        assert moment is not None, "a turn that wakes comes"
        local = moment.astimezone(ZoneInfo(waking.timezone))
        line = f"asleep until {local:%a %H:%M} {waking.timezone}"
    elif scaling.bounds.max == 0:
        line = "asleep"
    return f"{line} (held)" if found.suspended else line
