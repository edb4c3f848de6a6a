"""What becomes of a person's order: a deployment that moves otherwise, a new one, or a refusal that says why. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller.domain.approval import Ballot, Vote, decide_approval
from controller.domain.deployment import IN_FLIGHT, RESTART_ORDERED, Deployment, Kind, Pause, Phase
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.history import across
from controller.domain.hooks import Run
from controller.domain.orders import ANSWERS, Order, OrderKind, OrderState
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.step import StepKind, StepState, spoken
from controller.domain.verdict import Judged
from controller.homeward import stopped, turned_back
from controller.progress.watch import INCONCLUSIVE

PAUSE_LIMIT = timedelta(hours=1)
"""So long a pause lasts where the order names no limit."""


@dataclass(frozen=True)
class Known:
    """What orders may refer to. `crossing` says of the deployments to go back to what ran since, and does not work with
    them. `before` is the version that was live before the live one, and was well; `named` are
    the deployments that orders name; `found` says what each `deploy` stands for, by the order's number: a revision, or
    the reason why there is none; an order that is missing there could not be looked up yet. For a `prune` it holds the
    reason why there is nothing to remove, if so. `failing` are sealed deployments, by id, whose commits have failed a
    check that they need, or may have: they take nobody's place. None: nothing new is known. `ballots`: what answers to
    approvals are judged by, by the deployment that they are about."""

    live: Deployment | None = None
    before: Deployment | None = None
    named: Mapping[str, Deployment] = field(default_factory=dict)
    found: Mapping[int, Revision | Reason] = field(default_factory=dict)
    crossing: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)
    failing: Mapping[str, Judged | None] = field(default_factory=dict)
    ballots: Mapping[str, Ballot] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """A deployment to be made: it gets its number when it is recorded. `by`: the person who ordered it."""

    kind: Kind
    revision: Revision
    because: Reason
    back_to: Deployment | None = None
    restart: bool = False
    pruned: str | None = None
    by: Person | None = None


@dataclass(frozen=True)
class Answer:
    """The order as it ended, and what else came of it."""

    order: Order
    environment: Environment
    changed: tuple[Deployment, ...] = field(default=())
    opening: Opening | None = None


@dataclass(frozen=True)
class _Case:
    """One order, and all that it may be about."""

    order: Order
    environment: Environment
    table: Mapping[str, Deployment]
    known: Known
    now: datetime

    @property
    def running(self) -> Deployment | None:
        return next((one for one in self.table.values() if one.phase in IN_FLIGHT), None)

    @property
    def deployment(self) -> Deployment | None:
        """The one that the order names, while anything can still become of it."""
        return self.table.get(self.order.deployment or "")

    def because(self, code: str, did: str) -> Reason:
        return Reason(code, f"{self.order.actor} {did}: {self.order.reason}")

    def done(self, outcome: str, *changed: Deployment, opening: Opening | None = None) -> Answer:
        order = replace(self.order, state=OrderState.DONE, outcome=outcome)
        return Answer(order, self.environment, changed, opening)

    def refused(self, outcome: str) -> Answer:
        return Answer(replace(self.order, state=OrderState.REFUSED, outcome=outcome), self.environment)

    def not_running(self, purpose: str) -> Answer:
        """What doesn't run, or rests since a backup was restored."""
        deployment = self.deployment
        if deployment is not None and deployment.rests:
            told = f"{deployment.id} rests since a backup was restored: there is nothing to {purpose}"
            end = f"`tidegate unhold {deployment.environment}` lets it go home, if AWS is as it left it, or end"
            return self.refused(f"{told}; {end}")
        state = deployment.phase.said if deployment else "is over"
        return self.refused(f"{self.order.deployment} {state}: there is nothing to {purpose}")


def obey(
    order: Order, environment: Environment, table: Mapping[str, Deployment], known: Known, now: datetime
) -> Answer | None:
    """Every order ends here as done or refused, with a sentence that says what came of it; None: it must wait."""
    return _ORDERS[order.kind](_Case(order, environment, table, known, now))


def _unhold(case: _Case) -> Answer:
    environment = case.environment
    if environment.hold is None and not environment.quarantines:
        return case.refused(f"{environment.name} isn't held")
    answer = case.done(f"{environment.name} is released, and so is the content that turned back")
    return replace(answer, environment=replace(environment, hold=None, quarantines=()))


def _abort(case: _Case) -> Answer:
    deployment = case.deployment
    reason = case.because("order.aborted", "aborted it")
    if deployment is not None and deployment.phase is Phase.WAITING:
        return case.done(f"{deployment.id} will not start", deployment.moved(Phase.ABORTED, reason, case.now))
    if deployment is not None and deployment.stuck is not None:
        return _left_as_it_is(case, deployment)
    if deployment is None or deployment.phase is not Phase.RUNNING:
        return case.not_running("abort")
    if deployment.kind is Kind.PRUNE:
        told = f"{deployment.id} ends where it is: what it removed stays removed"
        return case.done(told, stopped(deployment, reason, case.now))
    return _sent_home(case, deployment, reason)


def _beside(deployment: Deployment) -> str:
    """What a person must know who sends it home: what its `before` did stays done."""
    ran = [run for run in deployment.ran if run.may_have_run and (run.deployment == deployment.id or run.is_one_way)]
    told = [run.told for run in ran]
    return f"; {'; '.join(told)}: that is not undone" if told else ""


def _left_as_it_is(case: _Case, deployment: Deployment) -> Answer:
    """It can't turn back any further. Whatever the file says, it is for a person to go on from there."""
    reason = case.because("order.aborted", "ended its way home where it was, for it was stuck")
    runs = f"; nobody follows {deployment.unsettled.title} any more" if deployment.unsettled else ""
    told = f"{deployment.id} ends where it is: traffic and tasks that had not gone back stay as they are{runs}"
    answer = case.done(told, stopped(deployment, reason, case.now))
    hold = Hold(reason, HoldUntil.PERSON, case.now, deployment.number, deployment.revision.commit.sha)
    return replace(answer, environment=replace(case.environment, hold=hold))


def _sent_home(case: _Case, deployment: Deployment, reason: Reason) -> Answer:
    """What a backup brought back as running does not know the world any more: it only ends."""
    if deployment.rests:
        told = f"{deployment.id} ends where it stands, and nothing is changed on AWS: it is from a backup"
        return case.done(told, stopped(deployment, reason, case.now))
    beside = _beside(deployment)
    because = replace(reason, text=f"{reason.text}{beside}")
    home = turned_back(deployment, because, case.now, quarantines=False, aborted=True)
    return case.done(f"{deployment.id} turns back{beside}", home)


def _pause(case: _Case) -> Answer:
    deployment = case.deployment
    if deployment is None or deployment.phase is not Phase.RUNNING or deployment.rests:
        return case.not_running("pause")
    if deployment.pause is not None:
        return case.refused(f"{deployment.id} is paused already, by {deployment.pause.actor}")
    limit = case.order.wish.limit or PAUSE_LIMIT
    pause = Pause(case.order.actor, Reason("order.paused", case.order.reason), case.now, limit)
    told = f"{deployment.id} is paused; it turns back in {spoken(limit)}, unless it is resumed"
    return case.done(told, replace(deployment, pause=pause))


def _resume(case: _Case) -> Answer:
    """What is paused goes on; what waits because alarms rang before it began starts beside them."""
    deployment = case.deployment
    if deployment is not None and _waits_beside_alarms(deployment):
        names = ", ".join(deployment.red)
        told = f"{deployment.id} goes on, although {names} rang: they count once they were well"
        return case.done(told, _let_ring(deployment))
    if deployment is None or deployment.phase is not Phase.RUNNING or deployment.rests:
        return case.not_running("resume")
    if deployment.pause is None:
        return case.refused(f"{deployment.id} isn't paused")
    step = deployment.step
    resumed = replace(_let_ring(deployment), pause=None)
    if step is not None:
        # Whoever lets a bake go on that had shown nothing takes it for good.
        is_taken = deployment.pause.reason.code == INCONCLUSIVE
        resumed = resumed.with_step(
            replace(step, trouble=None, promoted=case.order.actor if is_taken else step.promoted)
        )
    return case.done(f"{deployment.id} goes on", resumed)


def _let_ring(deployment: Deployment) -> Deployment:
    """It goes on beside the alarms that rang: what they did until then has been heard."""
    excused, heard = (*deployment.excused, *deployment.red), {**deployment.heard, **deployment.rung}
    return replace(deployment, excused=excused, heard=heard, red=(), rung={})


def _waits_beside_alarms(deployment: Deployment) -> bool:
    """Alarms rang before it began, or rang later and it can't turn back by itself."""
    return bool(deployment.red) and deployment.pause is None and deployment.phase in {Phase.WAITING, Phase.RUNNING}


PROMOTED = frozenset({StepKind.BAKE, StepKind.CONFIRM})
"""What a person may end."""


def _promote(case: _Case) -> Answer:
    deployment = case.deployment
    if deployment is None or deployment.phase is not Phase.RUNNING or deployment.rests:
        return case.not_running("promote")
    if deployment.pause is not None:
        return case.refused(f"{deployment.id} is paused, by {deployment.pause.actor}: resume it first")
    step = deployment.step
    if step is None or step.kind not in PROMOTED or step.state is not StepState.RUNNING:
        where = f" but in {step.title}" if step else ""
        return case.refused(f"{deployment.id} is not in a bake, nor to be confirmed{where}: nothing to end")
    promoted = deployment.with_step(replace(step, promoted=case.order.actor))
    does = "ends its bake" if step.kind is StepKind.BAKE else "goes on"
    return case.done(f"{deployment.id} {does} as soon as it is found healthy", promoted)


def _rollback(case: _Case) -> Answer:
    running, wanted, live = case.running, case.order.wish.to, case.known.live
    if running is not None and wanted is not None:
        turns_back = running.phase is Phase.ROLLING_BACK
        first = "wait until it is over" if turns_back else "abort it first, or roll back without naming a version"
        return case.refused(f"{running.id} {running.phase.said}: {first}")
    if running is not None and running.phase is Phase.ROLLING_BACK:
        return case.refused(f"{running.id} turns back already")
    if running is not None and running.kind is Kind.PRUNE:
        return case.refused(f"{running.id} removes {running.pruned}: roll back when it is over, or abort it first")
    if running is not None:
        return _sent_home(case, running, case.because("order.aborted", "rolled back while it ran"))
    if any(one.is_way_back and one.phase is Phase.WAITING for one in case.table.values()):
        return case.refused("a rollback is about to start already")
    target = case.known.named.get(wanted) if wanted else case.known.before
    if live is None or target is None:
        return case.refused(
            f"{case.environment.name} has no earlier version that was live and well, and was not rolled back"
        )
    if target.phase is not Phase.SUCCEEDED or target.kind is Kind.PRUNE:
        return case.refused(f"{target.id} {target.phase.said}: only a version that was live and well can come back")
    crossed = case.known.crossing.get(target.id, ())
    if crossed and case.order.wish.across != crossed[-1].deployment:
        return case.refused(across(target, crossed))
    if _is_same(target, live):
        return case.refused(f"{target.id} is what is live: there is nothing to roll back")
    because = case.because("rollback.ordered", "rolled back")
    opening = Opening(Kind.ROLLBACK, target.revision, because, back_to=target, by=case.order.by)
    return case.done(f"{case.environment.name} goes back to {target.revision.version} of {target.id}", opening=opening)


def _is_same(one: Deployment, other: Deployment) -> bool:
    return (one.revision.images, one.revision.text) == (other.revision.images, other.revision.text)


def _deploy(case: _Case) -> Answer | None:
    wish = case.order.wish
    if wish.is_about_what_is_live:
        return _correct(case) if wish.correct else _restart(case)
    found = case.known.found.get(case.order.id)
    if found is None:
        return None
    if isinstance(found, Reason):
        return case.refused(found.text)
    because = case.because("deploy.ordered", "ordered it")
    told = f"{found.version} waits for its gates{', and restarts every service' if wish.restart else ''}"
    return case.done(told, opening=Opening(Kind.DEPLOY, found, because, restart=wish.restart, by=case.order.by))


def _restart(case: _Case) -> Answer:
    live = case.known.live
    if live is None:
        return case.refused(f"nothing is live in {case.environment.name}: there is nothing to restart")
    waits = next((one for one in case.table.values() if one.restarts_what_is_live and one.phase is Phase.WAITING), None)
    if waits is not None:
        return case.refused(f"{waits.id} is about to restart it already")
    because = case.because(RESTART_ORDERED, "restarted it")
    opening = Opening(Kind.DEPLOY, live.revision, because, restart=True, by=case.order.by)
    what = f"what {case.running.id} leaves live" if case.running else live.revision.version
    return case.done(f"every service of {what} is restarted", opening=opening)


def _correct(case: _Case) -> Answer:
    """Once more, however often the same was corrected before."""
    live = case.known.live
    if live is None:
        return case.refused(f"nothing is live in {case.environment.name}: there is nothing to correct")
    begun = next((one for one in case.table.values() if one.kind is Kind.CORRECT and not one.is_final), None)
    if begun is not None:
        return case.refused(f"{begun.id} corrects it already")
    opening = Opening(Kind.CORRECT, live.revision, case.because("drift.ordered", "had it corrected"), by=case.order.by)
    what = f"what {case.running.id} leaves live" if case.running else live.revision.version
    answer = case.done(f"{what} is made again as its file declares it", opening=opening)
    return replace(answer, environment=replace(case.environment, drift=case.environment.drift.forgiven()))


def _prune(case: _Case) -> Answer:
    name, live = case.order.wish.service, case.known.live
    assert name is not None, "the inbox takes no order to prune without a service"
    if live is None:
        return case.refused(f"nothing is live in {case.environment.name}: there is nothing to remove")
    if name in live.revision.file.services:
        return case.refused(f"the file of {live.revision.version}, which is live, names {name}: take it out first")
    if any(one.pruned == name for one in case.table.values()):
        return case.refused(f"{name} is being removed already")
    nothing = case.known.found.get(case.order.id)
    if isinstance(nothing, Reason):
        return case.refused(nothing.text)
    because = case.because("prune.ordered", f"removed {name}")
    opening = Opening(Kind.PRUNE, live.revision, because, pruned=name, by=case.order.by)
    return case.done(f"{name} goes: its route, then its tasks, then its slots", opening=opening)


def _answer_approval(case: _Case) -> Answer | None:
    """Judged once more: what the door knew may be over. A yes or a no that was taken waits for a GitHub that is away,
    and a no keeps everything from starting until then."""
    deployment, order = case.deployment, case.order
    if deployment is None or deployment.phase is not Phase.WAITING:
        return case.not_running("answer")
    ballot = replace(case.known.ballots[deployment.id], votes=deployment.votes)
    ruling = decide_approval(ballot, order.kind, order.by, order.wish.plan)
    if ruling.is_open:
        return None
    if not ruling.accepted:
        return case.refused(ruling.reason.text)
    assert order.by is not None, "nobody is let in who is no person"
    if order.kind is OrderKind.REJECT:
        reason = case.because("approval.rejected", "rejected it")
        return case.done(f"{deployment.id} will not start", deployment.moved(Phase.REJECTED, reason, case.now))
    others = tuple(vote for vote in deployment.votes if vote.by.id != order.by.id)
    if order.kind is OrderKind.REVOKE:
        return case.done(f"{order.by.login}'s approval is taken back", replace(deployment, votes=others))
    assert order.wish.plan is not None, "an answer that counts names the plan"
    breaks = order.kind is OrderKind.BREAK_GLASS
    kept = tuple(vote for vote in ballot.of(order.by) if vote.breaks_glass is not breaks)
    vote = Vote(order.by, order.wish.plan, ballot.seen_at(case.now), order.via, order.reason, breaks)
    return case.done(f"{ruling.reason.text}: it counts", replace(deployment, votes=(*others, *kept, vote)))


_ORDERS: Mapping[OrderKind, Callable[[_Case], Answer | None]] = {
    OrderKind.PROMOTE: _promote,
    OrderKind.PAUSE: _pause,
    OrderKind.RESUME: _resume,
    OrderKind.ABORT: _abort,
    OrderKind.ROLLBACK: _rollback,
    OrderKind.UNHOLD: _unhold,
    OrderKind.DEPLOY: _deploy,
    OrderKind.PRUNE: _prune,
    **dict.fromkeys(ANSWERS, _answer_approval),
}
