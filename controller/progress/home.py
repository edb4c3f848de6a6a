"""Home: whatever this deployment did to public rules is undone, by the undo record."""

from controller.domain.actions import RemoveRule, RestoreRule
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, Snapshot
from controller.domain.step import Step, StepKind
from controller.domain.undo import UndoEntry
from controller.progress.outcomes import Ask, Done, Outcome, Terms, Wait

MOVES = (StepKind.SHIFT, StepKind.ROUTE)
"""What changes public rules."""


def home(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """In the reverse of the order in which traffic rose, one rule at a time; never onto a slot without a healthy
    target; and only the rules of services that a step of this deployment has begun to move."""
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    begun = [earlier for earlier in deployment.steps if earlier.kind in MOVES and earlier.started_at is not None]
    moved = {name for earlier in begun for name in earlier.services}
    if not moved:
        return Done("no traffic was moved")
    for entry in reversed(deployment.undo.entries):
        if entry.service in moved:
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
    if step.did("RestoreRule", name) and _is_as_it_was(view, entry):
        return None
    assert entry.sides.live is not None, f"{name} had a rule, so one of its slots was live"
    group = view.slots[entry.sides.live].group
    if group is None or not group.healthy:
        text = f"{name} can't go back to {entry.sides.live}: it has no healthy target; a person must decide"
        return Wait(Reason("home.no_healthy_target", text))
    return Ask(RestoreRule(name, entry.rule), f"send the traffic of {name} back to {entry.sides.live}")


def _is_as_it_was(view: ServiceView, entry: UndoEntry) -> bool:
    if view.rule is None or entry.rule is None:
        return False
    same_traffic = all(view.rule.weights.get(slot, 0) == entry.rule.weights.get(slot, 0) for slot in Slot)
    return same_traffic and entry.rule.conditions in {"", view.rule.conditions}
