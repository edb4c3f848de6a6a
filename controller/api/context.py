"""What the endpoints are given: ports and values, put together by the composition root."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from controller.domain.bindings import Binding
from controller.domain.candidates import Candidates
from controller.domain.ports import Clock
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.loop.unhurried import Lookup
from controller.store import Store


@dataclass(frozen=True)
class ApiContext:
    """`preview` draws the plan that would run now, as JSON values; it may ask AWS, and raises `TidegateError`.
    `ways_back` knows the versions that an environment can go back to; AWS is waited for a moment at most.

    `dependencies` are asked by `/ready`: each returns, or raises. `verification` is held while the audit is verified.
    """

    store: Store
    orders: Orders
    clock: Clock
    doorkeeper: Doorkeeper
    rights: Rights
    bindings: Mapping[str, Binding]
    preview: Callable[[str], Mapping[str, object]]
    ways_back: Lookup[Candidates]
    dependencies: Mapping[str, Callable[[], None]]
    version: str
    registry: CollectorRegistry
    verification: threading.Lock = field(default_factory=threading.Lock)
