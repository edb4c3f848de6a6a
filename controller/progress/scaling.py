"""Suspend, scale and rescale: whose the scaling is while the traffic moves, and afterwards.

Before the first share moves nothing makes the old slot smaller any more, neither want of load nor the clock; the new
one may grow from then on. After success scaling is the new slot's, whole, and within what the clock says then; the old
slot's stays suspended until it is given up before the slot is emptied. Turning back gives the old slot its own again.

A picture may be old, so each slot is asked for once, whatever is seen.
"""

from collections.abc import Iterator
from datetime import datetime

from controller.domain.actions import Action, AddTasks, HoldScaling, PutScaling, RemoveScaling
from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Phase, Rolling
from controller.domain.reason import Reason
from controller.domain.scaling import HELD, Bounds, Scaling, ScalingView, is_whole, scaling_of, told
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind
from controller.domain.undo import UndoEntry
from controller.progress.outcomes import Ask, Done, Need, Outcome, Terms, Wait


def suspend(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    for rolling in deployment.rolling(step):
        ask = _held(step, rolling, deployment, snapshot)
        if ask:
            return ask
    return Done(f"nothing makes {', '.join(step.services)} smaller while the traffic moves")


def _held(step: Step, rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> Ask | None:
    name, sides = rolling.service, deployment.sides(rolling.service)
    slots = snapshot.services[name].slots
    if sides.live is not None:
        old = slots[sides.live].scaling
        if old is not None and not (old.suspended >= HELD and step.did("HoldScaling", name)):
            text = f"let nothing make {sides.live} of {name} smaller"
            return Ask(HoldScaling(name, sides.live, old.scaling.room), text)
    wanted, new = deployment.scaling(name), slots[sides.idle].scaling
    if wanted is None or not wanted.aims:
        is_left = new is not None or _scaled_before(name, sides.idle, deployment)
        return _removed(step, name, sides.idle, new) if is_left else None
    held = PutScaling(name, sides.idle, wanted, _room(wanted, rolling, snapshot.taken_at), HELD)
    if new == ScalingView(Scaling(held.bounds, wanted.aims, wanted.turns), HELD) and step.did("PutScaling", name):
        return None
    return Ask(held, f"let {sides.idle} of {name} grow")


def _scaled_before(name: str, slot: Slot, deployment: Deployment) -> bool:
    assert deployment.undo is not None, f"{deployment.id} has started, so it has an undo record"
    return any(entry.service == name and slot in entry.scaling for entry in deployment.undo.entries)


def _room(wanted: Scaling, rolling: Rolling, now: datetime) -> Bounds:
    """From one task, so that it stays as large as it is, which may be half of what it will be."""
    return Bounds(1, max(wanted.bounds.max, wanted.at(now).max, rolling.count))


def scale(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Services that roll only after the success: by night scaling may take all of the tasks away at once."""
    lines = []
    for name in step.services:
        slot = _live(name, deployment, snapshot)
        if slot is None:
            return Wait(Reason("traffic.unclear", f"{name} has no one live slot to scale"))
        found = snapshot.services[name].slots[slot].scaling
        ask = _whole(step, name, slot, deployment.scaling(name), found, snapshot.taken_at)
        if ask:
            return ask
        lines.append(f"{name}: {told(found, snapshot.taken_at) if found else 'scales no more'}")
    return Done("; ".join(lines))


def _live(name: str, deployment: Deployment, snapshot: Snapshot) -> Slot | None:
    if deployment.rolls(name):
        return deployment.sides(name).idle
    return deployment.sides(name).live


def _whole(
    step: Step, name: str, slot: Slot, wanted: Scaling | None, found: ScalingView | None, now: datetime
) -> Ask | None:
    if wanted is None:
        return _removed(step, name, slot, found)
    if is_whole(wanted, found, now) and step.did("PutScaling", name):
        return None
    return Ask(PutScaling(name, slot, wanted, wanted.at(now)), f"let {slot} of {name} scale: {wanted}")


def _removed(step: Step, name: str, slot: Slot, found: ScalingView | None) -> Ask | None:
    if found is None and step.did("RemoveScaling", name, slot):
        return None
    return Ask(RemoveScaling(name, slot), f"let nothing but Tidegate change the tasks of {name} in {slot}")


def rescale(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """The old slot's first; then the new one's goes, before its tasks do."""
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    for name in step.services:
        entry = deployment.undo.of(name)
        for action, text in _as_before(entry, deployment, snapshot, terms):
            if not _is_so(action, step, snapshot):
                return Ask(action, text)
    return Done("scaling is as it was")


def _as_before(
    entry: UndoEntry, deployment: Deployment, snapshot: Snapshot, terms: Terms
) -> Iterator[tuple[Action, str]]:
    name, live, now = entry.service, entry.sides.live, snapshot.taken_at
    if live is not None:
        had = before(entry, live, terms)
        if had is not None:
            yield PutScaling(name, live, had, had.at(now)), f"let {live} of {name} scale as before: {had}"
        elif deployment.did("PutScaling", name, live):
            yield RemoveScaling(name, live), f"{live} of {name} didn't scale before"
    if deployment.rolls(name):
        yield RemoveScaling(name, entry.sides.idle), f"let nothing fill {entry.sides.idle} of {name} again"


def before(entry: UndoEntry, live: Slot, terms: Terms) -> Scaling | None:
    """How the live slot scaled. Where that was not seen, or was not whole because an earlier deployment was not done
    with it: what the file of what is live asks for."""
    found = entry.scaling.get(live)
    if found is not None and found.is_free:
        return found.scaling
    file = terms.live if terms.live and entry.service in terms.live.services else None
    declared = scaling_of(file.services[entry.service], file.schedule) if file else None
    return declared or (found.scaling if found else None)


def _is_so(action: Action, step: Step, snapshot: Snapshot) -> bool:
    if not isinstance(action, PutScaling | RemoveScaling):
        return False
    found = snapshot.services[action.service].slots[action.slot].scaling
    name = type(action).__name__
    if isinstance(action, RemoveScaling):
        return found is None and step.did(name, action.service, action.slot)
    return is_whole(action.scaling, found, snapshot.taken_at) and step.did(name, action.service)


def keeps_up(name: str, slot: Slot, deployment: Deployment, snapshot: Snapshot) -> Ask | None:
    """An old slot that is kept warm is as large as the live one, so that it can carry the traffic home. It never gets
    smaller."""
    slots = snapshot.services[name].slots
    wanted = slots[slot.other].desired
    if deployment.phase is not Phase.SUCCEEDED or not deployment.scales(name) or slots[slot].desired >= wanted:
        return None
    return Ask(
        AddTasks(name, slot, wanted), f"run {counted(wanted, 'task')} of {name} in {slot}, as many as in {slot.other}"
    )


def given_up(name: str, slot: Slot, step: Step, deployment: Deployment, snapshot: Snapshot) -> Ask | Need | None:
    """Before a slot is emptied: what scales would fill it again. It is looked at just then, and given up once whatever
    is seen where it should scale, unless that was done on the way home."""
    if Evidence.SCALING not in snapshot.has:
        return Need(snapshot.has | {Evidence.SCALING})
    is_gone = any(one.did("RemoveScaling", name, slot) for one in deployment.steps if one.kind is StepKind.RESCALE)
    is_done = is_gone or not deployment.scales(name) or step.did("RemoveScaling", name, slot)
    if is_done and snapshot.services[name].slots[slot].scaling is None:
        return None
    return Ask(RemoveScaling(name, slot), f"let nothing fill {slot} of {name} again")
