"""One deployment as a line of the history, and the words that it is found by. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from controller.domain.deployment import FINAL, Deployment, Kind, Phase
from controller.domain.reason import Reason

LONGEST_WORD = 64
MOST_WORDS = 60
"""Of one title, and of one reason: what comes after so many is not searched."""

APART = re.compile(r"[^\w]+")
EDGES = re.compile(r"^[^\w]+|[^\w]+$")
TIDEGATE = "tidegate"
UNREADABLE = Reason("deployment.unreadable", "it is broken, or a newer Tidegate's; the controller's log says more")


class Trigger(StrEnum):
    """What made a deployment."""

    MERGE = "merge"  # a commit on its branch
    RELEASE = "release"  # a commit that was published
    ORDER = "order"  # a person, or a program with a token
    DRIFT = "drift"  # AWS was not as the live file declares
    ALARM = "alarm"  # something spoke against what had succeeded
    UNKNOWN = "unknown"  # what is written down of it can't be read


class Standing(StrEnum):
    """What is shown instead of the phase while that alone would say too little."""

    PLAIN = ""
    PAUSED = "paused"
    RESTS = "rests"
    NEEDS_A_PERSON = "needs a person"


@dataclass(frozen=True)
class Before:
    """The deployment whose version was live until this one's, and what that version is called."""

    id: str
    version: str


@dataclass(frozen=True)
class Summary:
    """What a line says beside the columns of its row. `services` are those that it moves, as soon as that is certain;
    `actors` the logins of whoever made it: who ordered it, wrote its commit, or approved it. `authors` are names where
    GitHub knows no login. `before` is None where nothing was live, or nobody knows."""

    title: str
    version: str
    sha: str
    tag: str | None
    authors: tuple[str, ...]
    actors: tuple[str, ...]
    requester: str | None
    trigger: Trigger
    strategy: str
    services: tuple[str, ...]
    reason: Reason
    standing: Standing = Standing.PLAIN
    before: Before | None = None
    back_to: str | None = None
    pruned: str | None = None
    restart: bool = False
    glass_broken: bool = False


@dataclass(frozen=True)
class HistoryLine:
    """A deployment without its documents. Times are aware UTC."""

    seq: int
    id: str
    number: int
    environment: str
    kind: Kind
    phase: Phase
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    summary: Summary

    @property
    def actor(self) -> str:
        """Who made it, for people: who ordered it, else who wrote the commit; Tidegate where nobody did."""
        return self.summary.requester or ", ".join(self.summary.authors) or TIDEGATE

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that it is found by, whole and in lower case; those of its reason once it is over."""
        told = [self.summary.title, self.summary.version, self.id, self.environment]
        if self.phase in FINAL:
            told += [self.summary.reason.text, self.summary.reason.code]
        return frozenset(word for text in told for word in words(text))


def summary_of(deployment: Deployment, before: Before | None = None) -> Summary:
    revision = deployment.revision
    is_prune = deployment.kind is Kind.PRUNE
    return Summary(
        title=(deployment.because_of.text if deployment.because_of else "") if is_prune else revision.commit.title,
        version="" if is_prune else revision.version,
        sha=revision.commit.sha,
        tag=revision.release.tag if revision.release else None,
        authors=() if is_prune else tuple(author.login or author.name for author in revision.commit.authors),
        actors=tuple(dict.fromkeys(_actors(deployment))),
        requester=deployment.requester.login if deployment.requester else None,
        trigger=trigger_of(deployment),
        strategy="" if is_prune else revision.file.strategy.type,
        services=_services(deployment),
        reason=deployment.why,
        standing=_standing(deployment),
        before=before,
        back_to=deployment.back_to,
        pruned=deployment.pruned,
        restart=deployment.restart,
        glass_broken=any(vote.breaks_glass for vote in deployment.votes),
    )


def unreadable(sha: str) -> Summary:
    """Stands for the summary of a deployment that can't be read, in a list that can't do without it."""
    return Summary(
        title="What is written down of it can't be read",
        version="",
        sha=sha,
        tag=None,
        authors=("unknown",),
        actors=(),
        requester=None,
        trigger=Trigger.UNKNOWN,
        strategy="",
        services=(),
        reason=UNREADABLE,
    )


def trigger_of(deployment: Deployment) -> Trigger:
    """A rollback that nobody ordered answers to something that spoke against what had succeeded, and a correction to
    drift; a deployment of a commit that no person asked for, to the merge or the release."""
    is_ordered = deployment.because_of is not None and deployment.because_of.code.endswith(".ordered")
    if deployment.requester is not None or is_ordered:
        return Trigger.ORDER
    if deployment.kind is Kind.ROLLBACK:
        return Trigger.ALARM
    if deployment.kind is Kind.CORRECT:
        return Trigger.DRIFT
    if deployment.because_of is not None:
        return Trigger.ORDER
    return Trigger.RELEASE if deployment.revision.release else Trigger.MERGE


def _actors(deployment: Deployment) -> Iterator[str]:
    if deployment.requester is not None:
        yield deployment.requester.login
    if deployment.kind is not Kind.PRUNE:
        yield from (author.login for author in deployment.revision.commit.authors if author.login)
    yield from (vote.by.login for vote in deployment.votes)


def _services(deployment: Deployment) -> tuple[str, ...]:
    """A plan that waits may still become another one, which moves others."""
    if deployment.pruned is not None:
        return (deployment.pruned,)
    plan = deployment.shown_plan if deployment.phase in FINAL else deployment.plan
    if plan is None:
        return ()
    stepped = (name for step in plan.steps for name in step.services)
    return tuple(dict.fromkeys((*(rolling.service for rolling in plan.rolling), *plan.counts, *stepped)))


def _standing(deployment: Deployment) -> Standing:
    if deployment.rests:
        return Standing.RESTS
    if deployment.pause is not None:
        return Standing.PAUSED
    return Standing.NEEDS_A_PERSON if deployment.needs_a_person else Standing.PLAIN


def words(text: str) -> Iterator[str]:
    """Whatever stands between spaces, without the marks around it, and its parts of two letters or more.

    >>> sorted(set(words("Retry payments-api (#41)!")))
    ['41', 'api', 'payments', 'payments-api', 'retry']
    """
    for found in text.casefold().split(maxsplit=MOST_WORDS)[:MOST_WORDS]:
        whole = EDGES.sub("", found)[:LONGEST_WORD]
        if whole:
            yield whole
            yield from (part for part in APART.split(whole) if len(part) > 1 and part != whole)
