"""Shift, bake, confirm, route and settle: whatever raises the weights of public rules, or watches over them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from controller.domain.actions import AddTasks, SetRoute, SetWeights
from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Kind, Rolling
from controller.domain.hooks import until_rolled
from controller.domain.reason import Reason, until_pruned
from controller.domain.slot import Slot, Weights, weights
from controller.domain.snapshot import Evidence, ServiceView, Snapshot
from controller.domain.step import Step, spoken
from controller.progress import strength
from controller.progress.failures import told
from controller.progress.outcomes import Ask, Done, Fail, Foreign, Need, Outcome, Stumble, Terms, Wait

RECOVERY = timedelta(minutes=5)
"""So long some of the targets may be missing before a step that only watches has failed: ECS replaces a task that died
within a minute or two."""

FEWEST_CRASHES, MOST_CRASHES = 3, 10
"""A crash loop is more crashes than the slot has tasks, since it has traffic; the first number at least, and the second
always is one."""


def shift(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Raise one rule at a time, in the declared order, and only onto healthy targets."""
    percent = step.percent or 0
    for rolling in deployment.rolling(step):
        name, sides = rolling.service, deployment.sides(rolling.service)
        view, wanted = snapshot.services[name], weights(sides.live, sides.idle, percent)
        if sides.live is None and percent < 100:
            continue
        foreign = foreign_traffic(rolling, deployment, view, percent, deployment.percent_before(step))
        if foreign:
            return foreign
        weak = too_weak(rolling, deployment, step, snapshot)
        if weak:
            return weak
        if view.rule is None or dict(view.rule.weights) != wanted:
            lacking = strength.reinforced(step, rolling, deployment, snapshot)
            if lacking:
                return lacking
            route = deployment.service(name).route
            assert route is not None, f"{name} has no route: it takes no part in a shift"
            beside = frozenset(deployment.revision.file.services)
            return Ask(SetWeights(name, route, wanted, beside), f"send {percent}% of {name} to {sides.idle}")
    if percent < 100 and all(deployment.sides(rolling.service).live is None for rolling in deployment.rolling(step)):
        return Done("what is new gets all of its traffic at once")
    return Done(f"{percent}% of the traffic on the new version")


def bake(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """It ends neither in time nor by order while the new version is not well; time goes by meanwhile."""
    ailing = ailment(step, deployment, snapshot)
    if ailing:
        return ailing
    wait = step.wait or timedelta(0)
    if step.promoted and step.active >= wait:
        return Done(f"baked {spoken(wait)}, and taken as it was by {step.promoted}")
    if step.promoted:
        return Done(f"baked {spoken(_whole(step.active))} of {spoken(wait)}, promoted by {step.promoted}")
    if step.active >= wait:
        return Done(f"baked {spoken(wait)}")
    return Wait(Reason("bake.running", f"{spoken(_whole(wait - step.active))} left to bake"))


def confirm(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Like a bake, it ends by nobody's word while the new version is not well; and never by itself."""
    ailing = ailment(step, deployment, snapshot)
    if ailing:
        return ailing
    if step.promoted:
        return Done(f"confirmed by {step.promoted}")
    within = spoken(step.wait or timedelta(0))
    share = f"{deployment.percent_before(step)}% of the traffic on the new version"
    if step.wait is not None and step.active >= step.wait:
        return Fail(Reason("confirm.expired", f"nobody has confirmed {share} within {within}"), quarantines=False)
    text = f"{share}: a person is to confirm that it goes on; after {within} it turns back"
    return Wait(Reason("confirm.waiting", text))


def route(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """All of the traffic is on the new version: now its rules may ask for what the new file says, and take the requests
    over from services that it does not name."""
    for name in step.services:
        wanted, view = deployment.service(name).route, snapshot.services[name]
        assert wanted is not None, f"{name} has no route: nothing to change about it"
        if view.rule is None:
            return Stumble(Reason("traffic.rule_missing", f"{name} has no listener rule any more"))
        before = view.rule.orphans_before(deployment.revision.file.services)
        if view.rule.asks_for(wanted) and not before and step.did("SetRoute", name):
            continue
        lacking = _to_take_over(name, before, deployment, view, snapshot.taken_at) if before else None
        if lacking:
            return lacking
        instead = f" instead of {', '.join(before)}" if before else ""
        return Ask(SetRoute(name, wanted), f"let {', '.join(wanted.path)} lead to {name}{instead}")
    return Done(f"{counted(len(step.services), 'route')} changed")


def _to_take_over(
    name: str, before: tuple[str, ...], deployment: Deployment, view: ServiceView, now: datetime
) -> Ask | Wait | None:
    """As many tasks as the plan has counted for it, also where it scales, and has nothing to do yet. By night nobody
    answers for what it takes over, and nobody has to."""
    assert deployment.plan is not None, f"{deployment.id} has steps, so it has a plan"
    bounds = deployment.bounds(name, now)
    least = bounds.nearest(deployment.plan.counts.get(name, bounds.min))
    slot = view.slots[view.live] if view.live else None
    if slot is not None and view.live is not None and slot.desired < least:
        return Ask(AddTasks(name, view.live, least), f"run {counted(least, 'task')} of {name} in {view.live}")
    if slot is not None and strength.healthy(slot) >= least:
        return None
    text = f"{name} has too few healthy targets to take the requests of {', '.join(before)} over"
    return Wait(Reason("targets.too_few", text))


def settle(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """It has succeeded if the traffic is where the last step put it, is asked for there and finds healthy slots."""
    ailing = ailment(step, deployment, snapshot) or _unasked(deployment, snapshot)
    unrun = until_rolled(deployment.plan.unrun) if deployment.plan else ""
    return ailing or Done(f"{_SETTLED[deployment.kind]}{until_pruned(terms.left_by(deployment.revision.file))}{unrun}")


_SETTLED: Mapping[Kind, str] = {
    Kind.DEPLOY: "the new version is live",
    Kind.ROLLBACK: "the earlier version is live again",
    Kind.PRUNE: "the service is gone",
    Kind.CORRECT: "it is as it was declared",
}


def ailment(step: Step, deployment: Deployment, snapshot: Snapshot) -> Stumble | Fail | Foreign | Need | None:
    """What keeps a step that moves nothing from ending well: a slot without a healthy target, somebody else's hand,
    tasks that crash again and again, or too few healthy targets for longer than it takes to replace a task."""
    looked = {rolling.service: too_weak(rolling, deployment, step, snapshot) for rolling in deployment.rolling(step)}
    weak = {name: found for name, found in looked.items() if found}
    dead = next((found for found in weak.values() if isinstance(found, Stumble)), None)
    certain = dead or _foreign_hand(step, deployment, snapshot)
    if certain or not weak:
        return certain
    if Evidence.FAILURES not in snapshot.has:
        return Need(frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.FAILURES}))
    looping = next((found for name in weak if (found := _loops(name, deployment, step, snapshot))), None)
    if looping:
        return looping
    failures = [failure for name in weak for failure in snapshot.failures.get(name, ())]
    counting = [failure for failure in failures if failure.counts]
    why = f"; {told((counting or failures)[0])}" if failures else ""
    text = f"{'; '.join(found.reason.text for found in weak.values())}{why}"
    is_its_fault = bool(counting) or (not failures and weak.keys() <= snapshot.failures.keys())
    return Stumble(Reason("targets.too_few", text), tuple(weak), RECOVERY, is_its_fault)


def _loops(name: str, deployment: Deployment, step: Step, snapshot: Snapshot) -> Fail | None:
    since = deployment.raised_at
    crashes = [
        failure
        for failure in snapshot.failures.get(name, ())
        if failure.counts and since and failure.stopped_at and failure.stopped_at >= since
    ]
    tasks = deployment.warmed(deployment.rolled(name), step)
    if len(crashes) < min(max(FEWEST_CRASHES, tasks + 1), MOST_CRASHES):
        return None
    stopped = counted(
        len(crashes), f"task of {name} has stopped by itself", f"tasks of {name} have stopped by themselves"
    )
    text = f"{stopped} since it got traffic: {told(crashes[0])}"
    return Fail(Reason("tasks.crash_loop", text), (name,))


def _foreign_hand(step: Step, deployment: Deployment, snapshot: Snapshot) -> Foreign | None:
    percent = deployment.percent_before(step)
    found = (
        foreign_traffic(rolling, deployment, snapshot.services[rolling.service], percent, percent)
        for rolling in deployment.rolling(step)
    )
    return next((foreign for foreign in found if foreign), None)


def _unasked(deployment: Deployment, snapshot: Snapshot) -> Foreign | None:
    """A rule that an orphan's comes before, although no step has put it there."""
    named = deployment.revision.file.services
    for name, view in snapshot.services.items():
        before = view.rule.orphans_before(named) if name in named and view.rule else ()
        if before:
            text = f"the requests of {name} go to {', '.join(before)}: somebody put that listener rule before its own"
            return Foreign(Reason("traffic.behind_orphan", text))
    return None


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=round(span.total_seconds()))


def too_weak(rolling: Rolling, deployment: Deployment, step: Step, snapshot: Snapshot) -> Wait | Stumble | None:
    """The slot has fewer healthy targets than it was given tasks; one without any has failed."""
    slot = snapshot.services[rolling.service].slots[deployment.sides(rolling.service).idle]
    healthy, wanted = strength.healthy(slot), deployment.warmed(rolling, step)
    if healthy >= wanted:
        return None
    complaints = "; ".join(slot.group.complaints) if slot.group else ""
    targets = counted(wanted, "target is", "targets are")
    text = f"{rolling.service}: {healthy} of {targets} healthy{f' ({complaints})' if complaints else ''}"
    if healthy == 0:
        return Stumble(Reason("targets.unhealthy", text), (rolling.service,))
    return Wait(Reason("targets.too_few", text))


def foreign_traffic(
    rolling: Rolling, deployment: Deployment, view: ServiceView, percent: int, before: int = 0
) -> Foreign | None:
    """Weights that are neither the recorded step's nor the one before's were set by somebody else. The latter are what
    to put back: a step that is not done yet raises them again."""
    if not rolling.routed:
        return None
    sides = deployment.sides(rolling.service)
    if sides.live is None:
        expected = (
            _leads_only_to(sides.idle, view) if before == 100 else view.rule is None or _leads_only_to(sides.idle, view)
        )
    else:
        allowed = [weights(sides.live, sides.idle, share) for share in (before, percent)]
        expected = view.rule is not None and _normal(view) in allowed
    if expected:
        return None
    found = _spoken(view.rule.weights) if view.rule else "no rule"
    is_absent = sides.live is None and before < 100
    wanted = "no rule" if is_absent else _spoken(weights(sides.live, sides.idle, before))
    text = f"somebody else changed the traffic of {rolling.service}: found {found} instead of {wanted}"
    return Foreign(Reason("traffic.foreign_change", text))


def _spoken(shares: Weights) -> str:
    return ", ".join(f"{slot} {shares.get(slot, 0)}" for slot in Slot)


def _leads_only_to(slot: Slot, view: ServiceView) -> bool:
    return view.rule is not None and view.rule.weights.get(slot.other, 0) == 0


def _normal(view: ServiceView) -> dict[Slot, int]:
    """Weights as shares of 100, so that 1 and 0, as another tool may have left them, read as 100 and 0."""
    assert view.rule is not None
    shares = {slot: view.rule.weights.get(slot, 0) for slot in Slot}
    total = sum(shares.values()) or 1
    return {slot: round(share * 100 / total) for slot, share in shares.items()}
