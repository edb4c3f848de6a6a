"""Which deployment of an environment moves, and what its moves mean for the environment. Pure.

One deployment runs at a time. Among the waiting ones the newest that is sealed goes first, and the older ones are
superseded by it; one that waits for its images holds nobody up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.domain.deployment import IN_FLIGHT, Deployment, Phase
from controller.domain.environment import Environment, Hold, HoldUntil, Quarantine
from controller.domain.orders import Order, OrderKind, OrderState
from controller.domain.reason import Reason
from controller.domain.step import StepState
from controller.homeward import turned_back


@dataclass(frozen=True)
class Choice:
    """`picked` is the deployment to decide about, or None; `changed` are those that this choice itself moved."""

    environment: Environment
    picked: Deployment | None
    changed: tuple[Deployment, ...] = field(default=())
    orders: tuple[Order, ...] = field(default=())


def choose(
    environment: Environment, deployments: Sequence[Deployment], orders: Sequence[Order], now: datetime
) -> Choice:
    """`deployments` are the open ones, by number; `orders` the unanswered ones, oldest first. `now` is aware UTC."""
    table = {deployment.id: deployment for deployment in deployments}
    before = dict(table)
    answered = []
    for order in orders:
        environment, outcome = _obey(order, environment, table, now)
        answered.append(outcome)
    picked = _pick(table, now)
    changed = tuple(value for key, value in table.items() if value != before[key])
    return Choice(environment, picked, changed, tuple(answered))


def _obey(
    order: Order, environment: Environment, table: dict[str, Deployment], now: datetime
) -> tuple[Environment, Order]:
    """Every order ends here as done or refused, with a sentence that says what came of it."""
    match order.kind:
        case OrderKind.UNHOLD:
            return _unhold(order, environment)
        case OrderKind.ABORT:
            return _abort(order, environment, table, now)


def _unhold(order: Order, environment: Environment) -> tuple[Environment, Order]:
    if environment.hold is None and not environment.quarantines:
        return environment, _refused(order, f"{environment.name} isn't held")
    released = replace(environment, hold=None, quarantines=())
    return released, _done(order, f"{environment.name} is released, and so is the content that turned back")


def _abort(
    order: Order, environment: Environment, table: dict[str, Deployment], now: datetime
) -> tuple[Environment, Order]:
    deployment = table.get(order.deployment or "")
    if deployment is None or deployment.phase not in {Phase.WAITING, Phase.RUNNING}:
        state = f"is {deployment.phase}" if deployment else "is over"
        return environment, _refused(order, f"{order.deployment} {state}: there is nothing to abort")
    reason = Reason("order.aborted", f"{order.actor} aborted it: {order.reason}")
    if deployment.phase is Phase.WAITING:
        table[deployment.id] = deployment.moved(Phase.ABORTED, reason, now)
        return environment, _done(order, f"{deployment.id} will not start")
    table[deployment.id] = turned_back(deployment, reason, now, quarantines=False, aborted=True)
    return environment, _done(order, f"{deployment.id} turns back")


def _done(order: Order, outcome: str) -> Order:
    return replace(order, state=OrderState.DONE, outcome=outcome)


def _refused(order: Order, outcome: str) -> Order:
    return replace(order, state=OrderState.REFUSED, outcome=outcome)


def _pick(table: dict[str, Deployment], now: datetime) -> Deployment | None:
    in_flight = [deployment for deployment in table.values() if deployment.phase in IN_FLIGHT]
    assert len(in_flight) <= 1, f"one running deployment per environment, found {[one.id for one in in_flight]}"
    waiting = [deployment for deployment in table.values() if deployment.phase is Phase.WAITING]
    sealed = [deployment for deployment in waiting if deployment.revision.is_sealed]
    if sealed:
        _supersede(table, sealed[-1], waiting, now)
    if in_flight:
        _queue(table, in_flight[0])
        return in_flight[0]
    doubled = [deployment for deployment in table.values() if deployment.is_doubled]
    if doubled:
        return doubled[0]
    if sealed:
        return sealed[-1]
    retiring = [deployment for deployment in table.values() if deployment.is_retiring]
    return retiring[-1] if retiring else (waiting[-1] if waiting else None)


def _queue(table: dict[str, Deployment], running: Deployment) -> None:
    reason = Reason("queue.behind", f"{running.id} is {running.phase}; one deployment moves at a time")
    for deployment in table.values():
        if deployment.phase is Phase.WAITING and deployment.revision.is_sealed:
            table[deployment.id] = deployment.because(reason)


def _supersede(table: dict[str, Deployment], newest: Deployment, waiting: Sequence[Deployment], now: datetime) -> None:
    for older in waiting:
        if older.number < newest.number:
            reason = Reason("deployment.superseded", f"{newest.id} is newer, and contains it")
            table[older.id] = older.moved(Phase.SUPERSEDED, reason, now)


def closed_warm_records(
    deployments: Sequence[Deployment], starting: Deployment, now: datetime
) -> tuple[Deployment, ...]:
    """A deployment that starts takes over the idle slots of the services that it rolls, and of no others: an earlier
    one stops keeping those warm, and goes on to retire the rest."""
    taken = {rolling.service for rolling in starting.plan.rolling} if starting.plan else set()
    closed = (
        _closed(deployment, taken, starting, now)
        for deployment in deployments
        if deployment.is_retiring and deployment.number < starting.number
    )
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
        case Phase.RUNNING:
            return replace(environment, hold=None)
        case Phase.SUCCEEDED:
            return replace(environment, live=after.number, live_since=now, hold=None)
        case Phase.ROLLING_BACK:
            return _held(environment, after, now)
        case _:
            return environment


def _held(environment: Environment, deployment: Deployment, now: datetime) -> Environment:
    assert deployment.turning is not None
    until = HoldUntil(deployment.revision.file.rollback.hold)
    hold = Hold(deployment.reason, until, now, deployment.number)
    if not deployment.turning.quarantines:
        return replace(environment, hold=hold)
    quarantine = Quarantine(_blamed(deployment), deployment.number)
    return replace(environment, hold=hold, quarantines=(*environment.quarantines, quarantine))


def _blamed(deployment: Deployment) -> Mapping[str, str]:
    """The culprits' contents; when nobody can tell, the combination of all that rolled."""
    assert deployment.plan is not None and deployment.turning is not None
    blamed = deployment.turning.culprits or tuple(rolling.service for rolling in deployment.plan.rolling)
    return {name: deployment.plan.of(name).content.digest for name in blamed}
