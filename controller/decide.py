"""What happens next to one deployment: a function of its arguments, at most one action.

    waiting ──gates open──▶ running ──steps done──▶ succeeded (its old slots are still retired)
                               │
                               └──a step failed, or an order──▶ rolling_back ──▶ rolled_back | failed | aborted

Invariants, all asserted where they can be: an undo record exists before the first action; traffic rises only in a
running deployment, and never again once it turns back; a deployment that turns back never turns back from that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller import plan as planning
from controller.domain.actions import Action, SetWeights
from controller.domain.deployment import Deployment, Phase, Plan
from controller.domain.reason import Reason
from controller.domain.slot import Sides, Slot
from controller.domain.snapshot import Evidence, ServiceView, Snapshot
from controller.domain.step import Step, StepKind, StepState, Trouble, spoken
from controller.domain.undo import RuleAsItWas, UndoEntry, UndoRecord
from controller.gates import BEFORE_PLAN, WITH_PLAN
from controller.gates.base import Answer, Case, Gate, Verdict
from controller.homeward import turned_back
from controller.progress import DEADLINES, EVIDENCE, look
from controller.progress.outcomes import PATIENCE, Ask, Done, Fail, Need, Outcome, Stumble, Terms, Wait

AT_ONCE = timedelta(0)
WHOLE_PICTURE = frozenset({Evidence.SERVICES, Evidence.TARGETS})
"""What a plan is drawn from: contents, weights and counts, and the settings of target groups."""

WAITING_LOOK = timedelta(seconds=30)
"""A waiting deployment is looked at again this often; events wake it sooner."""


@dataclass(frozen=True)
class Decision:
    """`deployment` is what will be recorded; `action` is carried out after that, and only then.

    `look_again_in` is None when nothing but an event or an order can change the answer. `needs` is what the next look
    must show; it is empty unless the picture was not enough.
    """

    deployment: Deployment
    reason: Reason
    action: Action | None = None
    look_again_in: timedelta | None = None
    needs: frozenset[Evidence] = field(default=frozenset())


def needed(deployment: Deployment) -> frozenset[Evidence]:
    """The evidence without which nothing can be decided about this deployment."""
    if deployment.phase is Phase.WAITING:
        return WHOLE_PICTURE if deployment.revision.is_sealed else frozenset()
    return EVIDENCE[deployment.step.kind] if deployment.step else frozenset()


def decide(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """The next move of `deployment` in this picture; `now` is aware UTC and only stamps what is recorded."""
    if deployment.phase is Phase.WAITING:
        return _wait(deployment, snapshot, now, terms)
    return _go_on(deployment, snapshot, now, terms)


def _wait(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """Gates that need no plan, then the plan, then the gates that judge it."""
    shut = closed(BEFORE_PLAN, _case(deployment, terms), now)
    if shut:
        return _stay(deployment, shut, now)
    if WHOLE_PICTURE - snapshot.has:
        return Decision(deployment, deployment.reason, look_again_in=AT_ONCE, needs=WHOLE_PICTURE)
    cut_off = [name for name, view in snapshot.services.items() if view.is_cut_off]
    if cut_off:
        text = f"tasks of {', '.join(cut_off)} run, and no rule leads to them: put the rule back, or empty the slots"
        reason = Reason("traffic.rule_missing", text)
        return Decision(deployment.because(reason), reason, look_again_in=WAITING_LOOK)
    split = [name for name, view in snapshot.services.items() if view.is_split]
    if split:
        text = (
            f"the traffic of {', '.join(split)} is split, and no deployment of ours runs: a person must choose a slot"
        )
        reason = Reason("traffic.split", text)
        return Decision(deployment.because(reason), reason, look_again_in=WAITING_LOOK)
    plan = planning.draw(deployment.revision, terms.binding, terms.foundation, snapshot.services)
    shut = closed(WITH_PLAN, _case(deployment, terms, plan), now)
    if shut:
        return _stay(deployment, shut, now)
    return _start(replace(deployment, plan=plan), snapshot, now)


def closed(gates: Mapping[str, Gate], case: Case, now: datetime) -> Verdict | None:
    """The first gate, in order, that is not open."""
    verdicts = (gate(case, now) for gate in gates.values())
    return next((verdict for verdict in verdicts if not verdict.is_open), None)


def _case(deployment: Deployment, terms: Terms, plan: Plan | None = None) -> Case:
    return Case(deployment, terms.environment, terms.binding, terms.live, terms.resolved, plan)


def _stay(deployment: Deployment, verdict: Verdict, now: datetime) -> Decision:
    if verdict.answer is Answer.REFUSED:
        return Decision(deployment.moved(Phase.REJECTED, verdict.reason, now), verdict.reason)
    return Decision(deployment.because(verdict.reason), verdict.reason, look_again_in=WAITING_LOOK)


def _start(deployment: Deployment, snapshot: Snapshot, now: datetime) -> Decision:
    """From waiting to running: steps and undo record are written down; the first action is for the next pass."""
    assert deployment.plan is not None
    if not deployment.plan.steps:
        reason = Reason("plan.nothing_rolls", "what is live already is what this commit asks for")
        return Decision(deployment.moved(Phase.SUCCEEDED, reason, now), reason)
    undo = UndoRecord(
        tuple(_as_it_is(rolling.service, snapshot.services[rolling.service]) for rolling in deployment.plan.rolling)
    )
    reason = Reason("deployment.running", "its gates are open")
    running = replace(deployment, steps=deployment.plan.steps, undo=undo).moved(Phase.RUNNING, reason, now)
    return Decision(running, reason, look_again_in=AT_ONCE)


def _as_it_is(service: str, view: ServiceView) -> UndoEntry:
    """A service that is new starts in blue, unless blue holds something and green doesn't."""
    live = view.live
    idle = live.other if live else _emptier(view)
    rule = RuleAsItWas(view.rule.arn, view.rule.weights, view.rule.actions) if view.rule and live else None
    return UndoEntry(service, Sides(live, idle), rule)


def _emptier(view: ServiceView) -> Slot:
    return Slot.GREEN if view.slots[Slot.BLUE].desired > view.slots[Slot.GREEN].desired else Slot.BLUE


def _go_on(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """Walk the steps that the picture shows done, and stop at the first that asks, waits, lacks evidence or fails."""
    aged = False
    while (step := deployment.step) is not None:
        if not aged and step.state is StepState.RUNNING:
            step = replace(step, observed=step.observed + snapshot.elapsed)
        aged = True
        step = step.started(now)
        deployment = deployment.with_step(step)
        outcome = _judged(step, look(step, deployment, snapshot, terms), terms)
        if not isinstance(outcome, Done):
            return _unfinished(deployment, step, outcome, now, terms)
        deployment = _finished(deployment, step, outcome, snapshot, now)
        if step.kind is StepKind.SETTLE:
            return Decision(deployment, deployment.reason, look_again_in=AT_ONCE)
    return _ended(deployment, now)


def _judged(step: Step, outcome: Outcome, terms: Terms) -> Outcome:
    """Patience and deadlines, the same for every kind of step."""
    if isinstance(outcome, Done | Fail | Need) or step.kind in {StepKind.HOME, StepKind.RETIRE}:
        return outcome
    if isinstance(outcome, Stumble) and _times(step, outcome.reason, terms) >= PATIENCE:
        return Fail(outcome.reason, outcome.culprits, outcome.quarantines)
    if step.trouble and step.trouble.permanent and step.trouble.times >= PATIENCE:
        return Fail(step.trouble.reason, quarantines=False)
    deadline = DEADLINES.get(step.kind)
    if deadline and step.observed > deadline:
        waited = f"; last: {outcome.reason.text}" if isinstance(outcome, Wait | Stumble) else ""
        return Fail(Reason("step.deadline", f"{step.title} was not done within {spoken(deadline)}{waited}"))
    return outcome


def _times(step: Step, reason: Reason, terms: Terms) -> int:
    """How often in a row it looked wrong in this way, this look included; a burst of wake-ups is one look."""
    if step.trouble is None or step.trouble.by_action or step.trouble.reason.code != reason.code:
        return 1
    return step.trouble.times + (0 if _in_one_breath(step, reason, terms) else 1)


def _in_one_breath(step: Step, reason: Reason, terms: Terms) -> bool:
    """Whether the last such look was less than half a pace ago."""
    last = step.trouble
    return last is not None and last.reason.code == reason.code and (step.observed - last.since) * 2 < terms.pace


def _unfinished(
    deployment: Deployment, step: Step, outcome: Ask | Wait | Need | Stumble | Fail, now: datetime, terms: Terms
) -> Decision:
    match outcome:
        case Need(evidence):
            return Decision(deployment, deployment.reason, look_again_in=AT_ONCE, needs=evidence)
        case Ask(action, text):
            rises = isinstance(action, SetWeights)
            assert not rises or deployment.phase is Phase.RUNNING, f"{deployment.id}: traffic rises only while it runs"
            kept = step.trouble if step.trouble and step.trouble.by_action else None
            told = deployment.with_step(replace(step, detail=text, trouble=kept))
            # The same again: the world is slow to show it, and asking faster than it moves would not help.
            soon = terms.pace if step.detail == text else AT_ONCE
            return Decision(told, Reason(f"step.{step.kind}", text), action, look_again_in=soon)
        case Stumble(reason):
            since = step.trouble.since if _in_one_breath(step, reason, terms) and step.trouble else step.observed
            trouble = Trouble(reason, _times(step, reason, terms), since=since)
            told = deployment.with_step(replace(step, detail=reason.text, trouble=trouble))
            return Decision(told, reason, look_again_in=terms.pace)
        case Wait(reason, look_in):
            told = deployment.with_step(replace(step, detail=reason.text, trouble=None))
            return Decision(told, reason, look_again_in=look_in or terms.pace)
        case Fail(reason, culprits, quarantines):
            if not deployment.revision.file.rollback.automatic:
                return _left_to_a_person(deployment, step, reason, terms)
            back = turned_back(deployment, reason, now, culprits=culprits, quarantines=quarantines)
            return Decision(back, reason, look_again_in=AT_ONCE)


def _left_to_a_person(deployment: Deployment, step: Step, reason: Reason, terms: Terms) -> Decision:
    text = f"{reason.text}; the file says rollback.automatic: false, so `tidegate abort {deployment.id}` turns it back"
    waiting = Reason(reason.code, text)
    told = deployment.with_step(replace(step, detail=text)).because(waiting)
    return Decision(told, waiting, look_again_in=terms.pace)


def _finished(deployment: Deployment, step: Step, outcome: Done, snapshot: Snapshot, now: datetime) -> Deployment:
    deployment = deployment.with_step(step.ended(StepState.DONE, now, outcome.detail))
    if step.kind is StepKind.REGISTER:
        return replace(deployment, definitions={**snapshot.definitions, **deployment.definitions})
    if step.kind is StepKind.SETTLE:
        return deployment.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", outcome.detail), now)
    if step.kind is StepKind.HOME:
        return _undone(deployment)
    return deployment


def _undone(deployment: Deployment) -> Deployment:
    """Traffic is home: the shifts that had moved it are taken back."""
    for step in deployment.steps:
        if step.kind is StepKind.SHIFT and step.state in {StepState.DONE, StepState.FAILED} and step.started_at:
            deployment = deployment.with_step(replace(step, state=StepState.UNDONE))
    return deployment


def _ended(deployment: Deployment, now: datetime) -> Decision:
    if deployment.phase is Phase.ROLLING_BACK:
        assert deployment.turning is not None
        deployment = deployment.moved(deployment.turning.ends_as, deployment.reason, now)
    # One more look: another deployment may have waited for the end of this one.
    return Decision(deployment, deployment.reason, look_again_in=AT_ONCE)
