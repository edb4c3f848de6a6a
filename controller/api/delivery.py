"""What deployments bring, and how well all of it is delivered, as the API answers it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from pydantic import Field

from controller.api.asking import MOST_ITEMS, Asked, Wanted, Words
from controller.api.context import ApiContext
from controller.api.models import Answer, AuthorAnswer, Time
from controller.api.problems import Refused, missing
from controller.api.reading import deployment_called, must_be_known
from controller.domain import dora
from controller.domain.backlog import counting
from controller.domain.contents import Change, Contents, PullRequest
from controller.domain.dora import MOST_WEEKS, WEEKS, Band, Fact, Key, Spans


class ChangeAnswer(Answer):
    sha: str
    title: str
    authors: tuple[AuthorAnswer, ...]
    authored_at: Time
    is_merge: bool
    pull: int | None = Field(description="The pull request that brought it; null: there was none, where it is traced.")
    is_traced: bool = Field(description="It is known whether a pull request brought it.")


class PullAnswer(Answer):
    number: int
    title: str
    author: str | None
    base: str
    opened_at: Time
    merged_at: Time
    merged_by: str | None
    began_at: Time | None = Field(description="When its first commit was written.")
    reviewed_at: Time | None
    approved_at: Time | None


class ContentsAnswer(Answer):
    deployment: str
    base: str | None = Field(description="The deployment that was live before it; null: it is the first one.")
    is_known: bool = Field(description="Somebody looked, and saw; else `text` says why not.")
    is_taken_back: bool = Field(description="Of a rollback: these commits are taken back.")
    total: int = Field(description="All commits, also those that are not listed.")
    lacks: int = Field(description="So many commits of `base` it has not.")
    changes: tuple[ChangeAnswer, ...] = Field(description="The oldest 250 at most, oldest first.")
    pulls: tuple[PullAnswer, ...]
    text: str


class SpansAnswer(Answer):
    number: int
    median_seconds: float | None
    p90_seconds: float | None


class FrequencyAnswer(Answer):
    deployments: int
    days: int = Field(description="Different days, UTC, on which one succeeded.")
    per_week: float
    days_per_week: float
    band: Band


class LeadTimeAnswer(Answer):
    total: SpansAnswer
    coding: SpansAnswer = Field(description="First commit to opened.")
    review: SpansAnswer = Field(description="Opened to merged.")
    waiting: SpansAnswer = Field(description="Merged, or written where there was no pull request, to started.")
    deploying: SpansAnswer = Field(description="Started to succeeded.")
    band: Band


class FailuresAnswer(Answer):
    failed: int
    started: int
    share: float | None = Field(description="From 0 to 1; null: nothing started.")
    band: Band


class RecoveryAnswer(Answer):
    total: SpansAnswer
    open: int = Field(description="Harmed, and nothing has been well since.")
    band: Band


class FourAnswer(Answer):
    frequency: FrequencyAnswer
    lead: LeadTimeAnswer
    failures: FailuresAnswer
    restore: RecoveryAnswer


class WeekAnswer(FourAnswer):
    week: str = Field(description="As in 2026-W47: an ISO week, UTC.")


class DeliveryAnswer(FourAnswer):
    environment: str | None
    service: str | None
    since: Time
    until: Time
    weeks: tuple[WeekAnswer, ...] = Field(description="Oldest first.")
    left: int = Field(description="Deployments that are still to be counted; 100,001 stands for more than 100,000.")
    unreadable: int = Field(description="Deployments that can't be: what is written down of them can't be read.")
    text: str = Field(description="Both in a sentence; empty: all are counted.")


class LeadAnswer(Answer):
    coding_seconds: float | None
    review_seconds: float | None
    waiting_seconds: float
    deploying_seconds: float
    total_seconds: float


class FactAnswer(Answer):
    deployment: str
    environment: str
    service: str | None
    started_at: Time
    finished_at: Time
    succeeded: bool
    failed: bool
    harmed: bool
    restored_seconds: float | None
    leads: tuple[LeadAnswer, ...]
    text: str


class FactsPage(Answer):
    items: tuple[FactAnswer, ...]
    next: str | None = Field(description="Give it as `cursor` to get the page after this one; null at the end.")


class DeliveryQuery(Wanted):
    environment: Words | None = Field(None, description="Only this environment.")
    service: Words | None = Field(None, description="Only what changed this service.")
    weeks: int = Field(WEEKS, ge=1, le=MOST_WEEKS, description="So many ISO weeks, with the present one.")


class FactsQuery(DeliveryQuery):
    figure: Key = Field(Key.FREQUENCY, description="The rows that this figure is made of.")
    week: Words | None = Field(None, description="Only of this week, as in 2026-W47.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="How many at most.")
    cursor: Words | None = Field(None, description="`next` of the page before.")


def contents(context: ApiContext, asked: Asked) -> ContentsAnswer:
    """404: no such deployment, or nothing was ever asked about it."""
    found = deployment_called(context, asked.path["id"])
    with context.store.read() as unit:
        known = unit.contents.of(found.id)
    if known is None:
        raise missing("contents of deployment", found.id)
    return contents_answer(known)


def delivery(context: ApiContext, asked: Asked) -> DeliveryAnswer:
    """404: no such environment. 400: a wrong query."""
    query: DeliveryQuery = asked.query
    with context.store.read() as unit:
        if query.environment is not None:
            must_be_known(unit, query.environment)
        found = unit.delivery_facts.report(query.environment, query.service or "", context.clock.now(), query.weeks)
        backlog = unit.contents.backlog()
    return DeliveryAnswer(
        environment=query.environment,
        service=query.service,
        since=found.window.begins,
        until=found.window.until,
        weeks=tuple(WeekAnswer(week=week.name, **_four(week.four)) for week in found.weeks),
        **vars(backlog),
        text=counting(backlog),
        **_four(found.four),
    )


def delivery_rows(context: ApiContext, asked: Asked) -> FactsPage:
    """404: no such environment. 400: a wrong query, no such week, or a cursor that this never gave out."""
    query: FactsQuery = asked.query
    since, until = _span(query, context.clock.now())
    with context.store.read() as unit:
        if query.environment is not None:
            must_be_known(unit, query.environment)
        page = unit.delivery_facts.page(
            *(query.environment, query.service or "", since, until, query.figure, query.limit, query.cursor)
        )
    return FactsPage(items=tuple(map(_fact, page.items)), next=page.next)


def _span(query: FactsQuery, now: datetime) -> tuple[datetime, datetime]:
    if query.week is None:
        return dora.window(now, query.weeks, None).begins, now
    first = dora.week_of(query.week)
    if first is None:
        told = f"{query.week[:80]!r} is no week; write one as in 2026-W47."
        raise Refused(HTTPStatus.BAD_REQUEST, "query.invalid", told)
    return dora.of_week(first)


def contents_answer(found: Contents) -> ContentsAnswer:
    return ContentsAnswer(
        deployment=found.deployment,
        base=found.base,
        is_known=found.is_known,
        is_taken_back=found.is_taken_back,
        total=found.total,
        lacks=found.lacks,
        changes=tuple(map(_change, found.changes)),
        pulls=tuple(map(_pull, found.pulls)),
        text=found.told,
    )


def _change(change: Change) -> ChangeAnswer:
    return ChangeAnswer(**{**vars(change), "authors": tuple(AuthorAnswer(**vars(each)) for each in change.authors)})


def _pull(pull: PullRequest) -> PullAnswer:
    return PullAnswer(**vars(pull))


def _four(found: dora.Four) -> Mapping[str, Any]:
    lead, restore = found.lead, found.restore
    spans = {name: _spans(getattr(lead, name)) for name in ("total", "coding", "review", "waiting", "deploying")}
    return {
        "frequency": FrequencyAnswer(**vars(found.frequency)),
        "lead": LeadTimeAnswer(**spans, band=lead.band),
        "failures": FailuresAnswer(**vars(found.failures)),
        "restore": RecoveryAnswer(total=_spans(restore.total), open=restore.open, band=restore.band),
    }


def _spans(found: Spans) -> SpansAnswer:
    return SpansAnswer(number=found.number, median_seconds=_seconds(found.median), p90_seconds=_seconds(found.p90))


def _fact(fact: Fact) -> FactAnswer:
    names = ("deployment", "environment", "started_at", "finished_at", "succeeded", "failed", "harmed")
    return FactAnswer(
        **{name: getattr(fact, name) for name in names},
        service=fact.service or None,
        restored_seconds=_seconds(fact.restored),
        leads=tuple(map(_lead, fact.leads)),
        text=fact.outcome,
    )


def _lead(lead: dora.Lead) -> LeadAnswer:
    return LeadAnswer(
        coding_seconds=_seconds(lead.coding),
        review_seconds=_seconds(lead.review),
        waiting_seconds=lead.waiting.total_seconds(),
        deploying_seconds=lead.deploying.total_seconds(),
        total_seconds=lead.total.total_seconds(),
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
