"""How to turn back: written before the first change, used instead of any configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.domain.scaling import ScalingView
from controller.domain.slot import Sides, Slot, Weights


@dataclass(frozen=True)
class RuleAsItWas:
    """A listener rule as it was, whole. `actions` and `conditions` are opaque JSON that only the adapter that wrote it
    reads; `conditions` is empty and `priority` 0 in records that are older than these fields."""

    arn: str
    weights: Weights
    actions: str
    conditions: str = ""
    priority: int = 0


@dataclass(frozen=True)
class UndoEntry:
    """What was there for one service; `rule` is None when the service had none (it is new, or it has no route). `count`
    is how many tasks its live slot was to run, `scaling` how the slots scaled that did."""

    service: str
    sides: Sides
    rule: RuleAsItWas | None
    count: int = 0
    scaling: Mapping[Slot, ScalingView] = field(default_factory=dict)


@dataclass(frozen=True)
class UndoRecord:
    """One entry for each service that rolls, in the order in which traffic rises. Going home walks it backwards."""

    entries: tuple[UndoEntry, ...]

    def of(self, service: str) -> UndoEntry:
        return next(entry for entry in self.entries if entry.service == service)
