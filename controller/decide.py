"""What happens next to one deployment: a function of its arguments, at most one action.

    waiting ──gates open──▶ running ──steps done──▶ succeeded (its old slots are still retired)
                               │
                               └──a step failed, or an order──▶ rolling_back ──▶ rolled_back | failed | aborted

Beside that a running deployment can be paused: by a person, or by somebody else's hand on its traffic.

Invariants, all asserted where they can be: an undo record exists before the first action; traffic rises only in a
running deployment, and never again once it turns back; a deployment that turns back never turns back from that.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.decision import AT_ONCE, Decision
from controller.domain.actions import SetWeights
from controller.domain.alarms import ringing
from controller.domain.deployment import Deployment, Kind, Pause, Phase
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import PATIENCE, TAKEN_BACK, Step, StepKind, StepState
from controller.homeward import stopped, taken_back, turned_back
from controller.progress import (
    evidence,
    hooks,
    look,
    patience,
    strength,
    switches,
    watch,
    witness,
)
from controller.progress.outcomes import (
    Ask,
    Done,
    Fail,
    Foreign,
    Halt,
    Late,
    Need,
    Stumble,
    Terms,
    Wait,
)
from controller.starting import WHOLE_PICTURE, wait

FOREIGN_PAUSE = timedelta(hours=1)
"""So long a person has to say what is to become of a deployment whose traffic somebody else has changed."""


def needed(deployment: Deployment) -> frozenset[Evidence]:
    """The evidence without which nothing can be decided about this deployment. A waiting one asks for more, one gate
    after the other: what keeps it waiting may be cheap to see."""
    if deployment.restored:
        return WHOLE_PICTURE
    if deployment.phase is Phase.WAITING:
        return frozenset()
    return evidence(deployment.step, deployment) if deployment.step else frozenset()


def decide(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """The next move of `deployment` in this picture; `now` is aware UTC and only stamps what is recorded."""
    if deployment.restored:
        return _come_to(deployment, snapshot, now)
    if deployment.phase is Phase.WAITING:
        return wait(deployment, snapshot, now, terms)
    return _go_on(deployment, snapshot, now, terms)


def _come_to(deployment: Deployment, snapshot: Snapshot, now: datetime) -> Decision:
    """Its rows are from a backup: it goes home if the world is as it left it, else it ends and touches nothing."""
    known = replace(deployment, restored=False)
    if not _is_as_left(deployment, snapshot):
        reason = Reason("restore.ended", "a backup was restored, and the world has gone on since: nothing is undone")
        return Decision(stopped(known, reason, now), reason, look_again_in=AT_ONCE)
    if deployment.phase is Phase.ROLLING_BACK:
        return Decision(known, deployment.reason, look_again_in=AT_ONCE)
    reason = Reason("restore.turned_back", "a backup from while it ran was restored, and the world is as it left it")
    for step in known.steps:
        known = known.with_step(
            step if step.is_over else step.started(now)
        )  # it may have got further than its rows say
    return Decision(turned_back(known, reason, now, quarantines=False, aborted=True), reason, look_again_in=AT_ONCE)


def _is_as_left(deployment: Deployment, snapshot: Snapshot) -> bool:
    """Both slots of every service that rolls hold what this deployment found, or put, there."""
    if deployment.plan is None or deployment.undo is None or deployment.pruned is not None:
        return False
    for rolling in deployment.plan.rolling:
        sides, slots = deployment.sides(rolling.service), snapshot.services[rolling.service].slots
        if sides.live is not None and (slots[sides.live].content != rolling.was or not slots[sides.live].desired):
            return False
        if deployment.began(StepKind.WARM) and slots[sides.idle].content != rolling.content.digest:
            return False
    return True


def _go_on(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """Walk the steps that the picture shows done, and stop at the first that asks, waits, lacks evidence or fails."""
    elapsed = snapshot.elapsed
    deployment = hooks.noted(watch.less_excused(deployment, snapshot), snapshot)
    while (step := deployment.step) is not None:
        deployment = _aged(deployment, step, elapsed, now)
        elapsed = timedelta(0)
        step = deployment.step or step
        outcome = switches.fired(step, deployment, snapshot, look(step, deployment, snapshot, terms))
        deployment = watch.judged(step, deployment, snapshot, outcome)
        outcome = watch.watched(step, deployment, snapshot, outcome)
        outcome = switches.held_back(step, deployment, snapshot, patience.judged(deployment, step, outcome, terms))
        chore = switches.due(step, deployment, snapshot) or strength.due(step, deployment, snapshot, outcome)
        if chore is not None and isinstance(outcome, Ask | Wait | Done):
            outcome = chore  # nothing rises, and no step ends, before it
        if not isinstance(outcome, Done):
            return _beside(_unfinished(deployment, step, outcome, snapshot, now, terms), chore)
        deployment = _finished(deployment, step, outcome, snapshot, now)
        if step.kind is StepKind.SETTLE:
            return Decision(deployment, deployment.reason, look_again_in=AT_ONCE)
    return _ended(deployment, now)


def _beside(decision: Decision, chore: Ask | None) -> Decision:
    """What is counted, or left to a person, does nothing; whoever looks at it watches, so what is due is done."""
    is_free = decision.action is None and not decision.needs and decision.deployment.phase is Phase.RUNNING
    if chore is None or not is_free:
        return decision
    return replace(decision, action=chore.action, beside=chore.text)


def _aged(deployment: Deployment, step: Step, elapsed: timedelta, now: datetime) -> Deployment:
    """The time that was watched goes to the step; while somebody has it wait, to the pause as well."""
    if step.state is StepState.RUNNING:
        step = replace(step, observed=step.observed + elapsed)
    pause = deployment.pause
    if pause is not None:
        step = replace(step, paused=step.paused + elapsed)
        deployment = replace(deployment, pause=replace(pause, observed=pause.observed + elapsed))
    return deployment.with_step(step.started(now))


def _unfinished(
    deployment: Deployment,
    step: Step,
    outcome: Ask | Wait | Need | Stumble | Foreign | Fail | Halt | Late,
    snapshot: Snapshot,
    now: datetime,
    terms: Terms,
) -> Decision:
    if witness.is_due(step, deployment, outcome, is_left=isinstance(outcome, Fail) and _stays(deployment, step)):
        if Evidence.FORENSICS not in snapshot.has:
            wanted = snapshot.has | {Evidence.FORENSICS}
            return Decision(deployment, deployment.reason, look_again_in=AT_ONCE, needs=wanted)
        deployment = witness.witnessed(deployment, step)
    match outcome:
        case Need(more):
            # Beside what the step always looks at: else the two would ask in turns, for ever.
            needs = evidence(step, deployment) | more
            return Decision(deployment, deployment.reason, look_again_in=AT_ONCE, needs=needs)
        case Ask(action, text):
            rises = isinstance(action, SetWeights)
            assert not rises or deployment.phase is Phase.RUNNING, f"{deployment.id}: traffic rises only while it runs"
            kept = step.trouble if step.trouble and step.trouble.by_action else None
            run = hooks.asked(step, action, deployment, snapshot)
            told = deployment.with_step(replace(step, detail=text, trouble=kept, run=run))
            # The same again: the world is slow to show it, and asking faster than it moves would not help.
            soon = terms.pace if step.detail == text else AT_ONCE
            return Decision(told, Reason(f"step.{step.kind}", text), action, look_again_in=soon)
        case Stumble(reason):
            return Decision(patience.stumbled(deployment, step, reason, terms), reason, look_again_in=terms.pace)
        case Foreign(reason, adopts):
            told = patience.stumbled(deployment, step, reason, terms)
            if patience.times(step, reason, terms) < PATIENCE:
                return Decision(told, reason, look_again_in=terms.pace)
            return _left_alone(told, reason, adopts, now, terms)
        case Halt(reason):
            pause = Pause("tidegate", reason, now, FOREIGN_PAUSE)
            halted = replace(deployment.with_step(replace(step, detail=reason.text)), pause=pause)
            return Decision(halted, reason, look_again_in=terms.pace)
        case Late(reason):
            sent = replace(deployment, sent_home=True)
            return Decision(sent, reason, look_again_in=AT_ONCE, goes_back=True)
        case Wait(reason, look_in):
            told = deployment.with_step(replace(step, detail=reason.text, trouble=None))
            return Decision(told, reason, look_again_in=look_in or terms.pace)
        case Fail(reason, culprits, quarantines):
            if _stays(deployment, step):
                return _left_to_a_person(deployment, step, reason, snapshot, terms)
            back = turned_back(deployment, reason, now, culprits=culprits, quarantines=quarantines)
            return Decision(back, reason, look_again_in=AT_ONCE)


def _left_alone(deployment: Deployment, reason: Reason, adopts: bool, now: datetime, terms: Terms) -> Decision:
    """Somebody else's hand is not fought: what runs is paused until a person decides, and what is over stays over."""
    if deployment.phase is Phase.RUNNING and deployment.pause is None:
        text = f"{reason.text}; put it back and resume {deployment.id}, or abort it"
        deployment = replace(deployment, pause=Pause("tidegate", Reason(reason.code, text), now, FOREIGN_PAUSE))
    return Decision(deployment, reason, look_again_in=terms.pace, adopts=adopts)


def _stays(deployment: Deployment, step: Step) -> bool:
    """Nothing turns back from removing a service, nor from a way back that has begun to move traffic, nor by itself to
    a version that doesn't work with what `before` did. What has changed nothing yet has nothing to turn back."""
    if step.kind is StepKind.BEFORE:
        return False
    if deployment.kind is Kind.PRUNE or (deployment.is_way_back and deployment.began(*TAKEN_BACK[StepKind.HOME])):
        return True
    return bool(deployment.one_way) or not deployment.revision.file.rollback.automatic


def _left_to_a_person(deployment: Deployment, step: Step, reason: Reason, snapshot: Snapshot, terms: Terms) -> Decision:
    """Alarms that rang are remembered: a person may let it go on beside them."""
    why = {Kind.PRUNE: "a removal isn't undone", Kind.ROLLBACK: "a rollback is never rolled back"}.get(
        deployment.kind, "the file says rollback.automatic: false"
    )
    if deployment.one_way:
        why = "; ".join(run.told for run in deployment.one_way)
    rang = ringing(snapshot.alarms, deployment.excused)
    red, rung = tuple(view.name for view in rang), {view.name: view.since for view in rang}
    goes_on = f", or `tidegate resume {deployment.id}` lets it go on" if red else ""
    if reason.code == "confirm.expired":
        goes_on = f", or `tidegate promote {deployment.id}` confirms it all the same"
    waiting = Reason(reason.code, f"{reason.text}; {why}, so `tidegate abort {deployment.id}` must end it{goes_on}")
    told = replace(deployment.with_step(replace(step, detail=waiting.text)), red=red, rung=rung).because(waiting)
    return Decision(told, waiting, look_again_in=terms.pace)


def _finished(deployment: Deployment, step: Step, outcome: Done, snapshot: Snapshot, now: datetime) -> Deployment:
    deployment = deployment.with_step(step.ended(StepState.DONE, now, outcome.detail))
    if step.kind is StepKind.EVIDENCE:
        return witness.witnessed(deployment, step)
    if step.kind is StepKind.REGISTER:
        return replace(deployment, definitions={**snapshot.definitions, **deployment.definitions})
    if step.kind is StepKind.SETTLE:
        return deployment.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", outcome.detail), now)
    return taken_back(deployment, step)


def _ended(deployment: Deployment, now: datetime) -> Decision:
    if deployment.phase is Phase.ROLLING_BACK:
        assert deployment.turning is not None
        deployment = deployment.moved(deployment.turning.ends_as, deployment.reason, now)
    # One more look: another deployment may have waited for the end of this one.
    return Decision(deployment, deployment.reason, look_again_in=AT_ONCE)
