"""All environments in one look: what needs somebody and why, whom it waits for, what is frozen. Pure.

The pages, the API and the command line say these words; `explaining` has those about one environment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from controller.domain.approval import shortened
from controller.domain.bindings import Binding
from controller.domain.counting import counted
from controller.domain.deployment import Asked, Deployment, Phase
from controller.domain.electorate import requirements, whom
from controller.domain.explaining import Explanation, cleared_here, explain, how_it_began
from controller.domain.manifest import Minimum
from controller.domain.opening import frozen
from controller.domain.orders import OrderKind
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.verdict import Answer

THROTTLED = "aws.throttled"
RECOVERED_WITHIN = timedelta(days=7)
"""So long webhooks are counted that came only after they were asked for again."""

MOST_NAMED = 3
"""Of services, in a few words about a plan."""


class Urgency(IntEnum):
    """What is worse comes first."""

    STUCK = 0  # traffic is where it should not be, and it doesn't end by itself
    BLIND = 1  # Tidegate can't look or act
    LEFT = 2  # something moves, and goes on only when a person says so
    SHORT = 3  # too few healthy tasks
    HELD = 4  # nothing comes any more before a person has looked
    UNTAKEN = 5  # the newest commit is not taken
    UNKNOWN = 6  # a gate can't tell whether it is open
    DRIFTED = 7  # AWS is not as it is declared


@dataclass(frozen=True)
class Need:
    """Something that needs somebody. `order` is the one that may solve it, about `deployment` where there is one; None:
    nothing but a look helps. `since` is None where no row says."""

    urgency: Urgency
    environment: str
    what: str
    reason: Reason
    since: datetime | None
    clears: str
    deployment: str | None = None
    order: OrderKind | None = None


@dataclass(frozen=True)
class Ask:
    """People are asked: to approve a plan, or to confirm a step of one that runs. `given` of `count` have answered so
    far, as their words stand: whether they count is asked of GitHub when they are counted. `whom` says who may, as far
    as anybody could tell at the last look."""

    environment: str
    deployment: str
    version: str
    plan: str
    given: int
    count: int
    whom: str
    since: datetime | None
    until: datetime | None
    digest: str = ""
    is_confirmation: bool = False


@dataclass(frozen=True)
class Frozen:
    environment: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Glance:
    """`needs` worst first, and those that have lasted longest before others; `asks` oldest first."""

    needs: tuple[Need, ...]
    asks: tuple[Ask, ...]
    freezes: tuple[Frozen, ...]
    throttled: tuple[str, ...]
    failing: tuple[str, ...]


def glance(overviews: Sequence[Overview], bindings: Mapping[str, Binding], now: datetime) -> Glance:
    needs = [need for overview in overviews for need in needs_of(overview)]
    asks = [ask for overview in overviews for ask in asks_of(overview, bindings.get(overview.environment.name))]
    return Glance(
        needs=tuple(sorted(needs, key=lambda need: (need.urgency, need.since is None, need.since or now))),
        asks=tuple(sorted(asks, key=lambda ask: ask.since or now)),
        freezes=tuple(found for overview in overviews if (found := _frozen(overview, now)) is not None),
        throttled=tuple(overview.environment.name for overview in overviews if _is_throttled(overview)),
        failing=tuple(dict.fromkeys(need.environment for need in needs if need.urgency <= Urgency.HELD)),
    )


def needs_of(overview: Overview) -> Iterator[Need]:
    """Everything that is wrong at once, in no order."""
    name, environment = overview.environment.name, overview.environment
    moving, told = overview.moving, explain(overview)
    if environment.trouble is not None:
        yield _need(overview, Urgency.BLIND, "Tidegate can't look or act", environment.trouble)
    if moving is not None:
        yield from _of_moving(overview, moving, told)
    if told.code.startswith("traffic."):
        reason = Reason(told.code, told.text)
        yield Need(Urgency.STUCK, name, "The traffic is somewhere else", reason, None, told.clears)
    if short := [service.name for service in overview.services if service.is_short]:
        what = f"Too few healthy tasks: {_some(short)}"
        reason = Reason("tasks.short", "fewer targets are healthy than the file asks for where the traffic goes")
        since = overview.sighting.seen_at if overview.sighting else None
        clears = cleared_here(reason.code, overview)
        yield Need(Urgency.SHORT, name, what, reason, since, clears)
    if environment.hold is not None:
        hold = environment.hold
        what, about = f"Held since {name}-{hold.deployment} {how_it_began(hold)}", f"{name}-{hold.deployment}"
        clears = cleared_here("environment.held", overview)
        yield Need(Urgency.HELD, name, what, hold.reason, hold.since, clears, about, OrderKind.UNHOLD)
    if environment.problem is not None:
        yield _need(overview, Urgency.UNTAKEN, "The newest commit isn't taken", environment.problem)
    if drift := environment.drift.found:
        fields = counted(len(drift), "declared field")
        reason = Reason("drift.found", f"AWS shows {fields} otherwise")
        since = min(each.since for each in drift)
        yield Need(Urgency.DRIFTED, name, "Drifted", reason, since, cleared_here("drift.found", overview))


def _need(overview: Overview, urgency: Urgency, what: str, reason: Reason) -> Need:
    clears = cleared_here(reason.code, overview)
    return Need(urgency, overview.environment.name, what, reason, None, clears)


def _of_moving(overview: Overview, moving: Deployment, told: Explanation) -> Iterator[Need]:
    name = overview.environment.name
    clears = told.clears if told.deployment == moving.id else cleared_here(moving.reason.code, overview, moving.id)
    since = moving.step.started_at if moving.step else moving.started_at
    if moving.rests:
        return
    if moving.stuck is not None:
        what = f"{moving.id} can't turn back"
        yield Need(Urgency.STUCK, name, what, moving.stuck, since, clears, moving.id, OrderKind.ABORT)
    elif moving.phase is Phase.ROLLING_BACK:
        yield Need(Urgency.STUCK, name, f"{moving.id} turns back", moving.reason, since, clears, moving.id)
    elif moving.pause is not None:
        pause = moving.pause
        what = f"{moving.id} is paused by {pause.actor}"
        yield Need(Urgency.LEFT, name, what, pause.reason, pause.since, clears, moving.id, OrderKind.RESUME)
    elif moving.needs_a_person and not moving.is_to_be_confirmed:
        what = f"{moving.id} needs a person"
        yield Need(Urgency.STUCK, name, what, moving.reason, since, clears, moving.id, OrderKind.ABORT)
    unknown = next((each for each in moving.gates if each.answer is Answer.UNKNOWN), None)
    if moving.phase is Phase.WAITING and unknown is not None:
        what = f"{moving.id} waits at a gate that can't tell: {unknown.gate}"
        yield Need(Urgency.UNKNOWN, name, what, unknown.reason, moving.created_at, clears, moving.id)


def asks_of(overview: Overview, binding: Binding | None) -> Iterator[Ask]:
    for deployment in overview.open:
        if deployment.phase is Phase.WAITING and deployment.asked is not None:
            yield _approval(overview, deployment, deployment.asked, binding)
        elif deployment.is_to_be_confirmed and deployment.step is not None:
            step = deployment.step
            until = step.started_at + step.wait if step.started_at and step.wait else None
            plan = f"goes on with step {step.number + 1} of {len(deployment.steps)}"
            about = (deployment.environment, deployment.id, deployment.revision.version, plan)
            yield Ask(*about, 0, 1, "an operator", step.started_at, until, is_confirmation=True)


def _approval(overview: Overview, deployment: Deployment, asked: Asked, binding: Binding | None) -> Ask:
    files = [deployment.revision.file, *([overview.live.revision.file] if overview.live else [])]
    wanted = requirements(files, binding.minimum if binding else Minimum())
    digest = asked.plan.digest
    given = {vote.by.id for vote in deployment.votes if vote.digest == digest and not vote.breaks_glass}
    lasts = min((one.expires for one in wanted), default=timedelta(0))
    return Ask(
        environment=deployment.environment,
        deployment=deployment.id,
        version=deployment.revision.version,
        plan=in_few_words(deployment),
        given=len(given),
        count=max((one.count for one in wanted), default=1),
        whom=whom(asked.could, wanted),
        since=asked.since,
        until=asked.since + lasts if lasts else None,
        digest=shortened(digest),
    )


def in_few_words(deployment: Deployment) -> str:
    """What its plan does: `rolls backend, frontend in 9 steps`."""
    plan = deployment.shown_plan
    if plan is None:
        return "its plan is not drawn yet"
    rolling = [each.service for each in plan.rolling]
    does = f"rolls {_some(rolling)}" if rolling else "rolls nothing"
    return f"{does} in {counted(len(plan.steps), 'step')}"


def _some(names: Sequence[str]) -> str:
    """
    >>> _some(["a", "b"]), _some(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    told, more = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    return f"{told} and {more} more" if more > 0 else told


def _frozen(overview: Overview, now: datetime) -> Frozen | None:
    """By the file of what is live, or of what waits: the one that ends last."""
    files = [one.revision.file for one in (overview.live, overview.moving) if one is not None]
    windows = [file.gates.window for file in files if file.gates.window is not None]
    found = [each for window in windows if (each := frozen(window, now)) is not None]
    if not found:
        return None
    until, freeze = max(found, key=lambda each: each[0])
    return Frozen(overview.environment.name, until, freeze.reason or "")


def _is_throttled(overview: Overview) -> bool:
    trouble = overview.environment.trouble
    step = overview.moving.step if overview.moving else None
    codes = [trouble.code if trouble else "", step.trouble.reason.code if step and step.trouble else ""]
    return THROTTLED in codes
