"""Both slots of a service as a picture: where its traffic is meant to go and where it goes, and every task. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.domain.deployment import Deployment, Phase
from controller.domain.overview import Overview, ServiceState
from controller.domain.slot import Slot
from controller.domain.snapshot import RuleView, ServiceView, SlotView
from controller.domain.step import StepKind, StepState

MOST_SQUARES = 24
"""More tasks of one slot than this are counted instead of drawn."""

STEP, SIDE = 14, 11
"""From one square to the next, and its side, in units of the drawing."""

SENT_HOME = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED, Phase.FAILED})


@dataclass(frozen=True)
class TaskGroup:
    """So many tasks of one slot that are alike. `kind` is a class name of the style sheet."""

    kind: str
    count: int
    told: str


@dataclass(frozen=True)
class Square:
    kind: str
    x: int
    told: str


@dataclass(frozen=True)
class SlotPicture:
    """`role` is what the slot is to the deployment that is looked at, in words. `wanted` is the percent of the traffic
    that it is meant to have, `actual` what the listener rule shows; both None where that isn't known, or there is no
    route. `squares` is empty where `groups` say it shorter."""

    name: str
    role: str
    wanted: int | None
    actual: int | None
    words: str
    groups: tuple[TaskGroup, ...]
    squares: tuple[Square, ...]
    is_live: bool = False

    @property
    def width(self) -> int:
        return max(STEP, len(self.squares) * STEP)

    @property
    def differs(self) -> bool:
        return None not in (self.wanted, self.actual) and self.wanted != self.actual


@dataclass(frozen=True)
class RuleLine:
    """One listener rule: what it asks for, and where it leads."""

    name: str
    asks: str
    weights: str
    priority: int


@dataclass(frozen=True)
class ServicePicture:
    """`is_moving`: its traffic is being moved at this moment, so that it may not be where it is meant to be yet."""

    name: str
    slots: tuple[SlotPicture, ...]
    rules: tuple[RuleLine, ...] = ()
    scaling: str = ""
    is_moving: bool = False


def of_environment(overview: Overview) -> tuple[ServicePicture, ...]:
    """Everything that was seen last; what moves says how it is meant to be."""
    moving = overview.moving if overview.moving is not None and overview.moving.undo is not None else None
    return tuple(_picture(state, overview.seen[state.name], moving) for state in overview.services)


def of_deployment(deployment: Deployment, overview: Overview) -> tuple[ServicePicture, ...]:
    """The services that it moves, while what was seen last is of its making; else none."""
    if deployment.undo is None or deployment.id not in {one.id for one in overview.open}:
        return ()
    moved = {entry.service for entry in deployment.undo.entries}
    states = [state for state in overview.services if state.name in moved]
    return tuple(_picture(state, overview.seen[state.name], deployment) for state in states)


def _picture(state: ServiceState, view: ServiceView, deployment: Deployment | None) -> ServicePicture:
    wanted = shares(deployment, state.name) if deployment is not None else None
    return ServicePicture(
        name=state.name,
        slots=tuple(
            _slot(slot, view.slots[slot], state, wanted, _role(deployment, state.name, slot))
            for slot in Slot
            if slot in view.slots
        ),
        rules=tuple(_rules(view)),
        scaling=state.scaling or "",
        is_moving=deployment is not None and _moves(deployment),
    )


def _slot(slot: Slot, view: SlotView, state: ServiceState, wanted: Mapping[Slot, int] | None, role: str) -> SlotPicture:
    groups = tuple(tasks(view))
    is_drawn = sum(group.count for group in groups) <= MOST_SQUARES
    return SlotPicture(
        name=str(slot),
        role=role,
        wanted=wanted.get(slot, 0) if wanted is not None else None,
        actual=state.weights.get(slot, 0) if state.weights is not None else None,
        words=in_words(view, groups),
        groups=groups,
        squares=tuple(_squares(groups)) if is_drawn else (),
        is_live=state.live is slot,
    )


def tasks(view: SlotView) -> Iterator[TaskGroup]:
    """Its tasks by how they are; health is the load balancer's word, where it was asked."""
    healthy = view.group.healthy if view.group is not None else None
    well = view.running if healthy is None else min(healthy, view.running)
    counts = (
        ("healthy", well, "healthy" if healthy is not None else "running"),
        ("unwell", view.running - well, "runs, and its target is not healthy"),
        ("starting", view.pending, "starting"),
        ("absent", max(0, view.desired - view.running - view.pending), "wanted, and not there"),
    )
    for kind, count, told in counts:
        if count > 0:
            yield TaskGroup(kind, count, told)


def in_words(view: SlotView, groups: tuple[TaskGroup, ...]) -> str:
    """`3 of 4 healthy, 1 starting`; `empty` where nothing runs and nothing is to."""
    if not groups:
        return "empty"
    well = next((group for group in groups if group.kind == "healthy"), None)
    first = f"{well.count if well else 0} of {view.desired} {well.told if well else 'healthy'}"
    rest = [f"{group.count} {SHORT[group.kind]}" for group in groups if group.kind in SHORT]
    return ", ".join([first, *rest])


SHORT = {"unwell": "not healthy", "starting": "starting", "absent": "missing"}


def _squares(groups: tuple[TaskGroup, ...]) -> Iterator[Square]:
    kinds = [group for group in groups for _ in range(group.count)]
    for number, group in enumerate(kinds):
        yield Square(group.kind, number * STEP, f"task {number + 1}: {group.told}")


def shares(deployment: Deployment, service: str) -> Mapping[Slot, int] | None:
    """The traffic that each slot is meant to have as far as the deployment's steps have come; None where it moves none
    of this service's."""
    entries = deployment.undo.entries if deployment.undo else ()
    entry = next((entry for entry in entries if entry.service == service), None)
    shifts = [step for step in deployment.steps if step.kind is StepKind.SHIFT and service in step.services]
    if entry is None or not shifts:
        return None
    if deployment.phase in SENT_HOME:
        return dict(entry.rule.weights) if entry.rule else {}
    begun = [step.percent or 0 for step in shifts if step.state in {StepState.RUNNING, StepState.DONE}]
    percent = begun[-1] if begun else 0
    live = {entry.sides.live: 100 - percent} if entry.sides.live is not None else {}
    return {**live, entry.sides.idle: percent}


def _moves(deployment: Deployment) -> bool:
    step = deployment.step
    return step is not None and step.kind in {StepKind.SHIFT, StepKind.HOME}


def _role(deployment: Deployment | None, service: str, slot: Slot) -> str:
    entries = deployment.undo.entries if deployment is not None and deployment.undo is not None else ()
    entry = next((entry for entry in entries if entry.service == service), None)
    if entry is None or deployment is None or not deployment.rolls(service):
        return ""
    return "new version" if slot is entry.sides.idle else "version before"


def _rules(view: ServiceView) -> Iterator[RuleLine]:
    if view.rule is not None:
        yield RuleLine("public", _asks(view.rule), _weights(view.rule), view.rule.priority)
    if view.test_rule is not None:
        yield RuleLine("test", "the secret header of its smoke test", _weights(view.test_rule), view.test_rule.priority)


def _asks(rule: RuleView) -> str:
    parts = [
        f"path {', '.join(sorted(rule.paths))}" if rule.paths else "",
        f"host {', '.join(sorted(rule.hosts))}" if rule.hosts else "",
    ]
    return " and ".join(filter(None, parts)) or "every path"


def _weights(rule: RuleView) -> str:
    return ", ".join(f"{rule.weights.get(slot, 0)}% {slot}" for slot in Slot)
