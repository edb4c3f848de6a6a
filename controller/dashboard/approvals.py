"""The page of an approval: it shows what would be done, and takes an answer. A look changes nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.dashboard.context import DashboardContext
from controller.dashboard.views import DeploymentView, StepView, deployment_view, planned_step
from controller.domain.approval import Ballot, Tally, Vote, decide_approval, shortened
from controller.domain.deployment import Deployment, Phase
from controller.domain.electorate import Electorate
from controller.domain.orders import Order, OrderKind
from controller.domain.people import Caller, Person
from controller.domain.reason import Reason

ORDER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class TallyView:
    """One requirement: how many of how many, whose word it is, and who has, could, or may not."""

    whose: str
    given: tuple[str, ...]
    count: int
    could: tuple[str, ...]
    barred: tuple[str, ...]
    is_met: bool


@dataclass(frozen=True)
class ChoiceView:
    """A button. `refusal` says why it is shut; it is empty where it isn't."""

    answer: str
    label: str
    tone: str
    refusal: str
    needs_reason: bool = False


@dataclass(frozen=True)
class ImageView:
    service: str
    before: str
    after: str


@dataclass(frozen=True)
class ApprovalView:
    """`plan` is the digest that an answer is about, empty while nobody is asked. `trouble` says why it can't be told
    who may answer. `answered` is what became of an answer that was just given."""

    deployment: DeploymentView
    plan: str
    short: str
    steps: tuple[StepView, ...]
    images: tuple[ImageView, ...]
    asked_since: datetime | None
    until: datetime | None
    tallies: tuple[TallyView, ...]
    votes: tuple[Vote, ...]
    choices: tuple[ChoiceView, ...]
    trouble: str
    answered: Order | None
    is_waiting: bool


def approval_view(
    deployment: Deployment,
    live: Deployment | None,
    ballot: Ballot | None,
    caller: Caller | None,
    answered: Order | None,
    context: DashboardContext,
    now: datetime,
) -> ApprovalView:
    """`ballot` is None for whoever has not signed in: nobody is looked up for them."""
    asked = deployment.asked
    is_waiting = deployment.phase is Phase.WAITING
    known = ballot is not None and isinstance(ballot.electorate, Electorate)
    lasts = ballot.expires_after if ballot is not None else timedelta(0)
    plan = deployment.shown_plan
    return ApprovalView(
        deployment=deployment_view(deployment, context, now),
        plan=asked.plan.digest if asked and is_waiting else "",
        short=shortened(plan.digest) if plan else "",
        steps=tuple(planned_step(step) for step in plan.steps) if plan else (),
        images=_images(deployment, live),
        asked_since=asked.since if asked and is_waiting else None,
        until=asked.since + lasts if asked and is_waiting and lasts else None,
        tallies=tuple(tally_view(tally, ballot) for tally in ballot.tallies()) if ballot is not None and known else (),
        votes=deployment.votes,
        choices=_choices(ballot, caller) if ballot is not None and caller is not None and is_waiting else (),
        trouble=ballot.electorate.text if ballot is not None and isinstance(ballot.electorate, Reason) else "",
        answered=answered,
        is_waiting=is_waiting,
    )


def _images(deployment: Deployment, live: Deployment | None) -> tuple[ImageView, ...]:
    """Of the services that roll, by their digests."""
    plan = deployment.shown_plan
    before: Mapping[str, str] = (live.revision.images or {}) if live else {}
    after = deployment.revision.images or {}
    rolling = [each.service for each in plan.rolling] if plan else []
    return tuple(ImageView(name, before.get(name, ""), after.get(name, "")) for name in rolling)


def tally_view(tally: Tally, ballot: Ballot) -> TallyView:
    assert isinstance(ballot.electorate, Electorate)
    barred = ballot.electorate.barred(tally.asked, ballot.requester)
    named = ballot.electorate.named(tally.asked)
    return TallyView(
        whose=tally.asked.whose,
        given=_logins(tally.given),
        count=tally.asked.count,
        could=_logins(tally.could),
        barred=tuple(f"{person.login} {barred[person.id]}" for person in named if person.id in barred),
        is_met=tally.is_met,
    )


def _logins(people: tuple[Person, ...]) -> tuple[str, ...]:
    return tuple(person.login for person in people)


BUTTONS = (
    (OrderKind.APPROVE, "Approve", "good", False),
    (OrderKind.REJECT, "Reject", "bad", True),
    (OrderKind.REVOKE, "Take my approval back", "warn", False),
    (OrderKind.BREAK_GLASS, "Break the glass", "bad", True),
)


def _choices(ballot: Ballot, caller: Caller) -> tuple[ChoiceView, ...]:
    """Breaking the glass is offered only to those who may, and taking back to those who have given."""
    found = []
    for kind, label, tone, needs_reason in BUTTONS:
        ruling = decide_approval(ballot, kind, caller.person, ballot.digest)
        if not ruling.accepted and kind in {OrderKind.REVOKE, OrderKind.BREAK_GLASS}:
            continue
        refusal = "" if ruling.accepted else ruling.reason.text
        found.append(ChoiceView(str(kind), label, tone, refusal, needs_reason))
    return tuple(found)


def order_number(given: str) -> int | None:
    return int(given) if ORDER.fullmatch(given) else None
