"""What the pages are given."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.bindings import Binding
from controller.domain.ports import Clock
from controller.store import Store


@dataclass(frozen=True)
class DashboardContext:
    """`github` is the address of GitHub's REST API; commits are linked beside it, and nowhere when it is empty."""

    store: Store
    clock: Clock
    bindings: Mapping[str, Binding]
    version: str
    github: str = ""
