"""Which deployments of an environment move, and what their moves mean for the environment. Pure.

One deployment runs at a time. Among the waiting ones the newest that is sealed goes first, and the older ones are
superseded by it; one that waits for its images, or has failed its checks, holds nobody up. A way back that a person
ordered goes before them all, and so does a correction: what waits at a gate keeps nothing from being mended.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Phase
from controller.domain.drift import Drifted, corrected_again, may_be_corrected, told
from controller.domain.environment import Environment, Hold, HoldUntil, Quarantine
from controller.domain.orders import Order
from controller.domain.reason import Reason
from controller.domain.step import StepKind, StepState
from controller.domain.verdict import Judged
from controller.obey import Known, Opening, obey

CLEARED = "restore.turned_back"
"""The reason's code of what goes home because a person has released the environment: that holds it no second time."""


@dataclass(frozen=True)
class Choice:
    """`queue` are the deployments to decide about, in this order, until one of them acts; `changed` are those that this
    choice itself moved, `openings` the new ones that orders ask for."""

    environment: Environment
    queue: tuple[Deployment, ...]
    changed: tuple[Deployment, ...] = field(default=())
    orders: tuple[Order, ...] = field(default=())
    openings: tuple[Opening, ...] = field(default=())


def choose(
    environment: Environment, deployments: Sequence[Deployment], orders: Sequence[Order], known: Known, now: datetime
) -> Choice:
    """`deployments` are the open ones, by number; `orders` the unanswered ones, oldest first. `now` is aware UTC."""
    table = {deployment.id: deployment for deployment in deployments}
    before = dict(table)
    answered: list[Order] = []
    openings: list[Opening] = []
    for order in orders:
        answer = obey(order, environment, table, known, now)
        if answer is None or (answer.opening is not None and openings):
            continue
        environment = answer.environment
        table.update({deployment.id: deployment for deployment in answer.changed})
        openings += [answer.opening] if answer.opening else []
        answered.append(answer.order)
    _follow_what_is_live(table, known.live)
    queue = _queue(environment, table, known.failing, now)
    changed = tuple(value for key, value in table.items() if value != before[key])
    return Choice(environment, queue, changed, tuple(answered), tuple(openings))


def _queue(
    environment: Environment, table: dict[str, Deployment], failing: Mapping[str, Judged | None], now: datetime
) -> tuple[Deployment, ...]:
    """What runs comes alone, and so does what must be done before another one begins. Else whoever waits goes first,
    and what is only kept warm goes on beside it. What was restored from a backup while it ran rests until a person has
    looked."""
    in_flight = [deployment for deployment in table.values() if deployment.phase in IN_FLIGHT]
    assert len(in_flight) <= 1, f"one running deployment per environment, found {[one.id for one in in_flight]}"
    waiting = [deployment for deployment in table.values() if deployment.phase is Phase.WAITING]
    ordered = [one for one in waiting if one.kind is not Kind.DEPLOY]
    restarts = [one for one in waiting if one.restarts_what_is_live]
    versions = [one for one in waiting if one.kind is Kind.DEPLOY and one not in restarts]
    for one in versions:
        judged = failing.get(one.id)
        if judged is not None:
            table[one.id] = replace(one.because(judged.reason), gates=(judged,))
    sealed = [one for one in versions if one.revision.is_sealed and one.id not in failing]
    if sealed:
        _supersede(table, sealed[-1], versions, now)
    if in_flight:
        _stand_behind(table, in_flight[0])
        rests = in_flight[0].rests and environment.hold is not None
        return () if rests else (in_flight[0],)
    goes_back = any(one.is_way_back for one in ordered)
    unfinished = [one for one in table.values() if one.is_doubled or (one.hands_over and not goes_back)]
    if unfinished:
        _stand_behind(table, unfinished[0])
        return (unfinished[0],)
    retiring = [deployment for deployment in reversed(table.values()) if deployment.is_retiring]
    first = ordered[:1] or (*restarts[:1], *(sealed[-1:] or versions[-1:]))
    return (*first, *retiring)


def _follow_what_is_live(table: dict[str, Deployment], live: Deployment | None) -> None:
    """What another deployment has brought meanwhile is what a restart restarts, and what is corrected."""
    for deployment in table.values():
        if deployment.phase is Phase.WAITING and deployment.follows_what_is_live and live is not None:
            table[deployment.id] = replace(deployment, revision=live.revision)


def _stand_behind(table: dict[str, Deployment], running: Deployment) -> None:
    is_over = running.phase is Phase.SUCCEEDED
    does = "has succeeded, and is not done with its slots" if is_over else running.phase.said
    reason = Reason("queue.behind", f"{running.id} {does}; one deployment moves at a time")
    for deployment in table.values():
        if deployment.phase is Phase.WAITING and deployment.revision.is_sealed:
            table[deployment.id] = replace(deployment.because(reason), asked=None)


def _supersede(table: dict[str, Deployment], newest: Deployment, waiting: Sequence[Deployment], now: datetime) -> None:
    for older in waiting:
        if older.number < newest.number:
            why = (
                f"was asked for after it: {newest.because_of.text}"
                if newest.because_of
                else "is newer, and contains it"
            )
            table[older.id] = older.moved(Phase.SUPERSEDED, Reason("deployment.superseded", f"{newest.id} {why}"), now)


def closed_warm_records(
    deployments: Sequence[Deployment], starting: Deployment, now: datetime
) -> tuple[Deployment, ...]:
    """A deployment that starts takes over the idle slots of the services that it rolls, and of no others: an earlier
    one stops keeping those warm, and goes on to retire the rest."""
    steps = starting.plan.steps if starting.plan else ()
    taken = {name for step in steps if step.kind is StepKind.RETIRE for name in step.services}
    closed = (_closed(deployment, taken, starting, now) for deployment in deployments if deployment.is_retiring)
    return tuple(after for after, before in closed if after != before)


def _closed(
    deployment: Deployment, taken: set[str], starting: Deployment, now: datetime
) -> tuple[Deployment, Deployment]:
    after = deployment
    for step in deployment.steps:
        if not step.is_over:
            left = tuple(name for name in step.services if name not in taken)
            rest = (
                replace(step, services=left) if left else step.ended(StepState.SKIPPED, now, f"{starting.id} took over")
            )
            after = after.with_step(rest)
    return after, deployment


def consequences(environment: Environment, before: Deployment, after: Deployment, now: datetime) -> Environment:
    """What the move from `before` to `after` means for the environment: what is live, held, quarantined."""
    if after.phase is before.phase:
        return environment
    match after.phase:
        case Phase.RUNNING if after.kind is Kind.DEPLOY:
            return replace(environment, hold=_hold_beside(environment, after))
        case Phase.SUCCEEDED if after.kind is Kind.DEPLOY:
            hold, drift = _hold_beside(environment, after), environment.drift.settled().forgiven()
            return replace(environment, live=after.number, live_since=now, hold=hold, drift=drift)
        case Phase.SUCCEEDED if after.kind is Kind.CORRECT:
            return replace(environment, drift=environment.drift.settled())
        case Phase.ROLLING_BACK if after.kind is Kind.CORRECT and not _holds(after):
            return replace(environment, drift=environment.drift.uncorrected())
        case Phase.SUCCEEDED if after.is_way_back:
            return _gone_back(environment, after, now)
        case Phase.ROLLING_BACK if _holds(after):
            return _held(environment, after, now)
        case _:
            return environment


def _holds(turned: Deployment) -> bool:
    """A correction that fails keeps nobody from deploying, unless a person has stopped it."""
    assert turned.turning is not None, f"{turned.id} turns back"
    is_left = turned.kind is Kind.CORRECT and turned.turning.ends_as is not Phase.ABORTED
    return turned.reason.code != CLEARED and not is_left


def drifted(
    environment: Environment,
    deployments: Sequence[Deployment],
    live: Deployment,
    known: Drifted,
    now: datetime,
) -> tuple[Environment, Opening | None]:
    """The environment with what is known of its drift now, and the correction that comes of it, if the file wants one
    and none waits already. `deployments` are the open ones."""
    waits = any(one.kind is not Kind.DEPLOY for one in deployments)
    if waits or live.revision.file.drift != "correct" or not may_be_corrected(known, now):
        return replace(environment, drift=known), None
    tried = corrected_again(known, now)
    after = replace(environment, drift=tried)
    because = Reason("drift.found", told(known.found))
    return after, None if tried.fought else Opening(Kind.CORRECT, live.revision, because)


def may_drift(environment: Environment, deployments: Sequence[Deployment]) -> bool:
    """Whether nothing runs, is held or kept warm: only then what differs is nobody's doing that is known of."""
    return environment.hold is None and all(one.phase is Phase.WAITING for one in deployments)


def _hold_beside(environment: Environment, deployment: Deployment) -> Hold | None:
    """A restart of what is live releases nothing."""
    return environment.hold if deployment.restarts_what_is_live else None


def _gone_back(environment: Environment, deployment: Deployment, now: datetime) -> Environment:
    """The older version is live; what was live before it doesn't come again before a person lets it."""
    assert deployment.because_of is not None, f"{deployment.id} rolls back because of something"
    until = HoldUntil(deployment.revision.file.rollback.hold)
    hold = Hold(deployment.because_of, until, now, deployment.number, deployment.revision.commit.sha)
    drift = environment.drift.settled().forgiven()
    left = replace(environment, live=deployment.number, live_since=now, hold=hold, drift=drift)
    return _quarantined(left, deployment.leaves, deployment.number)


def adopted(environment: Environment, deployment: Deployment) -> Environment:
    """Somebody rolled `deployment` back by hand: what it brought doesn't come again before a person lets it."""
    return _quarantined(environment, _news(deployment, deployment.brings), deployment.number)


def _quarantined(environment: Environment, contents: Mapping[str, str], number: int) -> Environment:
    if not contents:
        return environment
    return replace(environment, quarantines=(*environment.quarantines, Quarantine(contents, number)))


def _held(environment: Environment, deployment: Deployment, now: datetime) -> Environment:
    """A hold that asks for a person is never weakened."""
    assert deployment.turning is not None
    until = HoldUntil(deployment.revision.file.rollback.hold)
    if environment.hold is not None and environment.hold.until is HoldUntil.PERSON:
        until = HoldUntil.PERSON
    has_failed = deployment.turning.ends_as is Phase.FAILED
    hold = Hold(deployment.reason, until, now, deployment.number, deployment.revision.commit.sha, has_failed)
    held = replace(environment, hold=hold)
    return _quarantined(held, _blamed(deployment), deployment.number) if deployment.turning.quarantines else held


def _blamed(deployment: Deployment) -> Mapping[str, str]:
    """The culprits' contents; when nobody can tell, the combination of all that rolled."""
    assert deployment.turning is not None
    return _news(deployment, deployment.turning.culprits or tuple(deployment.brings))


def _news(deployment: Deployment, services: Iterable[str]) -> Mapping[str, str]:
    """What it brought that was not live before: a restart, or another health check, brings the same content again."""
    brings, leaves = deployment.brings, deployment.leaves
    return {name: brings[name] for name in services if brings[name] != leaves.get(name)}
