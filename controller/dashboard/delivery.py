"""How well software is delivered: the four keys of DORA, their trend, and the deployments that each is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import Doors, Missing, here
from controller.dashboard.views import Badge
from controller.dashboard.visiting import Visitor
from controller.dashboard.words import exact
from controller.domain import dora
from controller.domain.backlog import counting
from controller.domain.counting import counted
from controller.domain.dora import MOST_WEEKS, WEEKS, Band, Fact, Four, Key, Report, Spans, Week
from controller.store import Page

ROWS = 50
CHOICES = (4, 12, 26, 52)

BANDS: Mapping[Band, tuple[str, str]] = {
    Band.ELITE: ("◆", "good"),
    Band.HIGH: ("▲", "good"),
    Band.MEDIUM: ("●", "warn"),
    Band.LOW: ("▼", "bad"),
    Band.TOO_FEW: ("○", "calm"),
}
"""Icon and tone; the word is the band's own."""

TITLES: Mapping[Key, str] = {
    Key.FREQUENCY: "Deployment frequency",
    Key.LEAD: "Lead time for changes",
    Key.FAILURES: "Change failure share",
    Key.RESTORE: "Time to restore",
}

BAR, GAP, HIGH = 16, 4, 48
"""Of a trend, in units of its drawing."""


@dataclass(frozen=True)
class Wanted:
    """What the address asks for. `service` is empty for all, `week` the Monday of one."""

    environment: str | None
    service: str
    weeks: int
    figure: Key | None
    week: str | None

    def address(self, **changes: str | None) -> str:
        given: dict[str, str | None] = {
            "environment": self.environment,
            "service": self.service or None,
            "weeks": str(self.weeks) if self.weeks != WEEKS else None,
            **changes,
        }
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/delivery?{query}" if query else "/delivery"


@dataclass(frozen=True)
class Bar:
    """One week. `height` is its share of the drawing; `text` what it says, `link` leads to its rows."""

    x: int
    y: float
    height: float
    week: str
    text: str
    link: str
    is_known: bool


@dataclass(frozen=True)
class Tile:
    """One of the four. `value` is the figure in words, `details` what it is made of."""

    key: str
    title: str
    value: str
    badge: Badge
    details: tuple[str, ...]
    bars: tuple[Bar, ...]
    width: int
    trend: str
    link: str


@dataclass(frozen=True)
class RowView:
    fact: Fact
    changes: str
    restored: str


class DeliveryPage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """The four keys. 404: no such environment, service, figure or week. 400: a cursor that this never gave out."""
        now, cursor = self._context.clock.now(), request.query_params.get("cursor")
        with self._context.store.read() as unit:
            names = tuple(environment.name for environment in unit.environments.all())
            services = unit.delivery_facts.services()
            wanted = _wanted(request.query_params, names, services)
            report = unit.delivery_facts.report(wanted.environment, wanted.service, now, wanted.weeks)
            backlog = unit.contents.backlog()
            rows: Page[Fact] | None = None
            if wanted.figure is not None:
                since, until = _span(wanted, now)
                about = (wanted.environment, wanted.service, since, until)
                rows = unit.delivery_facts.page(*about, wanted.figure, ROWS, cursor)
        figure = {"figure": str(wanted.figure) if wanted.figure else None, "week": wanted.week}
        return self._pages.page(
            "delivery.html",
            now,
            visitor=visitor,
            here=here(request),
            wanted=wanted,
            names=names,
            services=services,
            choices=sorted({*CHOICES, wanted.weeks}),
            report=report,
            counting=counting(backlog),
            tiles=tuple(_tile(key, report, wanted) for key in Key),
            fewest=dora.FEWEST,
            figure=TITLES[wanted.figure] if wanted.figure else None,
            rows=tuple(map(_row, rows.items)) if rows else (),
            is_first=cursor is None,
            newest=wanted.address(**figure),
            older=wanted.address(**figure, cursor=rows.next) if rows and rows.next else None,
        )


def _wanted(given: Mapping[str, str], names: tuple[str, ...], services: tuple[str, ...]) -> Wanted:
    environment, service = given.get("environment") or None, given.get("service", "")
    if environment is not None and environment not in names:
        raise Missing(f"No environment is called {environment[:80]!r}.")
    if service and service not in services:
        raise Missing(f"No deployment has ever changed a service {service[:80]!r}.")
    weeks = given.get("weeks") or str(WEEKS)
    if weeks not in {str(number) for number in range(1, MOST_WEEKS + 1)}:
        raise Missing(f"Weeks are a number from 1 to {MOST_WEEKS}.")
    figure, week = given.get("figure") or None, given.get("week") or None
    if figure is not None and figure not in set(Key):
        raise Missing(f"No figure is called {figure[:80]!r}.")
    if week is not None and dora.week_of(week) is None:
        raise Missing(f"{week[:80]!r} is no week; one is written as in 2026-W47.")
    return Wanted(environment, service, int(weeks), Key(figure) if figure else None, week)


def _span(wanted: Wanted, now: datetime) -> tuple[datetime, datetime]:
    first = dora.week_of(wanted.week) if wanted.week else None
    return dora.of_week(first) if first else (dora.window(now, wanted.weeks, None).begins, now)


def _tile(key: Key, report: Report, wanted: Wanted) -> Tile:
    value, details = TOLD[key](report.four)
    icon, tone = BANDS[report.four.bands[key]]
    bars = _bars(key, report.weeks, wanted)
    return Tile(
        key=str(key),
        title=TITLES[key],
        value=value,
        badge=Badge(icon, str(report.four.bands[key]), tone),
        details=details,
        bars=bars,
        width=len(bars) * (BAR + GAP) - GAP,
        trend=UNITS[key],
        link=f"{wanted.address(figure=str(key))}#rows",
    )


def _bars(key: Key, weeks: tuple[Week, ...], wanted: Wanted) -> tuple[Bar, ...]:
    """As high as the highest; a week of which nothing is known has no bar, and one with nothing a thin one."""
    found = [MEASURED[key](week.four) for week in weeks]
    most = max((value for value in found if value is not None), default=0.0) or 1.0
    return tuple(
        _bar(number, value, most, week, key, wanted)
        for number, (value, week) in enumerate(zip(found, weeks, strict=True))
    )


def _bar(number: int, value: float | None, most: float, week: Week, key: Key, wanted: Wanted) -> Bar:
    height = round(max(HIGH * value / most, 1.0), 1) if value is not None else 0.0
    return Bar(
        x=number * (BAR + GAP),
        y=round(HIGH - height, 1),
        height=height,
        week=week.name,
        text=WEEKLY[key](week.four),
        link=f"{wanted.address(figure=str(key), week=week.name)}#rows",
        is_known=value is not None,
    )


def _frequency(four: Four) -> tuple[str, tuple[str, ...]]:
    found = four.frequency
    days = f"{found.days_per_week:.1f} deploy days a week: {counted(found.days, 'day')} with a success"
    return f"{found.per_week:.1f} a week", (f"{found.deployments:,} succeeded", days)


def _lead(four: Four) -> tuple[str, tuple[str, ...]]:
    found, total = four.lead, four.lead.total
    if total.median is None or total.p90 is None:
        return "unknown", ("no change is known that came with a deployment",)
    parts = (
        ("coding", found.coding),
        ("review", found.review),
        ("waiting", found.waiting),
        ("deploying", found.deploying),
    )
    split = ", ".join(f"{name} {exact(each.median)}" for name, each in parts if each.median is not None)
    nine = f"nine in ten within {exact(total.p90)}"
    return f"{exact(total.median)} median", (_many(total, "change"), nine, f"medians: {split}")


def _failures(four: Four) -> tuple[str, tuple[str, ...]]:
    found = four.failures
    if found.share is None:
        return "unknown", ("nothing started",)
    return f"{found.share:.0%}", (f"{found.failed:,} of {found.started:,} that started",)


def _restore(four: Four) -> tuple[str, tuple[str, ...]]:
    found, total = four.restore, four.restore.total
    still = (f"{found.open:,} not restored yet",) if found.open else ()
    if total.median is None or total.p90 is None:
        return "nothing to restore" if not found.open else "not yet", still
    return f"{exact(total.median)} median", (_many(total, "failure"), f"nine in ten within {exact(total.p90)}", *still)


def _many(found: Spans, what: str) -> str:
    return f"of {counted(found.number, what)}"


def _with_number(found: Spans, what: str) -> str:
    return f"{exact(found.median)}, {_many(found, what)}" if found.median is not None else f"no {what}"


def _flat(told: tuple[str, tuple[str, ...]]) -> tuple[str, ...]:
    value, details = told
    return (f"{value}:", *details) if value != "unknown" else details


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


TOLD: Mapping[Key, Callable[[Four], tuple[str, tuple[str, ...]]]] = {
    Key.FREQUENCY: _frequency,
    Key.LEAD: _lead,
    Key.FAILURES: _failures,
    Key.RESTORE: _restore,
}
WEEKLY: Mapping[Key, Callable[[Four], str]] = {
    Key.FREQUENCY: lambda four: f"{four.frequency.deployments:,}",
    Key.LEAD: lambda four: _with_number(four.lead.total, "change"),
    Key.FAILURES: lambda four: " ".join(_flat(_failures(four))),
    Key.RESTORE: lambda four: _with_number(four.restore.total, "failure"),
}
UNITS: Mapping[Key, str] = {
    Key.FREQUENCY: "Deployments that succeeded",
    Key.LEAD: "Median lead time",
    Key.FAILURES: "Share that failed",
    Key.RESTORE: "Median time to restore",
}
MEASURED: Mapping[Key, Callable[[Four], float | None]] = {
    Key.FREQUENCY: lambda four: float(four.frequency.deployments),
    Key.LEAD: lambda four: _seconds(four.lead.total.median),
    Key.FAILURES: lambda four: four.failures.share,
    Key.RESTORE: lambda four: _seconds(four.restore.total.median),
}


def _row(fact: Fact) -> RowView:
    total = dora.spans(lead.total.total_seconds() for lead in fact.leads)
    changes = f"{total.number}, median {exact(total.median)}" if total.median is not None else ""
    restored = exact(fact.restored) if fact.restored is not None else ("not yet" if fact.harmed else "")
    return RowView(fact, changes, restored)
