"""Shift, bake and home: whatever moves the weights of public rules, or watches over them."""

from datetime import timedelta

from controller.domain.actions import RemoveRule, RestoreRule, SetWeights
from controller.domain.deployment import Deployment, Rolling
from controller.domain.reason import Reason
from controller.domain.slot import Slot, weights
from controller.domain.snapshot import ServiceView, SlotView, Snapshot
from controller.domain.step import Step, StepKind, spoken
from controller.domain.undo import UndoEntry
from controller.progress.outcomes import Ask, Done, Outcome, Stumble, Terms, Wait


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
        weak = _too_weak(rolling, view.slots[sides.idle])
        if weak:
            return weak
        if view.rule is None or dict(view.rule.weights) != wanted:
            route = deployment.service(name).route
            assert route is not None, f"{name} has no route: it takes no part in a shift"
            return Ask(SetWeights(name, route, wanted), f"send {percent}% of {name} to {sides.idle}")
    if percent < 100 and all(deployment.sides(rolling.service).live is None for rolling in deployment.rolling(step)):
        return Done("what is new gets all of its traffic at once")
    return Done(f"{percent}% of the traffic on the new version")


def bake(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    for rolling in deployment.rolling(step):
        view = snapshot.services[rolling.service]
        weak = _too_weak(rolling, view.slots[deployment.sides(rolling.service).idle])
        if isinstance(weak, Stumble):
            return weak
    return _foreign_hand(step, deployment, snapshot) or _until(step, "bake.running", "baked", "to bake")


def settle(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """It has succeeded only if the traffic is where the last step put it."""
    return _foreign_hand(step, deployment, snapshot) or Done("the new version is live")


def _foreign_hand(step: Step, deployment: Deployment, snapshot: Snapshot) -> Stumble | None:
    percent = deployment.percent_before(step)
    found = (
        foreign_traffic(rolling, deployment, snapshot.services[rolling.service], percent, percent)
        for rolling in deployment.rolling(step)
    )
    return next((stumble for stumble in found if stumble), None)


def _until(step: Step, code: str, done: str, purpose: str) -> Outcome:
    wait = step.wait or timedelta(0)
    if step.observed >= wait:
        return Done(f"{done} {spoken(wait)}")
    return Wait(
        Reason(code, f"{spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))} left {purpose}")
    )


def _too_weak(rolling: Rolling, slot: SlotView) -> Wait | Stumble | None:
    """No traffic rises onto a slot that can't carry it; one without any healthy target has failed."""
    healthy = (slot.group.healthy if slot.group else slot.running) or 0
    if healthy >= rolling.count:
        return None
    complaints = "; ".join(slot.group.complaints) if slot.group else ""
    text = (
        f"{rolling.service}: {healthy} of {rolling.count} targets are healthy{f' ({complaints})' if complaints else ''}"
    )
    if healthy == 0:
        return Stumble(Reason("targets.unhealthy", text), (rolling.service,))
    return Wait(Reason("targets.too_few", text))


def foreign_traffic(
    rolling: Rolling, deployment: Deployment, view: ServiceView, percent: int, before: int = 0
) -> Stumble | None:
    """Weights that are neither the recorded step's nor the one before's were set by somebody else."""
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
    found = ", ".join(f"{slot} {share}" for slot, share in view.rule.weights.items()) if view.rule else "no rule"
    text = f"somebody else changed the traffic of {rolling.service}: found {found}"
    return Stumble(Reason("traffic.foreign_change", text), quarantines=False)


def _leads_only_to(slot: Slot, view: ServiceView) -> bool:
    return view.rule is not None and view.rule.weights.get(slot.other, 0) == 0


def _normal(view: ServiceView) -> dict[Slot, int]:
    """Weights as shares of 100, so that 1 and 0, as another tool may have left them, read as 100 and 0."""
    assert view.rule is not None
    shares = {slot: view.rule.weights.get(slot, 0) for slot in Slot}
    total = sum(shares.values()) or 1
    return {slot: round(share * 100 / total) for slot, share in shares.items()}


def home(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """By the undo record, in reverse order, one rule at a time; never onto a slot without a healthy target."""
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    if not deployment.began(StepKind.SHIFT):
        return Done("no traffic was moved")
    for entry in reversed(deployment.undo.entries):
        if not deployment.rolled(entry.service).routed:
            continue
        outcome = _go_home(step, entry, deployment, snapshot.services[entry.service])
        if outcome:
            return outcome
    return Done("traffic is where it was")


def _go_home(step: Step, entry: UndoEntry, deployment: Deployment, view: ServiceView) -> Ask | Wait | None:
    """A picture that shows the old weights may be older than the raise: it counts once this step has put them back."""
    name = entry.service
    if entry.rule is None:
        is_ours = view.rule is not None and view.rule.made_by == deployment.id
        if is_ours or not step.did("RemoveRule", name):
            return Ask(RemoveRule(name), f"remove the rule of {name}, which had none before")
        return None
    if step.did("RestoreRule", name) and view.rule is not None and _as_it_was(view, entry):
        return None
    assert entry.sides.live is not None, f"{name} had a rule, so one of its slots was live"
    group = view.slots[entry.sides.live].group
    if group is None or not group.healthy:
        text = f"{name} can't go back to {entry.sides.live}: it has no healthy target; a person must decide"
        return Wait(Reason("home.no_healthy_target", text))
    return Ask(RestoreRule(name, entry.rule), f"send the traffic of {name} back to {entry.sides.live}")


def _as_it_was(view: ServiceView, entry: UndoEntry) -> bool:
    assert view.rule is not None and entry.rule is not None
    return all(view.rule.weights.get(slot, 0) == entry.rule.weights.get(slot, 0) for slot in Slot)
