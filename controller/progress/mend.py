"""Mend: what differs from the file and can be set right where it is, without rolling anything."""

from controller.domain.actions import PrepareGroup, SetWeights, TuneSlot
from controller.domain.counting import counted
from controller.domain.declared import grouped_otherwise, must_be_tuned
from controller.domain.deployment import Deployment, Kind
from controller.domain.reason import Reason
from controller.domain.rendering import group_settings, render
from controller.domain.slot import Slot, weights
from controller.domain.snapshot import ServiceView, Snapshot
from controller.domain.step import Step
from controller.progress.outcomes import Ask, Done, Outcome, Stumble, Terms


def mend(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Target groups before what leads to them, and a rule that is gone before everything behind it."""
    for name in step.services:
        view = snapshot.services[name]
        slot = deployment.sides(name).live or view.filled
        if slot is None:
            return Stumble(Reason("traffic.unclear", f"{name} has no one live slot to mend"), quarantines=False)
        ask = _group(name, slot, deployment, view) or _rule(name, slot, deployment, view)
        ask = ask or _service(name, slot, deployment, view, terms)
        if ask:
            return ask
    return Done(f"{counted(len(step.services), 'service')} set as declared")


def _group(name: str, slot: Slot, deployment: Deployment, view: ServiceView) -> Ask | None:
    """A new file's settings of a group arrive with a shift, so only a correction puts them on a live one."""
    service, group = deployment.service(name), view.slots[slot].group
    settings = group_settings(service)
    if settings is None or deployment.kind is not Kind.CORRECT:
        return None
    if group is not None and not any(grouped_otherwise(service, view.slots[slot])):
        return None
    return Ask(PrepareGroup(name, slot, settings), f"set the target group of {name} in {slot} right")


def _rule(name: str, slot: Slot, deployment: Deployment, view: ServiceView) -> Ask | None:
    """To the only slot with tasks: nobody but they can answer."""
    route = deployment.service(name).route
    if route is None or view.rule is not None:
        return None
    beside = frozenset(deployment.revision.file.services)
    action = SetWeights(name, route, weights(None, slot, 100), beside)
    return Ask(action, f"make the listener rule of {name} again, which somebody deleted")


def _service(name: str, slot: Slot, deployment: Deployment, view: ServiceView, terms: Terms) -> Ask | None:
    service, images = deployment.service(name), deployment.revision.images or {}
    content = render(name, service, images[name], terms.foundation)
    if not must_be_tuned(service, content, view.slots[slot]):
        return None
    grace = int(service.health.grace.total_seconds()) if service.health and service.route else None
    return Ask(TuneSlot(name, slot, grace), f"set the ECS service of {name} in {slot} right")
