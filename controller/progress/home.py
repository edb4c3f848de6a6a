"""Home: whatever this deployment did to public rules is undone, by the undo record."""

from datetime import timedelta
from functools import partial

from controller.domain.actions import AddTasks, RemakeRule, RemoveRule, RestoreRule
from controller.domain.counting import counted
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, Snapshot
from controller.domain.step import TAKEN_BACK, Step, Trouble
from controller.domain.undo import UndoEntry
from controller.progress.outcomes import Ask, Done, Outcome, Stumble, Terms, Wait

REGROWTH = timedelta(minutes=5)
"""So long an old slot without a healthy target has to get one, before a person is told that it may never: tasks start,
and are found healthy, within a minute or two."""


def home(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """In the reverse of the order in which traffic rose, one rule at a time; never onto a slot without a healthy
    target; and only the rules of services that a step of this deployment has begun to move.

    A service that can't go home keeps none of the others: rules come first, those that must be put back once more
    behind those that weren't yet, then tasks for slots that lack them, and only then it is waited.
    """
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    moving = TAKEN_BACK[step.kind]
    begun = [earlier for earlier in deployment.steps if earlier.kind in moving and earlier.started_at is not None]
    moved = {name for earlier in begun for name in earlier.services}
    if not moved:
        return Done("no traffic was moved")
    outcomes = []
    for entry in _in_turn(deployment.undo.entries, step.trouble):
        if entry.service in moved:
            outcome = _go_home(step, entry, deployment, snapshot.services[entry.service])
            outcomes += [outcome] if outcome else []
    return min(outcomes, key=partial(_rank, step), default=Done("traffic is where it was"))


def _in_turn(entries: tuple[UndoEntry, ...], trouble: Trouble | None) -> list[UndoEntry]:
    """After an action has failed, whoever comes behind its service goes first."""
    order = list(reversed(entries))
    failed = next((place for place, entry in enumerate(order, 1) if trouble and trouble.service == entry.service), 0)
    return [*order[failed:], *order[:failed]]


def _rank(step: Step, outcome: Ask | Stumble | Wait) -> int:
    match outcome:
        case Ask(AddTasks()):
            return 2
        case Ask(action):
            return 1 if step.did(type(action).__name__, action.service) else 0
        case Stumble():
            return 3
        case Wait():
            return 4


def _go_home(step: Step, entry: UndoEntry, deployment: Deployment, view: ServiceView) -> Ask | Stumble | Wait | None:
    """A picture that shows the old weights may be older than the raise: it counts once this step has put them back."""
    name = entry.service
    if entry.rule is None:
        is_ours = view.rule is not None and view.rule.made_by == deployment.id
        if is_ours or not step.did("RemoveRule", name):
            return Ask(RemoveRule(name), f"remove the rule of {name}, which had none before")
        return None
    if step.did("RestoreRule", name) and is_as_it_was(view, entry):
        return None
    if view.rule is None:
        # Without a rule nobody knows whether the old slot is healthy, and no request reaches any: none can fare worse.
        return Ask(RemakeRule(name, entry.rule), f"put the rule of {name} back, which somebody deleted")
    assert entry.sides.live is not None, f"{name} had a rule, so one of its slots was live"
    group = view.slots[entry.sides.live].group
    if group is None or not group.healthy:
        return _revive(step, entry, entry.sides.live, deployment, view)
    return Ask(RestoreRule(name, entry.rule), f"send the traffic of {name} back to {entry.sides.live}")


def _revive(
    step: Step, entry: UndoEntry, live: Slot, deployment: Deployment, view: ServiceView
) -> Ask | Stumble | Wait:
    """The old slot gets the tasks again that it had. Where that doesn't help, the new version may be the only healthy
    one: what is to become of the traffic is a person's decision."""
    name, slot, count = entry.service, view.slots[live], max(1, entry.count)
    place = "is on" if is_as_it_was(view, entry) else "can't go back to"
    text = f"the traffic of {name} {place} {live}, which has no healthy target"
    complaints = f" ({'; '.join(slot.group.complaints)})" if slot.group and slot.group.complaints else ""
    if step.observed >= REGROWTH:
        ends = f"`tidegate abort {deployment.id}` ends it with the traffic where it is"
        return Stumble(Reason("home.no_healthy_target", f"{text}{complaints}; {ends}"))
    if slot.exists and slot.desired < count:
        return Ask(
            AddTasks(name, live, count),
            f"run {counted(count, 'task')} of {name} in {live} again, so that it can go home",
        )
    found = f"{slot.running} of {counted(count, 'task runs', 'tasks run')} there"
    return Wait(Reason("home.no_healthy_target", f"{text} yet: {found}{complaints}"))


def is_as_it_was(view: ServiceView, entry: UndoEntry) -> bool:
    if view.rule is None or entry.rule is None:
        return False
    same_traffic = all(view.rule.weights.get(slot, 0) == entry.rule.weights.get(slot, 0) for slot in Slot)
    return same_traffic and entry.rule.conditions in {"", view.rule.conditions}
