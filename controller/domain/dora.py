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
from itertools import chain
from statistics import median

from controller.domain.contents import Contents, carriers
from controller.domain.deployment import FINAL, Deployment, Kind, Phase
from controller.domain.step import StepKind, StepState

WEEKS, MOST_WEEKS = 12, 52
"""So many are looked at where nobody says otherwise, and at most."""

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

    @property
    def outcome(self) -> str:
        """In words, without names."""
        if self.succeeded:
            return "succeeded, and was rolled back later" if self.failed else "succeeded"
        if not self.failed:
            return "ended before it had traffic"
        return "failed with traffic" if self.harmed else "turned back before it had traffic"


def counts(deployment: Deployment) -> bool:
    """Whether it is a deployment in this sense, and over."""
    started = deployment.kind is Kind.DEPLOY and not deployment.restarts_what_is_live and deployment.started_at
    return bool(started) and deployment.phase in FINAL and bool(deployment.steps)


def has_harmed(deployment: Deployment, left_by: Deployment | None) -> bool:
    """Whether people could notice that something was wrong with it; then it matters what was well again."""
    return left_by is not None or (deployment.has_raised and deployment.phase is not Phase.SUCCEEDED)


def facts_of(
    deployment: Deployment, contents: Contents | None, left_by: Deployment | None, healthy_again: Deployment | None
) -> tuple[Fact, ...]:
    """Of all of it, and of each service that it changed; none where it doesn't count.

    `left_by` is the rollback that took the traffic from its version; `healthy_again`, where it `has_harmed`, the next
    version that was live and well in its environment.
    """
    if not counts(deployment):
        return ()
    assert deployment.started_at is not None and deployment.finished_at is not None, f"{deployment.id} is over"
    harmed = has_harmed(deployment, left_by)
    whole = Fact(
        deployment=deployment.id,
        environment=deployment.environment,
        service="",
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
        succeeded=deployment.phase is Phase.SUCCEEDED,
        failed=deployment.phase is Phase.ROLLED_BACK or harmed,
        harmed=harmed,
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
    if not has_harmed(deployment, left_by):
        return None
    seen = left_by.created_at if left_by is not None else _failed_at(deployment)
    home = None if left_by is not None else _last(deployment, StepKind.HOME)
    well = home or (healthy_again.finished_at if healthy_again else None)
    return _span(seen, well) if seen and well else None


def _failed_at(deployment: Deployment) -> datetime | None:
    """When a step failed; of what was aborted between two steps, when it began to go home."""
    failed = [step.finished_at for step in deployment.steps if step.state is StepState.FAILED]
    went = [step.started_at for step in deployment.steps if step.kind is StepKind.HOME]
    return min((at for at in (*failed, *went) if at), default=deployment.finished_at)


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


def of_week(first: date) -> tuple[datetime, datetime]:
    """From its Monday to the last moment of its Sunday."""
    begins = datetime.combine(first, time(), UTC)
    return begins, begins + WEEK - timedelta(microseconds=1)


def week_name(first: date) -> str:
    """
    >>> week_name(date(2026, 12, 28))
    '2026-W53'
    """
    year, week, _ = first.isocalendar()
    return f"{year}-W{week:02d}"


def week_of(name: str) -> date | None:
    """The Monday of a week by its name; None for what is no week's name, and for the calendar's last one, which has no
    end.

    >>> week_of("2026-W53"), week_of("2026-W54"), week_of("9999-W52")
    (datetime.date(2026, 12, 28), None, None)
    """
    try:
        first = date.fromisoformat(f"{name}-1")
        of_week(first)
    except (ValueError, OverflowError):
        return None
    return first if week_name(first) == name else None


@dataclass(frozen=True)
class Spans:
    """Some durations: how many, the middle one, and the one that nine in ten are not longer than."""

    number: int
    median: timedelta | None
    p90: timedelta | None


def spans(seconds: Iterable[float]) -> Spans:
    """The 90th percentile is the nearest rank: of ten the ninth, of five the fifth.

    >>> spans([1, 2, 3, 10]).median, spans([1, 2, 3, 10]).p90
    (datetime.timedelta(seconds=2, microseconds=500000), datetime.timedelta(seconds=10))
    """
    ordered = sorted(seconds)
    if not ordered:
        return Spans(0, None, None)
    rank = math.ceil(0.9 * len(ordered)) - 1
    return Spans(len(ordered), timedelta(seconds=median(ordered)), timedelta(seconds=ordered[rank]))


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


@dataclass(frozen=True)
class Tally:
    """What some facts come to, so that those of a week are summed up once. `days` are the dates (UTC) on which one
    succeeded; `open` have harmed and are not restored. All spans are in seconds, the shortest first: `total` and its
    parts are of changes, `restored` of failures."""

    succeeded: int = 0
    started: int = 0
    failed: int = 0
    open: int = 0
    days: Sequence[str] = ()
    total: Sequence[int] = ()
    coding: Sequence[int] = ()
    review: Sequence[int] = ()
    waiting: Sequence[int] = ()
    deploying: Sequence[int] = ()
    restored: Sequence[int] = ()


def tally(facts: Iterable[Fact]) -> Tally:
    """`facts` are of whole deployments or of one service, never of both."""
    found = tuple(facts)
    succeeded = [fact for fact in found if fact.succeeded]
    changes = [lead for fact in succeeded for lead in fact.leads]
    return Tally(
        succeeded=len(succeeded),
        started=len(found),
        failed=sum(fact.failed for fact in found),
        open=sum(fact.harmed and fact.restored is None for fact in found),
        days=sorted({fact.finished_at.astimezone(UTC).date().isoformat() for fact in succeeded}),
        total=_seconds(lead.total for lead in changes),
        coding=_seconds(lead.coding for lead in changes),
        review=_seconds(lead.review for lead in changes),
        waiting=_seconds(lead.waiting for lead in changes),
        deploying=_seconds(lead.deploying for lead in changes),
        restored=_seconds(fact.restored for fact in found),
    )


def _seconds(found: Iterable[timedelta | None]) -> Sequence[int]:
    """Of those that are known."""
    return sorted(round(span.total_seconds()) for span in found if span is not None)


def together(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        succeeded=sum(one.succeeded for one in tallies),
        started=sum(one.started for one in tallies),
        failed=sum(one.failed for one in tallies),
        open=sum(one.open for one in tallies),
        days=sorted({day for one in tallies for day in one.days}),
        total=_merged(one.total for one in tallies),
        coding=_merged(one.coding for one in tallies),
        review=_merged(one.review for one in tallies),
        waiting=_merged(one.waiting for one in tallies),
        deploying=_merged(one.deploying for one in tallies),
        restored=_merged(one.restored for one in tallies),
    )


def _merged(found: Iterable[Sequence[int]]) -> Sequence[int]:
    return sorted(chain.from_iterable(found))


def four(found: Tally, weeks: float) -> Four:
    """`weeks` is how long it took to come.

    Frequency: successful deployments, and days with one, per week. Lead time: over all changes of all of them; one that
    came to three environments counts in each. Failures: those that failed, of those that started. Restore: over those
    that harmed and are restored.
    """
    total, restored = spans(found.total), spans(found.restored)
    days, share = len(found.days) / weeks, found.failed / found.started if found.started else None
    return Four(
        Frequency(
            found.succeeded,
            len(found.days),
            found.succeeded / weeks,
            days,
            _more_is_better(days) if found.succeeded >= FEWEST else Band.TOO_FEW,
        ),
        LeadTime(
            total,
            coding=spans(found.coding),
            review=spans(found.review),
            waiting=spans(found.waiting),
            deploying=spans(found.deploying),
            band=_at_most(total.median, (DAY, WEEK, MONTH)) if total.number >= FEWEST else Band.TOO_FEW,
        ),
        Failures(found.failed, found.started, share, _share_band(share) if found.started >= FEWEST else Band.TOO_FEW),
        Restore(restored, found.open, _at_most(restored.median, (HOUR, DAY, WEEK))),
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


@dataclass(frozen=True)
class Report:
    """The four keys of an environment and a service (None, empty: of all), over all weeks that were looked at and week
    by week."""

    environment: str | None
    service: str
    window: Window
    four: Four
    weeks: tuple[Week, ...]


def report(environment: str | None, service: str, tallies: Iterable[tuple[date, Tally]], looked_at: Window) -> Report:
    """`tallies` are of weeks, by their Mondays; of a week with nothing all numbers are 0 or unknown."""
    by_week: dict[date, list[Tally]] = {first: [] for first in looked_at.mondays}
    for first, found in tallies:
        if first in by_week:
            by_week[first].append(found)
    weekly = {first: together(found) for first, found in by_week.items()}
    weeks = tuple(Week(first, four(found, 1.0)) for first, found in weekly.items())
    return Report(environment, service, looked_at, four(together(list(weekly.values())), looked_at.weeks), weeks)


COUNTED: Mapping[Key, Callable[[Fact], bool]] = {
    Key.FREQUENCY: lambda fact: fact.succeeded,
    Key.LEAD: lambda fact: bool(fact.leads),
    Key.FAILURES: lambda _: True,
    Key.RESTORE: lambda fact: fact.harmed,
}
"""Which rows each figure is made of."""
