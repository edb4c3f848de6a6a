"""The history as rows of a timeline: lines turned into words and numbers. Pure; `now` is aware UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.dashboard.context import DashboardContext
from controller.dashboard.links import link_to
from controller.dashboard.views import Badge
from controller.dashboard.words import exact
from controller.domain.deployment import Kind
from controller.domain.overview import spans
from controller.domain.reason import Reason
from controller.domain.states import NEEDS_A_PERSON, PAUSED, PHASES, RESTS
from controller.domain.summary import HistoryLine, Standing, Trigger

LONGEST_TEXT = 300
"""Of a title or a reason; the deployment's page has all of it."""

BAR = 100
"""A duration's bar is that wide, in its own units, for the longest of its page."""

STANDINGS = {Standing.PAUSED: PAUSED, Standing.RESTS: RESTS, Standing.NEEDS_A_PERSON: NEEDS_A_PERSON}
TRIGGERS: Mapping[Trigger, str] = {
    Trigger.MERGE: "merge",
    Trigger.RELEASE: "release",
    Trigger.ORDER: "order",
    Trigger.DRIFT: "drift",
    Trigger.ALARM: "alarm",
    Trigger.UNKNOWN: "unknown",
}
STRATEGIES: Mapping[str, str] = {"rolling": "rolling", "blue_green": "blue-green", "canary": "canary"}


@dataclass(frozen=True)
class TimelineRow:
    """`waited` and `moved` are spans as people write them, `moved` empty before it began; the bar's two parts are of
    `BAR`, and together that for the longest row of a page. `was` is the version before, empty where nobody knows."""

    id: str
    environment: str
    badge: Badge
    created_at: datetime
    version: str
    commit: str
    link: str | None
    was: str
    was_id: str
    title: str
    actor: str
    trigger: str
    what: str
    back_to: str | None
    strategy: str
    waited: str
    moved: str
    waiting_part: float
    working_part: float
    reason: Reason
    glass_broken: bool


def timeline(lines: Iterable[HistoryLine], context: DashboardContext, now: datetime) -> tuple[TimelineRow, ...]:
    every = tuple(lines)
    longest = max((sum(_seconds(line, now)) for line in every), default=0.0)
    return tuple(_row(line, longest, context, now) for line in every)


def badge_of(line: HistoryLine) -> Badge:
    return Badge(*(STANDINGS.get(line.summary.standing) or PHASES[line.phase]))


def what_of(line: HistoryLine) -> str:
    """Its kind in a word; empty for what is most usual."""
    if line.summary.pruned:
        return f"prune of {line.summary.pruned}"
    if line.summary.restart:
        return "restart"
    return "" if line.kind is Kind.DEPLOY else str(line.kind)


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _seconds(line: HistoryLine, now: datetime) -> tuple[float, float]:
    lasted = spans(line, now)
    active = lasted.active.total_seconds() if lasted.active is not None else 0.0
    return max(0.0, lasted.waiting.total_seconds()), max(0.0, active)


def _row(line: HistoryLine, longest: float, context: DashboardContext, now: datetime) -> TimelineRow:
    found, lasted = line.summary, spans(line, now)
    waiting, working = (round(BAR * part / longest, 2) if longest else 0.0 for part in _seconds(line, now))
    is_another = found.before is not None and found.before.version != found.version and not found.pruned
    before = found.before if is_another else None
    return TimelineRow(
        id=line.id,
        environment=line.environment,
        badge=badge_of(line),
        created_at=line.created_at,
        version=found.version,
        commit=found.sha,
        link=link_to(context.github, context.bindings, line.environment, found.tag, found.sha),
        was=before.version if before else "",
        was_id=before.id if before else "",
        title=cut(found.title),
        actor=line.actor,
        trigger=TRIGGERS[found.trigger],
        what=what_of(line),
        back_to=found.back_to,
        strategy=STRATEGIES.get(found.strategy, found.strategy),
        waited=exact(lasted.waiting),
        moved=exact(lasted.active) if lasted.active is not None else "",
        waiting_part=waiting,
        working_part=working,
        reason=Reason(found.reason.code, cut(found.reason.text)),
        glass_broken=found.glass_broken,
    )
