"""What becomes of a deployment that waits: its gates are asked, its plan is drawn, and it starts. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from controller import plan as planning
from controller.decision import AT_ONCE, Decision
from controller.domain.alarms import ringing
from controller.domain.approval import Ballot
from controller.domain.deployment import RUNNING, Asked, Deployment, Kind, Phase, Plan
from controller.domain.hooks import until_rolled
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason, until_pruned
from controller.domain.scaling import bounds_now
from controller.domain.slot import Sides
from controller.domain.snapshot import Evidence, ServiceView, Snapshot
from controller.domain.step import StepKind
from controller.domain.undo import RuleAsItWas, UndoEntry, UndoRecord
from controller.domain.verdict import Answer, Verdict
from controller.gates import APPROVAL, BEFORE_PLAN, WITH_PLAN, ask, sees
from controller.gates import Asked as Judgement
from controller.gates.approval import ballot_of
from controller.gates.base import Case
from controller.progress import standing, watch
from controller.progress.outcomes import Terms

WHOLE_PICTURE = frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.SCALING})
"""What a plan is drawn from: contents, weights and counts, the settings of target groups, and what scales."""

ENDS = {Answer.REFUSED: Phase.REJECTED, Answer.EXPIRED: Phase.EXPIRED}
"""Answers that nothing changes any more."""

WAITING_LOOK = timedelta(seconds=30)
"""A waiting deployment is looked at again this often; events wake it sooner."""


def _asked(deployment: Deployment, live: EnvironmentFile | None = None) -> frozenset[Evidence]:
    """What is to be seen before it starts, when this file is live."""
    return WHOLE_PICTURE | watch.asked(deployment) | standing.asked(deployment, live)


def wait(deployment: Deployment, snapshot: Snapshot, now: datetime, terms: Terms) -> Decision:
    """Gates that need no plan, then the plan, then the gates that judge it. Only what brings something new is gated."""
    gated = deployment.kind is Kind.DEPLOY
    case = _case(deployment, terms, snapshot)
    cheap = ask(BEFORE_PLAN if gated else {}, case, snapshot.has, now)
    if cheap.shut:
        return _stay(replace(deployment, gates=cheap.judged, asked=None), cheap.shut, now)
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
    case = _case(deployment, terms, snapshot, plan)
    last = ask(WITH_PLAN if gated else {}, case, snapshot.has, now)
    deployment = _polled(replace(deployment, gates=cheap.judged + last.judged), plan, last, ballot_of(case), now)
    if last.shut:
        return _stay(deployment, last.shut, now)
    assert not last.lacks, f"{deployment.id}: the picture was asked for {last.lacks} with the rest"
    heard = {name: view.since for name, view in snapshot.alarms.items() if view is not None}
    return _start(replace(deployment, plan=plan, heard=heard), snapshot, now, terms)


def _polled(deployment: Deployment, plan: Plan, gates: Judgement, ballot: Ballot, now: datetime) -> Deployment:
    """What people are asked about is kept, since when, and who they are. Another plan voids what they answered; while a
    cheaper gate is shut nobody is asked, and no time runs. Without GitHub whoever may break the glass is asked; a time
    that turns out to be yet to come begins anew."""
    votes = tuple(vote for vote in deployment.votes if vote.digest == plan.digest)
    deployment = deployment if votes == deployment.votes else replace(deployment, votes=votes)
    if gates.shut is None or gates.judged[-1].gate != APPROVAL:
        return replace(deployment, asked=None)
    known, seen_at = deployment.asked, ballot.seen_at(now)
    is_asked_already = known is not None and known.plan.digest == plan.digest and known.since <= seen_at
    asked = replace(known, could=ballot.could) if is_asked_already and known else Asked(plan, seen_at, ballot.could)
    return deployment if asked == known else replace(deployment, asked=asked)


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
        electorate=snapshot.electorate,
    )


def _stay(deployment: Deployment, verdict: Verdict, now: datetime) -> Decision:
    ends_as = ENDS.get(verdict.answer)
    if ends_as is not None:
        return Decision(deployment.moved(ends_as, verdict.reason, now), verdict.reason, look_again_in=AT_ONCE)
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
