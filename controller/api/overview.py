"""All environments in one look, as JSON: what the first page says, in the same words."""

from pydantic import Field

from controller.api.models import Answer, ReasonAnswer, Time
from controller.domain.changes import Pulse
from controller.domain.glance import Ask, Frozen, Glance, Need
from controller.domain.orders import OrderKind


class ControllerAnswer(Answer):
    name: str
    environments: int = Field(description="So many of them it has looked after last.")


class NeedAnswer(Answer):
    urgency: str = Field(description="stuck, blind, left, short, held, untaken, unknown or drifted: worst first.")
    environment: str
    deployment: str | None
    what: str
    reason: ReasonAnswer
    since: Time | None
    clears: str = Field(description="Who or what can change it.")
    order: OrderKind | None = Field(description="The order that may solve it; null: only a look helps.")


class AskAnswer(Answer):
    environment: str
    deployment: str
    version: str
    plan: str = Field(description="In a few words.")
    digest: str = Field(description="The beginning of the plan's digest; empty of a step that is to be confirmed.")
    given: int = Field(description="So many have answered; whether they count is found out when they are counted.")
    count: int
    whom: str
    since: Time | None
    until: Time | None
    confirmation: bool


class FreezeAnswer(Answer):
    environment: str
    until: Time
    reason: str


class OverviewAnswer(Answer):
    controllers: tuple[ControllerAnswer, ...] = Field(description="Who looks after environments, the busiest first.")
    looked_at: Time | None = Field(description="When anybody has begun a pass.")
    webhook_at: Time | None = Field(description="When GitHub was heard last.")
    recovered: int = Field(description="Webhooks of seven days that came only after they were asked for again.")
    needs: tuple[NeedAnswer, ...]
    asks: tuple[AskAnswer, ...] = Field(description="Whom it waits for, oldest first.")
    freezes: tuple[FreezeAnswer, ...]
    throttled: tuple[str, ...] = Field(description="Environments that AWS throttles.")
    failing: tuple[str, ...]


def overview_answer(seen: Glance, pulse: Pulse, recovered: int) -> OverviewAnswer:
    return OverviewAnswer(
        controllers=tuple(ControllerAnswer(name=name, environments=count) for name, count in pulse.looked),
        looked_at=pulse.looked_at,
        webhook_at=pulse.heard_at,
        recovered=recovered,
        needs=tuple(map(_need, seen.needs)),
        asks=tuple(map(_ask, seen.asks)),
        freezes=tuple(map(_freeze, seen.freezes)),
        throttled=seen.throttled,
        failing=seen.failing,
    )


def _need(need: Need) -> NeedAnswer:
    return NeedAnswer(
        urgency=need.urgency.name.lower(),
        environment=need.environment,
        deployment=need.deployment,
        what=need.what,
        reason=ReasonAnswer(code=need.reason.code, text=need.reason.text),
        since=need.since,
        clears=need.clears,
        order=need.order,
    )


def _ask(ask: Ask) -> AskAnswer:
    told = vars(ask)
    plain = {name: told[name] for name in AskAnswer.model_fields if name in told}
    return AskAnswer(**plain, confirmation=ask.is_confirmation)


def _freeze(frozen: Frozen) -> FreezeAnswer:
    return FreezeAnswer(**vars(frozen))
