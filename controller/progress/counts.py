"""Shrink, regrow and adjust: as many tasks as there should be where a service is live already.

Counts are not content: they change in the slot, without another one.
"""

from controller.domain.actions import AddTasks, SetCount
from controller.domain.counting import counted
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView, Snapshot
from controller.domain.step import Step
from controller.progress import scaling, strength
from controller.progress.outcomes import Ask, Done, Outcome, Terms, Wait
from controller.progress.traffic import foreign_traffic, too_weak


def adjust(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    assert deployment.plan is not None, f"{deployment.id} has steps, so it has a plan"
    for name in step.services:
        view, slot, count = snapshot.services[name], _live(name, deployment), deployment.plan.counts[name]
        if slot is None:
            return Wait(Reason("traffic.unclear", f"{name} has no one live slot to adjust"))
        scales = deployment.scaling(name)
        count = scales.at(snapshot.taken_at).nearest(count) if scales else count
        is_moving = step.did("SetCount", name, slot) and scales is not None
        ask = _set(step, name, view, slot, count) if count and not is_moving else None
        if ask:
            return ask
    return Done(", ".join(f"{name} {deployment.plan.counts[name]}" for name in step.services))


def _live(name: str, deployment: Deployment) -> Slot | None:
    """Also while it sleeps, when nothing but what the deployment found as it began tells where it is."""
    sides = deployment.sides(name)
    return sides.idle if deployment.rolls(name) else sides.live


def shrink(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """The old tasks make room for the rest of the new ones, once the new ones carry their share."""
    percent = deployment.percent_before(step)
    for rolling in deployment.rolling(step):
        name, live = rolling.service, deployment.sides(rolling.service).live
        if live is None:
            continue
        view = snapshot.services[name]
        doubtful = foreign_traffic(rolling, deployment, view, percent, percent) or too_weak(
            rolling, deployment, step, snapshot
        )
        if doubtful:
            return doubtful
        count = strength.remaining(step, rolling, deployment, snapshot)
        if count and not (step.did("SetCount", name, live) and _has_grown(name, view.slots[live], count, deployment)):
            ask = _set(step, name, view, live, count, share=100 - percent)
            if ask:
                return ask
        left = view.slots[live].running - view.slots[live].desired
        if left > 0:
            text = f"{name}: {counted(left, 'task is', 'tasks are')} stopping in {live}"
            return Wait(Reason("slot.emptying", text))
    return Done(f"{step.percent}% of the old tasks remain")


def regrow(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Traffic is home on another number of tasks than it had: it gets the old one, and only then the others go. Never
    fewer than the file of what is live counts, whatever somebody had scaled it to, nor than scaling gave it since; and
    never against the clock."""
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    least = {name: service.count.min for name, service in terms.live.services.items()} if terms.live else {}
    for name in step.services:
        entry, view = deployment.undo.of(name), snapshot.services[name]
        if entry.sides.live is None or not entry.count:
            continue
        live, now = entry.sides.live, view.slots[entry.sides.live].desired
        count = max(entry.count, now if entry.scaling else min(least.get(name, 0), now))
        before = scaling.before(entry, live, terms)
        count = before.at(snapshot.taken_at).nearest(count) if before else count
        ask = _added(step, name, view, live, count) if entry.scaling else _set(step, name, view, live, count)
        if ask and count:
            return ask
        if view.slots[live].running < count:
            run = counted(count, "task runs", "tasks run")
            text = f"{name}: {view.slots[live].running} of {run} in {live}"
            return Wait(Reason("slot.warming", text))
    return Done("as many tasks as before")


def _added(step: Step, name: str, view: ServiceView, slot: Slot, count: int) -> Ask | None:
    """What scaling has given since is kept, also where the picture doesn't show it."""
    if view.slots[slot].desired >= count and step.did("AddTasks", name, slot):
        return None
    return Ask(AddTasks(name, slot, count), f"run {counted(count, 'task')} of {name} in {slot}")


def _has_grown(name: str, slot: SlotView, count: int, deployment: Deployment) -> bool:
    """A slot that scales may have got more tasks since: what its load asks for is not fought."""
    return deployment.scales(name) and slot.desired > count


def _set(step: Step, name: str, view: ServiceView, slot: Slot, count: int, share: int = 100) -> Ask | None:
    """A picture may be old, so it is asked for once whatever is seen."""
    if view.slots[slot].desired == count and step.did("SetCount", name, slot):
        return None
    return Ask(SetCount(name, slot, count, share), f"run {counted(count, 'task')} of {name} in {slot}")
