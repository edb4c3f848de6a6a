"""Everything outside that a pass talks to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from controller.domain.bindings import Binding
from controller.domain.metrics import MINUTE
from controller.domain.ports import Clock, Cloud, Probe, Source
from controller.polls import Polls
from controller.store import Store


class Clouds(Protocol):
    def of(self, binding: Binding) -> Cloud: ...


@dataclass(frozen=True)
class World:
    """The ports, the rows, and the operator's bindings. `token` makes a fresh secret; `minute` is how long one of
    CloudWatch's lasts, which only a sandbox has shorter."""

    store: Store
    clock: Clock
    clouds: Clouds
    source: Source
    probe: Probe
    polls: Polls
    bindings: Mapping[str, Binding]
    token: Callable[[], str]
    minute: timedelta = MINUTE
