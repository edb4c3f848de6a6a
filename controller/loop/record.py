"""What a pass writes: one transaction under the lease, for state, audit and notices together.

Events are derived from the difference between what was and what will be, so no move can be made without leaving its
line in the audit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from controller.choose import Choice, adopted, closed_warm_records, consequences
from controller.decision import Decision
from controller.domain.actions import Action, RegisterDefinition, RunTask
from controller.domain.deployment import FINAL, Deployment, Kind, Phase
from controller.domain.drift import Drifted, told
from controller.domain.environment import Environment
from controller.domain.errors import Blocked, Conflict, TidegateError
from controller.domain.events import AuditEntry, Event
from controller.domain.evidence import FailureEvidence
from controller.domain.orders import Order, OrderKind, OrderState
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.step import Step, StepKind, StepState, Trouble
from controller.domain.telling import news
from controller.loop.announcing import ENVIRONMENT, announce, announce_environment, report
from controller.loop.heads import waiting_deployment
from controller.obey import Opening
from controller.store import Lease, Store, Unit

TIDEGATE = "tidegate"


def record_choice(
    store: Store,
    lease: Lease,
    environment: Environment,
    choice: Choice,
    before: Mapping[str, Deployment],
    now: datetime,
    token: Callable[[], str],
) -> tuple[Environment, tuple[Deployment, ...]]:
    """Orders answered, deployments superseded, aborted or opened; the environment and the queue as saved.

    `token` makes the secret of a deployment that an order brings about.
    """
    saved = {}
    after = choice.environment
    with store.fenced(lease) as unit:
        for deployment in choice.changed:
            after = consequences(after, before[deployment.id], deployment, now)
            saved[deployment.id] = unit.deployments.save(deployment)
            unit.audit.append(_moves(before[deployment.id], deployment, now))
            _keep_runs(unit, before[deployment.id], deployment)
            _tell(unit, before[deployment.id], deployment)
        for order in choice.orders:
            unit.orders.settle(order.id, order.state, order.outcome)
            unit.audit.append([_answer(order, now)])
        for opening in choice.openings:
            _open(unit, opening, now, token)
        released = [one for one in choice.orders if one.kind is OrderKind.UNHOLD and one.state is OrderState.DONE]
        if released:
            _try_again(unit, after, before, now, token, by=released[0].by)
        after = _save_environment(unit, environment, after, now)
    return after, tuple(saved.get(queued.id, queued) for queued in choice.queue)


def _open(unit: Unit, opening: Opening, now: datetime, token: Callable[[], str]) -> None:
    """A deployment that a person asked for, of a revision that may be new here."""
    name = opening.revision.environment
    revision = unit.revisions.recorded(opening.revision)
    made = replace(
        waiting_deployment(revision, unit.deployments.next_number(name), now, token),
        kind=opening.kind,
        reason=opening.because,
        because_of=opening.because,
        back_to=opening.back_to.id if opening.back_to else None,
        restart=opening.restart,
        pruned=opening.pruned,
        requester=opening.by,
    )
    unit.deployments.add(made)
    announce(unit, made)
    facts: dict[str, object] = {"commit": made.revision.commit.sha, "kind": str(made.kind)}
    unit.audit.append([_entry(Event.DEPLOYMENT_CREATED, made, now, opening.because.text, facts)])


def _try_again(
    unit: Unit,
    environment: Environment,
    opened: Mapping[str, Deployment],
    now: datetime,
    token: Callable[[], str],
    by: Person | None,
) -> None:
    """A released environment is brought to what its branch says: the newest commit gets another deployment, unless it
    is live, one of it is not over yet, or the branch no longer contains it. Who released it has ordered that."""
    live = unit.deployments.live(environment.name)
    taken = {deployment.revision.commit.sha for deployment in opened.values() if not deployment.is_final}
    taken |= {live.revision.commit.sha} if live else set()
    revision = unit.revisions.by_commit(environment.name, environment.wanted) if environment.wanted else None
    if revision is None or revision.commit.sha in taken or environment.is_rewritten:
        return
    number = unit.deployments.next_number(environment.name)
    again = replace(waiting_deployment(revision, number, now, token), requester=by)
    unit.deployments.add(again)
    announce(unit, again)
    text = f"{revision.commit.short} {revision.commit.title}, once more"
    unit.audit.append([_entry(Event.DEPLOYMENT_CREATED, again, now, text, {"commit": revision.commit.sha})])


def record_decision(
    store: Store,
    lease: Lease,
    environment: Environment,
    before: Deployment,
    decision: Decision,
    now: datetime,
    token: Callable[[], str],
    gathered: FailureEvidence | None = None,
) -> tuple[Environment, Deployment]:
    """State and intent, before anything is done about them. `gathered` is kept when the deployment was witnessed."""
    after = _succeeding(environment, before, decision.deployment)
    if after == before and decision.action is None:
        return environment, before
    with store.fenced(lease) as unit:
        if before.phase is Phase.WAITING and after.phase in {Phase.RUNNING, Phase.SUCCEEDED}:
            _hear_first(unit, before)
            opened = unit.deployments.open(environment.name)
            warm = {each.id: each for each in opened}
            for closed in closed_warm_records(opened, after, now):
                unit.deployments.save(closed)
                unit.audit.append(_moves(warm[closed.id], closed, now))
        saved = unit.deployments.save(after) if after != before else before
        meant = consequences(environment, before, after, now)
        if decision.adopts:
            meant = _adopt(unit, meant, after, decision.reason, now, token)
        if decision.goes_back:
            _go_back(unit, after, decision.reason, now, token)
        changed = _save_environment(unit, environment, meant, now)
        unit.audit.append([*_moves(before, after, now), *_intent(after, decision.action, decision.purpose, now)])
        _keep_runs(unit, before, after)
        if gathered is not None and after.witnessed != before.witnessed:
            unit.evidence.add(gathered, after)
        _tell(unit, before, after)
    return changed, saved


def _hear_first(unit: Unit, starting: Deployment) -> None:
    """Whoever said no, or took a yes back, before it starts, is heard: their order came while the gates were asked."""
    left = [order for order in unit.orders.waiting(starting.environment) if order.deployment == starting.id]
    noes = [order for order in left if order.kind in NOES]
    if noes:
        told = f"starting {starting.id}: {noes[0].actor} has something to say about it first"
        raise Conflict(told, code="order.first")


NOES = frozenset({OrderKind.REJECT, OrderKind.REVOKE, OrderKind.ABORT})


def _succeeding(environment: Environment, before: Deployment, after: Deployment) -> Deployment:
    """One whose version is live now knows whose was until then: so that a rollback finds it, whatever number it has."""
    brings = after.kind in {Kind.DEPLOY, Kind.ROLLBACK}
    settles = after.phase is Phase.SUCCEEDED is not before.phase and brings
    return replace(after, replaced=f"{environment.name}-{environment.live}") if settles and environment.live else after


def _keep_runs(unit: Unit, before: Deployment, after: Deployment) -> None:
    """What a deployment's own `before` does is kept for all deployments after it."""
    old = {step.number: step.run for step in before.steps}
    for step in after.steps:
        if step.kind is not StepKind.BEFORE or step.run is None or step.run.deployment != after.id:
            continue
        known = old.get(step.number)
        if known is None or replace(known, seen=step.run.seen) != step.run:
            unit.runs.put(step.run)


def _adopt(
    unit: Unit, environment: Environment, left: Deployment, reason: Reason, now: datetime, token: Callable[[], str]
) -> Environment:
    """A rollback that somebody made by hand becomes one of ours: it finds the traffic where it is to be."""
    return adopted(environment, left) if _go_back(unit, left, reason, now, token) else environment


def _go_back(unit: Unit, left: Deployment, reason: Reason, now: datetime, token: Callable[[], str]) -> bool:
    """A rollback to what was live before `left`; False where one waits already, or there was nothing."""
    waits = any(one.is_way_back and one.phase is Phase.WAITING for one in unit.deployments.open(left.environment))
    target = unit.deployments.get(left.replaced) if left.replaced else None
    if waits or target is None:
        return False
    _open(unit, Opening(Kind.ROLLBACK, target.revision, reason, back_to=target), now, token)
    return True


def record_outcome(
    store: Store, lease: Lease, deployment: Deployment, action: Action, made: str, now: datetime
) -> None:
    """The action took effect; what it made is remembered where nothing else will show it for certain."""
    after = _acted(deployment, action)
    if isinstance(action, RegisterDefinition):
        known = {**deployment.definitions, action.content.digest: made}
        after = replace(after, definitions=known)
    if isinstance(action, RunTask):
        after = _started(after, made)
    with store.fenced(lease) as unit:
        if after != deployment:
            unit.deployments.save(after)
            _keep_runs(unit, deployment, after)
        facts = {**_facts(action), "made": made}
        text = f"{_name(action)} {action.service}: done"
        unit.audit.append([_entry(Event.ACTION_SUCCEEDED, deployment, now, text, facts)])


def record_failure(
    store: Store, lease: Lease, deployment: Deployment, action: Action, error: TidegateError, now: datetime
) -> Deployment:
    """The action failed, or nobody knows: the next look will show. The step remembers how often in a row, unless it
    looks wrong: that is what is counted then, and the action was one beside it."""
    after = deployment
    step = deployment.step
    if step is not None and (step.trouble is None or step.trouble.by_action):
        times = 1 + (step.trouble.times if step.trouble and step.trouble.reason.code == error.code else 0)
        trouble = Trouble(
            Reason(error.code, str(error)), times, isinstance(error, Blocked), by_action=True, service=action.service
        )
        after = deployment.with_step(replace(step, detail=str(error), trouble=trouble))
    with store.fenced(lease) as unit:
        saved = unit.deployments.save(after) if after != deployment else deployment
        facts = {**_facts(action), "code": error.code}
        text = f"{_name(action)} {action.service}: {error}"
        unit.audit.append([_entry(Event.ACTION_FAILED, deployment, now, text, facts)])
    return saved


def record_drift(
    store: Store,
    lease: Lease,
    before: Environment,
    after: Environment,
    opening: Opening | None,
    now: datetime,
    token: Callable[[], str],
) -> Environment:
    """What a look at an environment at rest has found to be otherwise than declared, and the correction that begins."""
    with store.fenced(lease) as unit:
        saved = _save_environment(unit, before, after, now)
        if opening is not None:
            _open(unit, opening, now, token)
    return saved


def _save_environment(unit: Unit, before: Environment, after: Environment, now: datetime) -> Environment:
    if after == before:
        return before
    unit.audit.append(list(_environment_moves(before, after, now)))
    for code, text in drift_edges(before.drift, after.drift):
        body = {"environment": after.name, "event": str(code), "code": code, "text": text}
        unit.outbox.put(ENVIRONMENT, f"{after.name}:{code}:{after.drift.edges}", body)
    announce_environment(unit, before, after)
    return unit.environments.save(after)


def drift_edges(before: Drifted, after: Drifted) -> Iterator[tuple[Event, str]]:
    """What people hear of: each thing that differs or no longer does, and that somebody fights for it."""
    new = [drift for drift in after.found if drift.difference not in before.differences]
    gone = [drift for drift in before.found if drift.difference not in after.differences]
    if new:
        yield Event.DRIFT_FOUND, told(new)
    if gone:
        yield Event.DRIFT_GONE, told(gone)
    if after.fought is not None and before.fought is None:
        yield Event.DRIFT_FOUGHT, after.fought.text


def _environment_moves(before: Environment, after: Environment, now: datetime) -> Iterator[AuditEntry]:
    if after.hold and not before.hold:
        facts: dict[str, object] = {"deployment": after.hold.deployment, "until": str(after.hold.until)}
        yield AuditEntry(Event.ENVIRONMENT_HELD, after.name, None, TIDEGATE, now, after.hold.reason.text, facts)
    if before.hold and not after.hold:
        yield AuditEntry(Event.ENVIRONMENT_RELEASED, after.name, None, TIDEGATE, now, "it is no longer held")
    for event, text in drift_edges(before.drift, after.drift):
        yield AuditEntry(event, after.name, None, TIDEGATE, now, text)


def _moves(before: Deployment, after: Deployment, now: datetime) -> list[AuditEntry]:
    entries = [*_step_moves(before, after, now)]
    if before.revision.is_sealed is not after.revision.is_sealed:
        facts: dict[str, object] = {"images": dict(after.revision.images or {})}
        entries.append(_entry(Event.REVISION_SEALED, after, now, "every image is pinned by its digest", facts))
    entries += _vote_moves(before, after, now)
    entries += _pauses(before, after, now)
    if before.phase is not after.phase:
        event = _PHASE_EVENTS.get(after.phase, Event.DEPLOYMENT_ENDED)
        entries.append(_entry(event, after, now, str(after.reason), {"phase": str(after.phase)}))
    return entries


def _vote_moves(before: Deployment, after: Deployment, now: datetime) -> Iterator[AuditEntry]:
    """Also those that count no more because another plan waits now."""
    for votes, others, event in (
        (after.votes, before.votes, Event.APPROVAL_COUNTED),
        (before.votes, after.votes, Event.APPROVAL_VOIDED),
    ):
        for vote in votes:
            if vote not in others:
                what = "glass" if vote.breaks_glass else "approval"
                facts: dict[str, object] = {"person": vote.by.id, "plan": vote.digest, "via": str(vote.via), "is": what}
                yield replace(_entry(event, after, now, vote.reason, facts), actor=vote.by.login)


_PHASE_EVENTS = {
    Phase.RUNNING: Event.DEPLOYMENT_STARTED,
    Phase.SUCCEEDED: Event.DEPLOYMENT_SUCCEEDED,
    Phase.ROLLING_BACK: Event.DEPLOYMENT_TURNED_BACK,
}


def _pauses(before: Deployment, after: Deployment, now: datetime) -> Iterator[AuditEntry]:
    """By whom it was paused; an order's own entry says who resumed it."""
    if after.pause is not None and (before.pause is None or before.pause.since != after.pause.since):
        pause = after.pause
        yield replace(_entry(Event.DEPLOYMENT_PAUSED, after, now, str(pause.reason), {}), actor=pause.actor)
    elif before.pause is not None and after.pause is None and before.phase is after.phase:
        yield _entry(Event.DEPLOYMENT_RESUMED, after, now, "it is no longer paused", {})


def _step_moves(before: Deployment, after: Deployment, now: datetime) -> Iterator[AuditEntry]:
    old = {step.number: step.state for step in before.steps}
    for step in after.steps:
        if old.get(step.number, StepState.PENDING) is not step.state:
            event = Event.STEP_STARTED if step.state is StepState.RUNNING else Event.STEP_ENDED
            yield _entry(event, after, now, f"{step.title}: {step.state} {step.detail}".strip(), _step_facts(step))


def _step_facts(step: Step) -> dict[str, object]:
    return {"step": step.number, "kind": str(step.kind), "state": str(step.state), "services": list(step.services)}


def _intent(deployment: Deployment, action: Action | None, purpose: str, now: datetime) -> list[AuditEntry]:
    if action is None:
        return []
    return [_entry(Event.ACTION_INTENDED, deployment, now, purpose, _facts(action))]


_TOLD = ("slot", "count", "weights", "definition", "task", "name")
"""What the audit says of an action where it has it: which, how many, how much. The rest may hold secrets."""


def _facts(action: Action) -> dict[str, object]:
    told = {name: getattr(action, name) for name in _TOLD if hasattr(action, name)}
    return {"action": _name(action), "service": action.service, **told}


def _answer(order: Order, now: datetime) -> AuditEntry:
    event = Event.ORDER_CARRIED_OUT if order.state is OrderState.DONE else Event.ORDER_REFUSED
    facts: dict[str, object] = {"order": order.id, "kind": str(order.kind)}
    return AuditEntry(event, order.environment, order.deployment, order.actor, now, order.outcome, facts)


def _entry(event: Event, deployment: Deployment, now: datetime, text: str, facts: dict[str, object]) -> AuditEntry:
    return AuditEntry(event, deployment.environment, deployment.id, TIDEGATE, now, text, facts)


def _tell(unit: Unit, before: Deployment, after: Deployment) -> None:
    """A notice for each move that people want to hear of."""
    if before.phase is after.phase:
        heard = news(before, after)
        if heard is not None:
            report(unit, after, heard)
        return
    if after.phase in FINAL or after.phase in {Phase.RUNNING, Phase.ROLLING_BACK}:
        announce(unit, after)


def _acted(deployment: Deployment, action: Action) -> Deployment:
    """The step knows that this took effect; what had gone wrong before is over, but not what looks wrong."""
    step = deployment.step
    assert step is not None, f"{deployment.id} acts, so it is in a step"
    slot = getattr(action, "slot", None)
    marks = [f"{_name(action)} {action.service}", *([f"{_name(action)} {action.service} {slot}"] if slot else [])]
    new = tuple(mark for mark in marks if mark not in step.acted)
    left = step.trouble if step.trouble and not step.trouble.by_action else None
    return deployment.with_step(replace(step, trouble=left, acted=(*step.acted, *new)))


def _started(deployment: Deployment, task: str) -> Deployment:
    step = deployment.step
    assert step is not None and step.run is not None, f"{deployment.id} asked for a task, so its step knows of a run"
    return deployment.with_step(replace(step, run=replace(step.run, task=task)))


def _name(action: Action) -> str:
    return type(action).__name__
