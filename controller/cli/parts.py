"""What the composition root hands to the command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.cli.time import Clock


@dataclass(frozen=True)
class Parts:
    """`serve` takes settings that the command line overrides, by name; `migrate` brings the tables up to date.
    `back_up` writes a file, `restore` reads one, and replaces what is in the database when its second argument says so;
    both answer with plain JSON values of what they did. `examine` answers lines of `subject`, `state`, `text` and
    `advice`.

    All of them import what they need when they are called. They raise `TidegateError` and `OSError`.
    """

    serve: Callable[[Mapping[str, object]], None]
    migrate: Callable[[], None]
    back_up: Callable[[Path], Mapping[str, Any]]
    restore: Callable[[Path, bool], Mapping[str, Any]]
    clock: Callable[[], Clock]
    examine: Callable[[], Sequence[Mapping[str, str]]]
