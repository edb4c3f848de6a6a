"""How well software is delivered: the four keys of DORA, from what finished deployments say. Pure.

The four are those of https://dora.dev/guides/dora-metrics-four-keys/; the bounds of their bands are those of the 2023
report as DevLake uses them, https://devlake.apache.org/docs/DORA/.

What counts as a deployment: one of kind `deploy` that started, whoever or whatever ordered it, the same commit once
more as well. What does not: rollbacks, corrections, removals (prunes), restarts of what is live, and what never
started: superseded, rejected, expired, aborted while it waited, or ended at once because nothing differed.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from statistics import median

from controller.domain.contents import Contents, carriers
from controller.domain.deployment import FINAL, Deployment, Kind, Phase
from controller.domain.step import StepKind, StepState

FEWEST = 5
"""Of fewer deployments, or changes, nobody can tell a band; of failures that were restored one is enough."""

WEEK, DAY, HOUR, MONTH = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), timedelta(days=30)


class Band(StrEnum):
    ELITE = "elite"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    TOO_FEW = "too few to tell"


class Key(StrEnum):
    """One of the four."""

    FREQUENCY = "frequency"
    LEAD = "lead"
    FAILURES = "failures"
    RESTORE = "restore"


@dataclass(frozen=True)
class Lead:
    """How long one change took to be live. Of a pull request: `coding` from its first commit to its opening, `review`
    from there to its merge, `waiting` from there to the start of the deployment, `deploying` to its success. Of a
    commit without one, `coding` and `review` are None, and `waiting` begins when it was written."""

    coding: timedelta | None
    review: timedelta | None
    waiting: timedelta
    deploying: timedelta

    @property
    def total(self) -> timedelta:
        """From the first commit to the success; what isn't known is not in it."""
        return sum((part for part in (self.coding, self.review) if part), self.waiting + self.deploying)


@dataclass(frozen=True)
class Fact:
    """What one deployment says; `service` is empty where it is about all of it.

    `failed`: it turned back and what was live before is live again, it failed or was aborted after its traffic had
    begun to rise, or a rollback, by order or because of an alarm, took the traffic from its version. `harmed`: of those
    the ones of which people could notice something, because it had traffic. `restored`: from when that was seen to when
    the traffic was home, or the next version was well; None: not yet, or there was nothing to restore.
    """

    deployment: str
    environment: str
    service: str
    started_at: datetime
    finished_at: datetime
    succeeded: bool
    failed: bool = False
    harmed: bool = False
    restored: timedelta | None = None
    leads: tuple[Lead, ...] = ()

    @property
    def week(self) -> date:
        return monday(self.finished_at)


def counts(deployment: Deployment) -> bool:
    """Whether it is a deployment in this sense, and over."""
    started = deployment.kind is Kind.DEPLOY and not deployment.restarts_what_is_live and deployment.started_at
    return bool(started) and deployment.phase in FINAL and bool(deployment.steps)


def facts_of(
    deployment: Deployment, contents: Contents | None, left_by: Deployment | None, healthy_again: Deployment | None
) -> tuple[Fact, ...]:
    """Of all of it, and of each service that it changed; none where it doesn't count.

    `left_by` is the rollback that took the traffic from its version; `healthy_again` the next version that was live
    and well in its environment.
    """
    if not counts(deployment):
        return ()
    assert deployment.started_at is not None and deployment.finished_at is not None, f"{deployment.id} is over"
    harmed = deployment.has_raised and deployment.phase is not Phase.SUCCEEDED
    whole = Fact(
        deployment=deployment.id,
        environment=deployment.environment,
        service="",
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
        succeeded=deployment.phase is Phase.SUCCEEDED,
        failed=deployment.phase is Phase.ROLLED_BACK or harmed or left_by is not None,
        harmed=harmed or left_by is not None,
        restored=_restored(deployment, left_by, healthy_again),
        leads=leads(contents, deployment.started_at, deployment.finished_at)
        if contents and deployment.phase is Phase.SUCCEEDED
        else (),
    )
    return (whole, *(replace(whole, service=name) for name in changed(deployment)))


def changed(deployment: Deployment) -> tuple[str, ...]:
    """The services that it rolled, or ran another number of tasks of."""
    plan = deployment.plan
    return tuple(dict.fromkeys([*(one.service for one in plan.rolling), *plan.counts])) if plan else ()


def leads(contents: Contents, started: datetime, succeeded: datetime) -> tuple[Lead, ...]:
    """Of each pull request that brought something of its own, and of each commit that came without one; of commits
    that nobody has asked about, and of what is taken back, none. Spans are never below nothing: an author's clock may
    be wrong, and commits may be written anew after a pull request was opened."""
    if contents.is_taken_back or not contents.is_known:
        return ()
    deploying = _span(started, succeeded)
    found = [
        Lead(
            coding=_span(pull.began_at, pull.opened_at) if pull.began_at else None,
            review=_span(pull.opened_at, pull.merged_at),
            waiting=_span(pull.merged_at, started),
            deploying=deploying,
        )
        for pull in carriers(contents)
    ]
    alone = (change for change in contents.changes if change.pull is None and change.is_traced and not change.is_merge)
    return (*found, *(Lead(None, None, _span(change.authored_at, started), deploying) for change in alone))


def _span(since: datetime, until: datetime) -> timedelta:
    return max(until - since, timedelta(0))


def _restored(deployment: Deployment, left_by: Deployment | None, healthy_again: Deployment | None) -> timedelta | None:
    """Of what turned back: from the failing of its step to its traffic being home. Of what a rollback left: from the
    order or the alarm, which is when the rollback was made, to its last shift. Else to the end of the next version that
    was well."""
    if left_by is not None and (home := _last(left_by, StepKind.SHIFT)) and left_by.phase is Phase.SUCCEEDED:
        return _span(left_by.created_at, home)
    if left_by is None and (deployment.phase is Phase.SUCCEEDED or not deployment.has_raised):
        return None
    seen = left_by.created_at if left_by is not None else _failed_at(deployment)
    home = None if left_by is not None else _last(deployment, StepKind.HOME)
    well = home or (healthy_again.finished_at if healthy_again else None)
    return _span(seen, well) if seen and well else None


def _failed_at(deployment: Deployment) -> datetime | None:
    ends = [step.finished_at for step in deployment.steps if step.state is StepState.FAILED and step.finished_at]
    return min(ends, default=deployment.finished_at)


def _last(deployment: Deployment, kind: StepKind) -> datetime | None:
    done = [step.finished_at for step in deployment.steps if step.kind is kind and step.state is StepState.DONE]
    return max((at for at in done if at), default=None)


# ---------------------------------------------------------------- the four


@dataclass(frozen=True)
class Window:
    """The ISO weeks that are looked at, in UTC: from a Monday to this moment, the present week as far as it has
    come. `since` is when the first deployment ended, where that was later: nobody is slow in weeks before their
    first."""

    first: date
    until: datetime
    since: datetime

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def mondays(self) -> tuple[date, ...]:
        weeks = (monday(self.until) - self.first) // WEEK + 1
        return tuple(self.first + WEEK * number for number in range(weeks))

    @property
    def weeks(self) -> float:
        """How long it was, and at least one."""
        return max((self.until - max(self.begins, self.since)) / WEEK, 1.0)


def window(now: datetime, weeks: int, first_ever: datetime | None) -> Window:
    """
    >>> window(datetime(2026, 11, 21, 12, tzinfo=UTC), 2, None).first
    datetime.date(2026, 11, 9)
    """
    first = monday(now) - WEEK * (weeks - 1)
    return Window(first, now, first_ever or now)


def monday(moment: datetime) -> date:
    """Of the ISO week in which a moment is, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def week_name(first: date) -> str:
    """
    >>> week_name(date(2026, 12, 28))
    '2026-W53'
    """
    year, week, _ = first.isocalendar()
    return f"{year}-W{week:02d}"


def week_of(name: str) -> date | None:
    """The Monday of a week by its name; None for what is no week's name.

    >>> week_of("2026-W53"), week_of("2026-W54")
    (datetime.date(2026, 12, 28), None)
    """
    try:
        first = date.fromisoformat(f"{name}-1")
    except ValueError:
        return None
    return first if week_name(first) == name else None


@dataclass(frozen=True)
class Spans:
    """Some durations: how many, the middle one, and the one that nine in ten are not longer than."""

    number: int
    median: timedelta | None
    p90: timedelta | None


def spans(found: Iterable[timedelta]) -> Spans:
    """The 90th percentile is the nearest rank: of ten the ninth, of five the fifth.

    >>> spans(timedelta(hours=hours) for hours in (1, 2, 3, 10)).median
    datetime.timedelta(seconds=9000)
    """
    seconds = sorted(each.total_seconds() for each in found)
    if not seconds:
        return Spans(0, None, None)
    rank = math.ceil(0.9 * len(seconds)) - 1
    return Spans(len(seconds), timedelta(seconds=median(seconds)), timedelta(seconds=seconds[rank]))


@dataclass(frozen=True)
class Frequency:
    """`deployments` that succeeded; `days` are the different days (UTC) on which one did."""

    deployments: int
    days: int
    per_week: float
    days_per_week: float
    band: Band


@dataclass(frozen=True)
class LeadTime:
    total: Spans
    coding: Spans
    review: Spans
    waiting: Spans
    deploying: Spans
    band: Band


@dataclass(frozen=True)
class Failures:
    """`share` is from 0 to 1; None: nothing started."""

    failed: int
    started: int
    share: float | None
    band: Band


@dataclass(frozen=True)
class Restore:
    """`open` have harmed, and nothing has been well since."""

    total: Spans
    open: int
    band: Band


@dataclass(frozen=True)
class Four:
    frequency: Frequency
    lead: LeadTime
    failures: Failures
    restore: Restore

    @property
    def bands(self) -> Mapping[Key, Band]:
        return {
            Key.FREQUENCY: self.frequency.band,
            Key.LEAD: self.lead.band,
            Key.FAILURES: self.failures.band,
            Key.RESTORE: self.restore.band,
        }


@dataclass(frozen=True)
class Week:
    """`first` is its Monday."""

    first: date
    four: Four

    @property
    def name(self) -> str:
        return week_name(self.first)


def four(facts: Sequence[Fact], weeks: float) -> Four:
    """`facts` are of whole deployments or of one service, never of both; `weeks` is how long they took to come.

    Frequency: successful deployments, and days with one, per week. Lead time: over all changes of all of them; one that
    came to three environments counts in each. Failures: those that failed, of those that started. Restore: over those
    that harmed and are restored.
    """
    succeeded = [fact for fact in facts if fact.succeeded]
    days = len({fact.finished_at.astimezone(UTC).date() for fact in succeeded})
    failed, started = sum(fact.failed for fact in facts), len(facts)
    found = [lead for fact in succeeded for lead in fact.leads]
    total = spans(lead.total for lead in found)
    restored = spans(fact.restored for fact in facts if fact.restored is not None)
    share = failed / started if started else None
    return Four(
        Frequency(
            len(succeeded),
            days,
            len(succeeded) / weeks,
            days / weeks,
            _more_is_better(days / weeks) if len(succeeded) >= FEWEST else Band.TOO_FEW,
        ),
        LeadTime(
            total,
            spans(lead.coding for lead in found if lead.coding is not None),
            spans(lead.review for lead in found if lead.review is not None),
            spans(lead.waiting for lead in found),
            spans(lead.deploying for lead in found),
            _at_most(total.median, (DAY, WEEK, MONTH)) if total.number >= FEWEST else Band.TOO_FEW,
        ),
        Failures(failed, started, share, _share_band(share) if started >= FEWEST else Band.TOO_FEW),
        Restore(
            restored,
            sum(fact.harmed and fact.restored is None for fact in facts),
            _at_most(restored.median, (HOUR, DAY, WEEK)),
        ),
    )


def _more_is_better(days_per_week: float) -> Band:
    """Elite: every day of the week. High: a day a week. Medium: a day a month, of which a year has twelve.

    >>> _more_is_better(7), _more_is_better(6.9), _more_is_better(0.5), _more_is_better(0.1)
    (<Band.ELITE: 'elite'>, <Band.HIGH: 'high'>, <Band.MEDIUM: 'medium'>, <Band.LOW: 'low'>)
    """
    bounds = ((7.0, Band.ELITE), (1.0, Band.HIGH), (12 / 52, Band.MEDIUM))
    return next((band for least, band in bounds if days_per_week >= least), Band.LOW)


def _at_most(span: timedelta | None, bounds: tuple[timedelta, timedelta, timedelta]) -> Band:
    """Below the first bound is elite, below the second high, below the third medium."""
    if span is None:
        return Band.TOO_FEW
    named = zip(bounds, (Band.ELITE, Band.HIGH, Band.MEDIUM), strict=True)
    return next((band for bound, band in named if span < bound), Band.LOW)


def _share_band(share: float | None) -> Band:
    """At most 5 % is elite, 10 % high, 15 % medium."""
    if share is None:
        return Band.TOO_FEW
    named = ((0.05, Band.ELITE), (0.10, Band.HIGH), (0.15, Band.MEDIUM))
    return next((band for bound, band in named if share <= bound), Band.LOW)


def trend(facts: Sequence[Fact], looked_at: Window) -> tuple[Week, ...]:
    """Week by week, the oldest first; of a week with nothing all numbers are 0 or unknown."""
    by_week: dict[date, list[Fact]] = {first: [] for first in looked_at.mondays}
    for fact in facts:
        if fact.week in by_week:
            by_week[fact.week].append(fact)
    return tuple(Week(first, four(found, 1.0)) for first, found in by_week.items())


COUNTED: Mapping[Key, Callable[[Fact], bool]] = {
    Key.FREQUENCY: lambda fact: fact.succeeded,
    Key.LEAD: lambda fact: bool(fact.leads),
    Key.FAILURES: lambda _: True,
    Key.RESTORE: lambda fact: fact.harmed,
}
"""Which rows each figure is made of."""
