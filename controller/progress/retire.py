"""Settle and retire: the new version is live, and what it replaced goes, in its own time."""

from collections.abc import Iterator
from datetime import timedelta

from controller.domain.actions import EmptySlot, RemoveTestRule
from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import Snapshot
from controller.domain.step import Step, spoken
from controller.progress.outcomes import Ask, Done, Outcome, Terms, Wait

PROPAGATION = timedelta(seconds=5)
"""A load balancer takes a moment to act on new weights, so no slot is emptied sooner than this after it lost its
traffic."""

LONG_LOOK = timedelta(seconds=30)
"""While a slot is only kept warm, so seldom is often enough."""


def settle(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    return Done("the new version is live")


def retire(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Test rules go at once; then the slots without traffic are emptied, after they were kept warm."""
    for name in step.services:
        if snapshot.services[name].test_rule is not None:
            return Ask(RemoveTestRule(name), f"close the test rule of {name}")
    wait = max(step.wait or timedelta(0), PROPAGATION)
    if step.observed < wait:
        left = spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))
        return Wait(
            Reason("slot.warm", f"the old version is kept warm, {left} left"), min(wait - step.observed, LONG_LOOK)
        )
    waits = [
        outcome for entry in _leaving(step, deployment) if not isinstance(outcome := _empty(entry, snapshot), Done)
    ]
    return next(
        (outcome for outcome in waits if isinstance(outcome, Ask)), waits[0] if waits else Done("scaled to zero")
    )


def _leaving(step: Step, deployment: Deployment) -> Iterator[tuple[str, Slot]]:
    """The old slots after a success, the new ones after turning back."""
    for name in step.services:
        sides = deployment.sides(name)
        slot = sides.live if deployment.phase is Phase.SUCCEEDED else sides.idle
        if slot is not None:
            yield name, slot


def _empty(leaving: tuple[str, Slot], snapshot: Snapshot) -> Ask | Wait | Done:
    name, slot = leaving
    view = snapshot.services[name]
    if view.routed and slot in view.serving:
        return Wait(Reason("slot.has_traffic", f"{slot} of {name} has traffic, so it is not emptied"))
    if view.slots[slot].desired:
        return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero")
    if view.slots[slot].running:
        return Wait(Reason("slot.emptying", f"{name}: {view.slots[slot].running} tasks are stopping in {slot}"))
    return Done(f"{slot} of {name} is empty")
