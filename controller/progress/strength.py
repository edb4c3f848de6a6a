"""As many tasks as the traffic needs, by what runs now: a plan is drawn long before its last share moves.

No share rises onto a slot that has too few tasks for it. And while scaling is suspended nobody but the passes wakes a
slot in the morning, or makes the old one grow beside the new one, so that it can carry the traffic home at any moment.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from controller.domain.actions import AddTasks
from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Phase, Rolling
from controller.domain.reason import Reason
from controller.domain.scaling import Bounds
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, ServiceView, SlotView, Snapshot
from controller.domain.step import Step, StepKind, StepState, spoken
from controller.progress.outcomes import Ask, Done, Fail, Outcome, Wait

REINFORCEMENT = timedelta(minutes=2)
"""So long the way back to a version that is still warm waits for more tasks of it: what it leaves may be worse."""

GROWTH = timedelta(minutes=8)
"""So long more tasks of a version that is well may take to start, before it turns back without being blamed."""


def healthy(slot: SlotView) -> int:
    """Of a slot without a target group nobody knows more than that its tasks run."""
    return (slot.group.healthy if slot.group else slot.running) or 0


def reinforced(step: Step, rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> Ask | Wait | Fail | None:
    """What is to come before the share of `step` rises: tasks enough for it, and healthy. A way back is never better
    off with the version that it leaves where that has no more healthy tasks, and doesn't wait for long."""
    name, sides, view = rolling.service, deployment.sides(rolling.service), snapshot.services[rolling.service]
    slot, count = view.slots[sides.idle], _enough(step, rolling, deployment, view, snapshot.taken_at)
    is_late = deployment.is_way_back and step.observed >= REINFORCEMENT
    if slot.desired < count and not is_late:
        return Ask(
            AddTasks(name, sides.idle, count),
            f"run {counted(count, 'task')} of {name} in {sides.idle}: its share needs so many",
        )
    left = healthy(view.slots[sides.live]) if sides.live is not None and deployment.is_way_back else count
    if is_late or healthy(slot) >= min(count, left):
        return None
    wanted = counted(count, "task that its share needs is", "tasks that its share needs are")
    text = f"{name} in {sides.idle}: {healthy(slot)} of the {wanted} healthy"
    if step.active >= GROWTH:
        return Fail(Reason("tasks.no_capacity", f"{text} after {spoken(GROWTH)}"), quarantines=False)
    return Wait(Reason("targets.too_few", text))


def _enough(step: Step, rolling: Rolling, deployment: Deployment, view: ServiceView, now: datetime) -> int:
    """Its part of what carries the traffic at present, within what the file allows at this hour."""
    bounds = deployment.bounds(rolling.service, now)
    most = max(bounds.max, rolling.count)
    return max(1, _part(step.percent, Bounds(bounds.min, most).nearest(_carrying(rolling, deployment, view))))


def _carrying(rolling: Rolling, deployment: Deployment, view: ServiceView) -> int:
    """Tasks that all of the traffic takes now. An old slot that was shrunk runs what is left of them; with more than
    that it has grown since, or had before."""
    live = deployment.sides(rolling.service).live
    if live is None:
        return rolling.count
    count, shrunk = view.slots[live].desired, _shrunk(rolling.service, deployment)
    if shrunk is None or shrunk.percent is None:
        return count
    return rolling.count if count <= shrunk.of(rolling.count) else -(-count * 100 // shrunk.percent)


def remaining(step: Step, rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> int:
    """Tasks that the old slot keeps in `step`, which shrinks it: its percent of the plan's, of what the clock says by
    now, and in proportion to what the new slot runs for its own share. It never gets larger by that."""
    sides, slots = deployment.sides(rolling.service), snapshot.services[rolling.service].slots
    assert sides.live is not None and step.percent is not None, f"{rolling.service} has an old slot to shrink"
    share = deployment.percent_before(step)
    beside = -(-slots[sides.idle].desired * (100 - share) // share)
    clock = _part(step.percent, deployment.bounds(rolling.service, snapshot.taken_at).min)
    return min(slots[sides.live].desired, max(step.of(rolling.count), beside, clock))


def asked_in(deployment: Deployment) -> frozenset[Evidence]:
    """While scaling is suspended the counts are always looked at."""
    return frozenset({Evidence.SERVICES}) if _suspended(deployment) else frozenset()


def due(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Ask | None:
    """Tasks that nothing else adds while scaling is suspended, whatever else comes of the look. Whoever takes them away
    again keeps no step from going on that has asked once."""
    goes_on = isinstance(outcome, Ask | Done)
    for name in _suspended(deployment) if Evidence.SERVICES in snapshot.has else ():
        for slot, least in _least(deployment.rolled(name), deployment, snapshot):
            shown = snapshot.services[name].slots[slot]
            is_short = shown.exists and shown.desired < least
            if is_short and not (goes_on and step.did("AddTasks", name, slot)):
                text = f"run {counted(least, 'task')} of {name} in {slot}, which nothing else makes larger now"
                return Ask(AddTasks(name, slot, least), text)
    return None


def _suspended(deployment: Deployment) -> tuple[str, ...]:
    """Services whose scaling this deployment holds while it runs."""
    held = [step for step in deployment.steps if step.kind is StepKind.SUSPEND and step.state is StepState.DONE]
    return held[0].services if held and deployment.phase is Phase.RUNNING else ()


def _least(rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> Iterator[tuple[Slot, int]]:
    assert deployment.undo is not None, f"{deployment.id} runs, so it has an undo record"
    name, now = rolling.service, snapshot.taken_at
    sides, view, clock = deployment.sides(name), snapshot.services[name], deployment.bounds(name, now)
    share = view.rule.weights.get(sides.idle, 0) if view.rule else 0 if rolling.routed else 100
    yield sides.idle, _part(share, clock.min)
    before = deployment.undo.of(name).scaling.get(sides.live) if sides.live is not None else None
    if sides.live is None or before is None:
        return
    own = before.scaling.at(now)
    if any(step.kind is StepKind.SHRINK and name in step.services for step in deployment.steps):
        shrunk = _shrunk(name, deployment)
        yield sides.live, _part(shrunk.percent if shrunk else 100, own.min)
        return
    beside = view.slots[sides.idle].desired if deployment.has_raised else 0
    yield sides.live, own.nearest(beside)


def _shrunk(name: str, deployment: Deployment) -> Step | None:
    """The step that has taken tasks from the old slot of the service, or is about to."""
    shrinking = (step for step in deployment.steps if step.kind is StepKind.SHRINK and name in step.services)
    return next((step for step in shrinking if step.started_at is not None), None)


def _part(percent: int | None, count: int) -> int:
    """So many percent of `count` tasks, rounded up.

    >>> _part(10, 8), _part(None, 8), _part(50, 5)
    (1, 8, 3)
    """
    return count if percent is None else -(-count * percent // 100)
