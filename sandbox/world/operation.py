"""How a service says which operations it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.world.values import Answer, Parameters

if TYPE_CHECKING:
    from sandbox.world.place import Place


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one operation; its parameters are read like a dictionary's members."""

    place: Place
    parameters: Parameters
    caller: str
    """ARN of who asks."""

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    def __contains__(self, name: str) -> bool:
        return self.parameters.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        value = self.parameters.get(name)
        return default if value is None else value


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    handler: Handler
    mutates: bool


class Operations:
    """A decorator and a table: operations of one service, each marked as reading or changing."""

    def __init__(self) -> None:
        self.table: dict[str, Operation] = {}

    def reads(self, name: str) -> Callable[[Handler], Handler]:
        """Answers from state alone: such a handler changes nothing, so it also runs against an old state."""
        return self._add(name, mutates=False)

    def changes(self, name: str) -> Callable[[Handler], Handler]:
        return self._add(name, mutates=True)

    def _add(self, name: str, mutates: bool) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.table[name] = Operation(handler, mutates)
            return handler

        return register
