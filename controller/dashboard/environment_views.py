"""What an environment's page shows beside what the first page does: rows and answers as words. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.dashboard.context import DashboardContext
from controller.dashboard.offers import draft, link_of
from controller.dashboard.views import Badge, VersionView, version_view
from controller.dashboard.words import ALARMS, READY
from controller.domain.alarms import AlarmState, AlarmView
from controller.domain.candidates import Candidate, Candidates, Ready
from controller.domain.counting import counted
from controller.domain.orders import OrderKind, Wish
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.step import StepKind

STRIP = timedelta(hours=24)
STRIP_WIDTH = 240


@dataclass(frozen=True)
class DesiredView:
    """The newest commit that was looked at and taken, None where nothing was ever pushed. `version` is None where only
    its sha is known; `why` is what keeps a newer one from being taken, or what a person may want to know of it."""

    commit: str | None
    version: VersionView | None
    is_live: bool
    why: Reason | None


@dataclass(frozen=True)
class QuarantineView:
    deployment: str
    contents: Mapping[str, str]


@dataclass(frozen=True)
class ReadyView:
    name: str
    badge: Badge
    text: str


@dataclass(frozen=True)
class WayBackView:
    """A version to go back to, and what is ready of it."""

    id: str
    version: VersionView
    finished_at: datetime | None
    badge: Badge
    ready: tuple[ReadyView, ...]
    link: str


@dataclass(frozen=True)
class Stretch:
    """A part of an alarm's strip: from where to where, in units of the drawing."""

    x: float
    width: float
    kind: str
    told: str


@dataclass(frozen=True)
class AlarmLine:
    name: str
    badge: Badge
    since: datetime | None
    reason: str
    strip: tuple[Stretch, ...]


@dataclass(frozen=True)
class PlannedView:
    number: int
    title: str
    services: str
    told: str


@dataclass(frozen=True)
class PlanView:
    """`deployment` is None of a plan that nobody has begun."""

    deployment: str | None
    standing: Reason
    commit: str
    digest: str
    services: tuple[tuple[str, str, str], ...]
    steps: tuple[PlannedView, ...]
    unrun: tuple[str, ...]


def desired_view(overview: Overview, newest: Revision | None, context: DashboardContext) -> DesiredView:
    """`newest` is the revision of the commit that was recorded last."""
    environment, live = overview.environment, overview.live
    return DesiredView(
        commit=environment.recorded,
        version=version_view(newest, context) if newest else None,
        is_live=live is not None and live.revision.commit.sha == environment.recorded,
        why=environment.problem or environment.remark,
    )


def quarantine_views(overview: Overview) -> tuple[QuarantineView, ...]:
    name = overview.environment.name
    return tuple(
        QuarantineView(f"{name}-{each.deployment}", each.contents) for each in overview.environment.quarantines
    )


def way_back_views(found: Candidates, now: datetime, context: DashboardContext) -> tuple[WayBackView, ...]:
    return tuple(_way_back(each, now, context) for each in found.items)


def _way_back(candidate: Candidate, now: datetime, context: DashboardContext) -> WayBackView:
    one = candidate.deployment
    order = draft(OrderKind.ROLLBACK, one.environment, now, wish=Wish(to=one.id))
    told = (
        ("Images", candidate.images),
        ("Task definitions", candidate.definitions),
        ("Migrations", candidate.migration),
        ("Tasks", candidate.warm),
    )
    return WayBackView(
        id=one.id,
        version=version_view(one.revision, context),
        finished_at=one.finished_at,
        badge=Badge(*READY[candidate.answer]),
        ready=tuple(_ready(name, each) for name, each in told),
        link=link_of(order),
    )


def _ready(name: str, ready: Ready) -> ReadyView:
    return ReadyView(name, Badge(*READY[ready.answer]), ready.text)


def alarm_lines(alarms: Mapping[str, AlarmView | None], overview: Overview, now: datetime) -> tuple[AlarmLine, ...]:
    """Those that ring first. What was written down of an alarm's changes draws its strip, with what it is now."""
    lines = [_alarm(name, view, _changes(name, overview), now) for name, view in alarms.items()]
    return tuple(sorted(lines, key=lambda line: (ORDER.index(line.badge.tone), line.name)))


ORDER = ("bad", "warn", "calm", "good")


def _changes(name: str, overview: Overview) -> list[tuple[datetime, AlarmState]]:
    evidence = [found for every in overview.evidence.values() for found in every]
    told = [alarm for found in evidence for alarm in found.alarms if alarm.name == name]
    return sorted({(change.at, change.state) for alarm in told for change in alarm.changes})


def _alarm(
    name: str, view: AlarmView | None, changes: Sequence[tuple[datetime, AlarmState]], now: datetime
) -> AlarmLine:
    if view is None:
        return AlarmLine(name, Badge("?", "there is no such alarm", "bad"), None, "", ())
    known = sorted({*changes, (view.since, view.state)})
    return AlarmLine(name, Badge(*ALARMS[view.state]), view.since, view.reason, tuple(strip(known, now)))


def strip(changes: Sequence[tuple[datetime, AlarmState]], now: datetime) -> Iterator[Stretch]:
    """The last 24 hours, as far back as anything is known of them; `changes` in order."""
    first = now - STRIP
    ends = [*(at for at, _ in changes[1:]), now]
    for (at, state), end in zip(changes, ends, strict=True):
        left, right = max(at, first), min(end, now)
        if right > left:
            told = f"{ALARMS[state][1]} from {left:%H:%M} to {right:%H:%M} UTC"
            yield Stretch(_place(left, first), _place(right, first) - _place(left, first), str(state), told)


def _place(moment: datetime, first: datetime) -> float:
    return round((moment - first) / STRIP * STRIP_WIDTH, 1)


def plan_view(plan: Mapping[str, Any]) -> PlanView:
    """Of the JSON values that the API answers."""
    standing = plan["standing"]
    return PlanView(
        deployment=plan["deployment"],
        standing=Reason(standing["code"], standing["text"]),
        commit=plan["commit"],
        digest=plan["digest"],
        services=tuple(_planned_service(name, each) for name, each in plan["services"].items()),
        steps=tuple(_planned(step) for step in plan["steps"]),
        unrun=tuple(plan["unrun"]),
    )


def _planned_service(name: str, planned: Mapping[str, Any]) -> tuple[str, str, str]:
    return name, f"{counted(planned['count'], 'task')}, {planned['capacity']}", planned["image"]


def _planned(step: Mapping[str, Any]) -> PlannedView:
    scaling: Iterable[str] = (f"{name} scales {how}" for name, how in step["scaling"].items())
    waits = step["wait"] not in {None, "0s"} and step["kind"] != StepKind.BAKE
    told = [f"for {step['wait']}" if waits else "", " ".join(step["command"] or ()), *scaling]
    return PlannedView(step["number"], step["title"], ", ".join(step["services"]), "; ".join(filter(None, told)))
