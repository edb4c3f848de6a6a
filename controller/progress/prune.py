"""Unroute, drain and delete: a service that no file names any more goes, because a person said so."""

from controller.domain.actions import DeleteSlot, EmptySlot, RemoveRoute, RemoveScaling
from controller.domain.counting import counted
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, Snapshot
from controller.domain.step import Step, spoken
from controller.progress.outcomes import Ask, Done, Outcome, Terms, Wait
from controller.progress.retire import PROPAGATION


def unroute(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    name, view = _pruned(deployment, snapshot)
    if view.rule or view.test_rule or not step.did("RemoveRoute", name):
        return Ask(RemoveRoute(name), f"remove the rules that lead to {name}")
    return Done("nothing leads to it any more")


def drain(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    name, view = _pruned(deployment, snapshot)
    wait = max(step.wait or PROPAGATION, PROPAGATION)
    if step.observed < wait:
        return Wait(Reason("prune.draining", f"{name} ends its last requests, {spoken(wait)} in all"))
    for slot in Slot:
        if not step.did("RemoveScaling", name, slot):
            return Ask(RemoveScaling(name, slot), f"let nothing fill {slot} of {name} again")
        if view.slots[slot].desired or not step.did("EmptySlot", name, slot):
            return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero")
    running = sum(view.slots[slot].running for slot in Slot)
    if running:
        return Wait(Reason("slot.emptying", f"{name}: {counted(running, 'task is', 'tasks are')} stopping"))
    return Done("scaled to zero")


def delete(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    name, view = _pruned(deployment, snapshot)
    for slot in Slot:
        found = view.slots[slot]
        if found.exists or found.group is not None or not step.did("DeleteSlot", name, slot):
            return Ask(DeleteSlot(name, slot), f"delete {slot} of {name}")
    return Done("its ECS services and target groups are gone")


def _pruned(deployment: Deployment, snapshot: Snapshot) -> tuple[str, ServiceView]:
    assert deployment.pruned is not None, f"{deployment.id} prunes nothing"
    return deployment.pruned, snapshot.services[deployment.pruned]
