"""How much of it is measured; every number can be given on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Given:
    """`directory` is a place of its own for each benchmark."""

    directory: Path
    seconds: float = 20.0
    rate: float = 200.0
    merges: int = 12
    rollouts: int = 20
    visits: float = 100.0
    turns: int = 20
    starts: int = 3
    rows: int = 100_000
    searched: int = 1_000_000
    entries: int = 200_000
    passes: int = 50
    environments: int = 1000
    sweeps: int = 3
    kills: int = 2
    columns: int = 50
    pages: int = 200
    postgres: bool = False
    seed: int = 1


QUICK: Mapping[str, Any] = {
    "seconds": 4.0,
    "merges": 2,
    "rollouts": 1,
    "turns": 1,
    "starts": 1,
    "rows": 2_000,
    "searched": 20_000,
    "entries": 5_000,
    "passes": 10,
    "environments": 60,
    "sweeps": 1,
    "kills": 1,
    "columns": 6,
    "pages": 20,
}
"""Shows that everything works; its figures say little."""
