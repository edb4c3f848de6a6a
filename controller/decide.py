"""What happens next to one deployment: a function of its arguments, at most one action.

    waiting ──gates open──▶ running ──steps done──▶ succeeded (its old slots are still retired)
                               │
                               └──a step failed, or an order──▶ rolling_back ──▶ rolled_back | failed | aborted

Beside that a running deployment can be paused: by a person, or by somebody else's hand on its traffic.

Invariants, all asserted where they can be: an undo record exists before the first action; traffic rises only in a
running deployment, and never again once it turns back; a deployment that turns back never turns back from that.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller import plan as planning
from controller.domain.actions import Action, SetWeights
from controller.domain.alarms import ringing
from controller.domain.deployment import RUNNING, Deployment, Kind, Pause, Phase, Plan
from controller.domain.hooks import until_rolled
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason, until_pruned
from controller.domain.scaling import bounds_now
from controller.domain.slot import Sides
from controller.domain.snapshot import Evidence, ServiceView, Snapshot
from controller.domain.step import PATIENCE, TAKEN_BACK, Step, StepKind, StepState
from controller.domain.undo import RuleAsItWas, UndoEntry, UndoRecord
from controller.domain.verdict import Answer, Verdict
from controller.gates import BEFORE_PLAN, WITH_PLAN, ask, sees
from controller.gates.base import Case
from controller.homeward import stopped, taken_back, turned_back
from controller.progress import (
    evidence,
    hooks,
    look,
    patience,
    standing,
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

AT_ONCE = timedelta(0)
WHOLE_PICTURE = frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.SCALING})
"""What a plan is drawn from: contents, weights and counts, the settings of target groups, and what scales."""

FOREIGN_PAUSE = timedelta(hours=1)
"""So long a person has to say what is to become of a deployment whose traffic somebody else has changed."""

WAITING_LOOK = timedelta(seconds=30)
"""A waiting deployment is looked at again this often; events wake it sooner."""


@dataclass(frozen=True)
class Decision:
    """`deployment` is what will be recorded; `action` is carried out after that, and only then.

    `look_again_in` is None when nothing but an event or an order can change the answer. `needs` is what the next look
    must show; it is empty unless the picture was not enough. `adopts`: somebody else rolled this deployment back, which
    is to be recorded as a rollback of its own. `goes_back`: it had succeeded, and a rollback is to be opened. `beside`
    says what the action is for, where `reason` tells of something else.
    """

    deployment: Deployment
    reason: Reason
    action: Action | None = None
    look_again_in: timedelta | None = None
    needs: frozenset[Evidence] = field(default=frozenset())
    adopts: bool = False
    goes_back: bool = False
    beside: str = ""

    @property
    def purpose(self) -> str:
        """What the action is for."""
        return self.beside or self.reason.text


def needed(deployment: Deployment) -> frozenset[Evidence]:
    """The evidence without which nothing can be decided about this deployment. A waiting one asks for more, one gate
    after the other: what keeps it waiting may be cheap to see."""
    if deployment.restored:
        return WHOLE_PICTURE
    if deployment.phase is Phase.WAITING:
        return frozenset()
    return evidence(deployment.step, deployment) if deployment.step else frozenset()


def _asked(deployment: Deployment, live: EnvironmentFile | None = None) -> frozenset[Evidence]:
    """What is to be seen before it starts, when this file is live."""
    return WHOLE_PICTURE | watch.asked(deployment) | standing.asked(deployment, live)


def decide(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """The next move of `deployment` in this picture; `now` is aware UTC and only stamps what is recorded."""
    if deployment.restored:
        return _come_to(deployment, snapshot, now)
    if deployment.phase is Phase.WAITING:
        return _wait(deployment, snapshot, now, terms)
    return _go_on(deployment, snapshot, now, terms)


def _wait(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """Gates that need no plan, then the plan, then the gates that judge it. Only what brings something new is gated."""
    gated = deployment.kind is Kind.DEPLOY
    case = _case(deployment, terms, snapshot)
    cheap = ask(BEFORE_PLAN if gated else {}, case, snapshot.has, now)
    if cheap.shut:
        return _stay(replace(deployment, gates=cheap.judged), cheap.shut, now)
    wanted = cheap.lacks or _asked(deployment, terms.live) | sees(WITH_PLAN if gated else {}, case)
    if wanted - snapshot.has:
        needs = snapshot.has | wanted
        return Decision(deployment, deployment.reason, look_again_in=AT_ONCE, needs=needs)
    deployment = replace(deployment, gates=cheap.judged)
    stands = snapshot.standing
    if isinstance(stands, Reason):
        return Decision(deployment.because(stands), stands, look_again_in=WAITING_LOOK)
    if snapshot.deaf is not None:
        return Decision(deployment.because(snapshot.deaf), snapshot.deaf, look_again_in=WAITING_LOOK)
    if deployment.pruned is not None:
        return _start_pruning(deployment, deployment.pruned, snapshot, now, terms)
    unclear = _unclear(deployment, snapshot, terms)
    if unclear:
        return Decision(deployment.because(unclear), unclear, look_again_in=WAITING_LOOK)
    plan = planning.draw(
        deployment.revision,
        terms.binding,
        terms.foundation,
        snapshot.services,
        deployment.kind,
        deployment.restart,
        terms.kept,
        stands,
        now=snapshot.taken_at,
    )
    plan = plan.beside(deployment.revision.file, terms.live) if gated else plan
    deployment = watch.less_excused(deployment, snapshot)
    deployment = replace(deployment, red=tuple(view.name for view in ringing(snapshot.alarms, deployment.excused)))
    last = ask(WITH_PLAN if gated else {}, _case(deployment, terms, snapshot, plan), snapshot.has, now)
    deployment = replace(deployment, gates=cheap.judged + last.judged)
    if last.shut:
        return _stay(deployment, last.shut, now)
    assert not last.lacks, f"{deployment.id}: the picture was asked for {last.lacks} with the rest"
    heard = {name: view.since for name, view in snapshot.alarms.items() if view is not None}
    return _start(replace(deployment, plan=plan, heard=heard), snapshot, now, terms)


def _unclear(deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Reason | None:
    """Why no plan can be drawn from this picture: a plan starts from exactly one live slot. A correction makes the rule
    of the only slot with tasks again.

    What is left of a service that the live file doesn't name, as by a removal that was aborted, is in nobody's way: it
    begins anew, and that is cleared away.
    """
    named = {name: snapshot.services[name] for name in deployment.revision.file.services}
    cut_off = [
        name
        for name, view in named.items()
        if view.is_cut_off and (terms.live is None or name in terms.live.services)
        if deployment.kind is not Kind.CORRECT or view.filled is None
    ]
    if cut_off:
        text = f"tasks of {', '.join(cut_off)} run, and no rule leads to them: put the rule back, or empty the slots"
        return Reason("traffic.rule_missing", text)
    unseen = [name for name in terms.live.services if _is_unseen(name, terms.live, snapshot)] if terms.live else []
    if unseen:
        what = "should be asleep, and no slot of it scales, so nothing shows which one is live"
        text = f"{', '.join(unseen)} {what}: it waits until the clock wakes it, or until one of its slots runs a task"
        return Reason("traffic.unclear", text)
    split = [name for name, view in named.items() if view.is_split]
    if split:
        text = f"the traffic of {', '.join(split)} is split, and no deployment of ours runs"
        return Reason("traffic.split", f"{text}: a person must choose a slot")
    return None


def _is_unseen(name: str, live: EnvironmentFile, snapshot: Snapshot) -> bool:
    """A service without a route that sleeps is known by its scaling alone; a look that misses that finds it new."""
    service, view = live.services[name], snapshot.services.get(name)
    if view is None or view.routed or view.live is not None or view.is_split:
        return False
    return bounds_now(service, live.schedule, snapshot.taken_at).max == 0


def _start_pruning(deployment: Deployment, name: str, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """A service that came back into the file meanwhile is not touched."""
    if terms.live is not None and name in terms.live.services:
        reason = Reason("prune.named", f"the file of what is live names {name} again: it stays")
        return Decision(deployment.moved(Phase.REJECTED, reason, now), reason, look_again_in=AT_ONCE)
    left = not isinstance(snapshot.standing, Reason) and bool(standing.of(name, snapshot.standing))
    plan = planning.removal(deployment, terms.binding, snapshot.services[name], has_alarms=left)
    return _start(replace(deployment, plan=plan), snapshot, now, terms)


def _case(deployment: Deployment, terms: Terms, snapshot: Snapshot, plan: Plan | None = None) -> Case:
    return Case(
        deployment,
        terms.environment,
        terms.binding,
        terms.live,
        terms.resolved,
        plan,
        alarms=snapshot.alarms,
        unreadable=snapshot.readings.trouble,
        checks=snapshot.checks,
        scans=snapshot.scans,
        soaked=snapshot.soaked,
    )


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


def _stay(deployment: Deployment, verdict: Verdict, now: datetime) -> Decision:
    if verdict.answer is Answer.REFUSED:
        return Decision(deployment.moved(Phase.REJECTED, verdict.reason, now), verdict.reason)
    wait = WAITING_LOOK if verdict.look_in is None else verdict.look_in
    return Decision(deployment.because(verdict.reason), verdict.reason, look_again_in=wait)


def _start(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """From waiting to running: steps and undo record are written down; the first action is for the next pass."""
    assert deployment.plan is not None
    if not deployment.plan.steps:
        left = f"{until_pruned(terms.left_by(deployment.revision.file))}{until_rolled(deployment.plan.unrun)}"
        reason = Reason("plan.nothing_rolls", f"what is live already is what this commit asks for{left}")
        return Decision(deployment.moved(Phase.SUCCEEDED, reason, now), reason, look_again_in=AT_ONCE)
    undo = UndoRecord(tuple(_as_it_is(name, snapshot.services[name]) for name in _touched(deployment)))
    reason = Reason(RUNNING, "its gates are open")
    running = replace(deployment, steps=deployment.plan.steps, undo=undo).moved(Phase.RUNNING, reason, now)
    return Decision(running, reason, look_again_in=AT_ONCE)


def _touched(deployment: Deployment) -> list[str]:
    """Services whose rules or slots this deployment may change, in the order of its file, which traffic rises in."""
    assert deployment.plan is not None
    kinds = {
        *(StepKind.WARM, StepKind.SHIFT, StepKind.ROUTE, StepKind.SCALE),
        *(StepKind.ADJUST, StepKind.MEND, StepKind.RETIRE),
    }
    named = {name for step in deployment.plan.steps if step.kind in kinds for name in step.services}
    return [name for name in deployment.revision.file.services if name in named]


def _as_it_is(service: str, view: ServiceView) -> UndoEntry:
    live, rule, idle = view.live, view.rule, view.idle
    was = RuleAsItWas(rule.arn, rule.weights, rule.actions, rule.conditions, rule.priority) if rule and live else None
    scaling = {slot: found.scaling for slot, found in view.slots.items() if found.scaling is not None}
    return UndoEntry(service, Sides(live, idle), was, view.slots[live].desired if live else 0, scaling)


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
