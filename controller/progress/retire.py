"""Retire: what has no traffic any more goes, in its own time.

A picture may be older than what this deployment did. So nothing is believed to be gone before this step has said so
itself: each test rule is removed and each slot is emptied once, whatever is seen.
"""

from collections.abc import Iterator
from datetime import timedelta

from controller.domain.actions import EmptySlot, RemoveTestRule
from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import Snapshot
from controller.domain.step import Step, StepKind, spoken
from controller.progress import scaling, switches, watch
from controller.progress.outcomes import Ask, Done, Foreign, Need, Outcome, Terms, Wait

PROPAGATION = timedelta(seconds=5)
"""A load balancer takes a moment to act on new weights, so no slot is emptied sooner than this after it lost its
traffic."""

LONG_LOOK = timedelta(seconds=30)
"""While a slot is only kept warm, so seldom is often enough."""

WATCHED_LOOK = timedelta(seconds=10)
"""While what watches may still send it home: as often as CloudWatch evaluates its quickest alarms."""


def retire(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Test rules go at once; then the slots without traffic are emptied, after they were kept warm."""
    if deployment.turning and not _began_to_run(deployment):
        return Done("nothing was started")
    for name in step.services:
        is_open = snapshot.services[name].test_rule is not None or not step.did("RemoveTestRule", name)
        if deployment.is_routed(name) and is_open:
            return Ask(RemoveTestRule(name), f"close the test rule of {name}")
    leaving = list(_leaving(step, deployment))
    if not leaving:
        verb = "are" if len(step.services) > 1 else "is"
        return Done(f"{', '.join(step.services)} {verb} new: no old slot is left")
    sent_back = _sent_back(leaving, deployment, snapshot, terms)
    if sent_back:
        return sent_back
    for name, slot in leaving:
        if not deployment.is_routed(name) and not step.did("EmptySlot", name):
            return scaling.given_up(name, slot, step, deployment, snapshot) or Ask(
                EmptySlot(name, slot), f"scale {slot} of {name} to zero: what has no route is never kept warm"
            )
    wait = max(step.wait or timedelta(0), PROPAGATION)
    if step.observed < wait:
        grows = (scaling.keeps_up(name, slot, deployment, snapshot) for name, slot in leaving if step.wait)
        ask = next((ask for ask in grows if ask), None)
        if ask:
            return ask
        left = spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))
        what = "the old version is kept warm" if step.wait else "what has no traffic any more ends its last requests"
        seldom = WATCHED_LOOK if watch.asked_in(step, deployment) else LONG_LOOK
        return Wait(Reason("slot.warm", f"{what}, {left} left"), min(wait - step.observed, seldom))
    armed = switches.still_armed(step, deployment, snapshot)
    if armed:
        return armed
    waits = [
        outcome
        for name, slot in leaving
        if not isinstance(outcome := _empty(step, name, slot, deployment, snapshot), Done)
    ]
    return next(
        (outcome for outcome in waits if isinstance(outcome, Ask | Need)), waits[0] if waits else Done("scaled to zero")
    )


def _began_to_run(deployment: Deployment) -> bool:
    """Whether the idle slots may hold anything: this deployment filled them, or took them over filled."""
    taken_over = deployment.plan is not None and any(rolling.is_warm for rolling in deployment.plan.rolling)
    return deployment.began(StepKind.WARM) or taken_over


def _sent_back(
    leaving: list[tuple[str, Slot]], deployment: Deployment, snapshot: Snapshot, terms: Terms
) -> Foreign | None:
    """Somebody gave the whole traffic to the old version, which was still warm: to every service, or to some. That is
    a rollback only of what moved last, and never of a rollback."""
    if deployment.phase is not Phase.SUCCEEDED or deployment.plan is None:
        return None
    routed = [(name, slot) for name, slot in leaving if deployment.rolls(name) and deployment.is_routed(name)]
    back = [name for name, slot in routed if snapshot.services[name].live is slot]
    if not back:
        return None
    healthy = [name for name, slot in routed if (group := snapshot.services[name].slots[slot].group) and group.healthy]
    is_last = deployment.number == terms.moved_last and not deployment.is_way_back
    if is_last and len(back) == len(routed) == len(healthy):
        text = f"somebody sent the traffic of {', '.join(back)} back to the version before {deployment.id}"
        return Foreign(Reason("traffic.adopted", text), adopts=True)
    text = f"somebody sent the traffic of {', '.join(back)} to the old version, and not all of it: a person must choose"
    return Foreign(Reason("traffic.foreign_change", text))


def _leaving(step: Step, deployment: Deployment) -> Iterator[tuple[str, Slot]]:
    """The old slots after a success, the new ones after turning back, and those that nobody used."""
    for name in step.services:
        sides = deployment.sides(name)
        slot = sides.live if deployment.phase is Phase.SUCCEEDED and deployment.rolls(name) else sides.idle
        if slot is not None:
            yield name, slot


def _empty(step: Step, name: str, slot: Slot, deployment: Deployment, snapshot: Snapshot) -> Ask | Need | Wait | Done:
    view = snapshot.services[name]
    if view.routed and slot in view.serving:
        return Wait(
            Reason(
                "slot.has_traffic",
                f"{slot} of {name} has traffic that Tidegate didn't give it, so it stays: take it away by hand",
            )
        )
    given_up = scaling.given_up(name, slot, step, deployment, snapshot)
    if given_up:
        return given_up
    if view.slots[slot].desired or not step.did("EmptySlot", name):
        return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero")
    if view.slots[slot].running:
        left = counted(view.slots[slot].running, "task is", "tasks are")
        return Wait(Reason("slot.emptying", f"{name}: {left} stopping in {slot}"))
    return Done(f"{slot} of {name} is empty")
