"""Adjust and retire: as many tasks as there should be; what has no traffic any more goes, in its own time.

A picture may be older than what this deployment did. So nothing is believed to be gone before this step has said so
itself: each test rule is removed and each slot is emptied once, whatever is seen.
"""

from collections.abc import Iterator
from datetime import timedelta

from controller.domain.actions import EmptySlot, RemoveTestRule, SetCount
from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import Snapshot
from controller.domain.step import Step, StepKind, spoken
from controller.progress.outcomes import Ask, Done, Outcome, Terms, Wait

PROPAGATION = timedelta(seconds=5)
"""A load balancer takes a moment to act on new weights, so no slot is emptied sooner than this after it lost its
traffic."""

LONG_LOOK = timedelta(seconds=30)
"""While a slot is only kept warm, so seldom is often enough."""


def adjust(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Counts are not content: they change where the service is live, without another slot."""
    assert deployment.plan is not None, f"{deployment.id} has steps, so it has a plan"
    for name in step.services:
        view, count = snapshot.services[name], deployment.plan.counts[name]
        if view.live is None:
            return Wait(Reason("traffic.unclear", f"{name} has no one live slot to adjust"))
        if view.slots[view.live].desired != count or not step.did("SetCount", name):
            return Ask(SetCount(name, view.live, count), f"run {count} tasks of {name} in {view.live}")
    return Done(", ".join(f"{name} {deployment.plan.counts[name]}" for name in step.services))


def retire(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Test rules go at once; then the slots without traffic are emptied, after they were kept warm."""
    if not deployment.began(StepKind.WARM):
        return Done("nothing was started")
    for name in step.services:
        is_open = snapshot.services[name].test_rule is not None or not step.did("RemoveTestRule", name)
        if deployment.rolled(name).routed and is_open:
            return Ask(RemoveTestRule(name), f"close the test rule of {name}")
    leaving = list(_leaving(step, deployment))
    if not leaving:
        return Done("there was no version before")
    for name, slot in leaving:
        if not deployment.rolled(name).routed and not step.did("EmptySlot", name):
            return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero: what has no route is never kept warm")
    wait = max(step.wait or timedelta(0), PROPAGATION)
    if step.observed < wait:
        left = spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))
        what = "the old version is kept warm" if step.wait else "what has no traffic any more ends its last requests"
        return Wait(Reason("slot.warm", f"{what}, {left} left"), min(wait - step.observed, LONG_LOOK))
    waits = [outcome for name, slot in leaving if not isinstance(outcome := _empty(step, name, slot, snapshot), Done)]
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


def _empty(step: Step, name: str, slot: Slot, snapshot: Snapshot) -> Ask | Wait | Done:
    view = snapshot.services[name]
    if view.routed and slot in view.serving:
        return Wait(
            Reason(
                "slot.has_traffic",
                f"{slot} of {name} has traffic that Tidegate didn't give it, so it stays: take it away by hand",
            )
        )
    if view.slots[slot].desired or not step.did("EmptySlot", name):
        return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero")
    if view.slots[slot].running:
        return Wait(Reason("slot.emptying", f"{name}: {view.slots[slot].running} tasks are stopping in {slot}"))
    return Done(f"{slot} of {name} is empty")
