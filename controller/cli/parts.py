"""What the composition root hands to the command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.cli.time import Clock


@dataclass(frozen=True)
class Parts:
    """`serve` takes settings that the command line overrides, by name; `migrate` brings the tables up to date.

    All of them import what they need when they are called. They raise `TidegateError` and `OSError`.
    """

    serve: Callable[[Mapping[str, object]], None]
    migrate: Callable[[], None]
    clock: Callable[[], Clock]
