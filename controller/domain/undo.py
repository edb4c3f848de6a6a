"""How to turn back: written before the first change, used instead of any configuration."""

from dataclasses import dataclass

from controller.domain.slot import Sides, Weights


@dataclass(frozen=True)
class RuleAsItWas:
    """A listener rule's complete old actions. `actions` is opaque JSON that only the adapter that wrote it reads."""

    arn: str
    weights: Weights
    actions: str


@dataclass(frozen=True)
class UndoEntry:
    """What was there for one service; `rule` is None when the service had none (it is new, or it has no route)."""

    service: str
    sides: Sides
    rule: RuleAsItWas | None


@dataclass(frozen=True)
class UndoRecord:
    """One entry for each service that rolls, in the order in which traffic rises. Going home walks it backwards."""

    entries: tuple[UndoEntry, ...]

    def of(self, service: str) -> UndoEntry:
        return next(entry for entry in self.entries if entry.service == service)
