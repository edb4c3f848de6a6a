"""Everything outside that a pass talks to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.domain.bindings import Binding
from controller.domain.ports import Clock, Cloud, Probe, Source
from controller.store import Store


class Clouds(Protocol):
    def of(self, binding: Binding) -> Cloud: ...


@dataclass(frozen=True)
class World:
    """The ports, the rows, and the operator's bindings. `token` makes a fresh secret."""

    store: Store
    clock: Clock
    clouds: Clouds
    source: Source
    probe: Probe
    bindings: Mapping[str, Binding]
    token: Callable[[], str]
