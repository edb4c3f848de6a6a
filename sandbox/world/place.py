"""One account in one region: the stores of its services, and what their operations may use of the world."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from sandbox.clock import Timer
from sandbox.world.ids import Ids

if TYPE_CHECKING:
    from sandbox.world.world import World


@dataclass
class Store:
    """One service's state in one place: plain data, so that it can be copied and read as it was."""

    def without_newcomers(self) -> Self:
        """What a reader sees who reads too early: only the foundation. Everything is gone unless said
        otherwise."""
        return type(self)()


S = TypeVar("S", bound=Store)


class Place:
    def __init__(self, world: World, account: str, region: str, stores: dict[type[Store], Store] | None = None) -> None:
        self.world = world
        self.account = account
        self.region = region
        self._stores: dict[type[Store], Store] = stores or {}

    def store(self, kind: type[S]) -> S:
        """The service's state here, made empty when first asked for."""
        found = self._stores.get(kind)
        if found is None:
            found = self._stores[kind] = kind()
        return cast("S", found)

    @property
    def ids(self) -> Ids:
        return self.world.ids

    def now(self) -> datetime:
        return self.world.clock.now()

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run the callback after this many of AWS's seconds, which the world's speed shortens."""
        return self.world.after(self, seconds, callback)

    def emit(self, source: str, kind: str, resource: str, **detail: Any) -> None:
        """Write down what happened and tell whoever listens."""
        self.world.emit(self, source, kind, resource, detail)

    def looks_like(self, other: Place) -> bool:
        """Whether nothing that an answer shows differs."""
        return self._stores == other._stores

    def snapshot(self) -> Place:
        """This place as it is now, for reading only."""
        return Place(self.world, self.account, self.region, copy.deepcopy(self._stores))

    def without_newcomers(self) -> Place:
        """This place as a reader sees it whom the newest writes have not reached, for reading only."""
        stores = {kind: store.without_newcomers() for kind, store in self._stores.items()}
        return Place(self.world, self.account, self.region, stores)
