"""How figures are printed: what was measured, on which machine, and whether a published limit is kept."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

GIB = 2**30


@dataclass(frozen=True)
class Figure:
    """One line. `limit` and `kept` are for figures that the documentation makes a promise about."""

    what: str
    value: str
    limit: str = ""
    kept: bool | None = None


@dataclass(frozen=True)
class Result:
    """A table; `how` says exactly what was measured, and in which sizes."""

    title: str
    how: str
    figures: tuple[Figure, ...]

    @property
    def is_kept(self) -> bool:
        return all(figure.kept is not False for figure in self.figures)


def machine(seed: int) -> str:
    memory = psutil.virtual_memory().total / GIB
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.1f} GiB, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {load:.1f}, seed {seed}"
    )


def printed(result: Result) -> str:
    rows = [("", "measured", "limit", "kept"), *(_cells(figure) for figure in result.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"## {result.title}", result.how, "", *lines, ""])


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    kept = "" if figure.kept is None else "yes" if figure.kept else "NO"
    return figure.what, figure.value, figure.limit, kept


def at_most(what: str, value: float, limit: float, unit: str) -> Figure:
    return Figure(what, amount(value, unit), f"at most {limit:g} {unit}", value <= limit)


def none_of(what: str, value: int) -> Figure:
    return Figure(what, f"{value:,}", "0", value == 0)


def amount(value: float, unit: str) -> str:
    """Three digits that mean something.

    >>> amount(0.01234, "s"), amount(12.34, "ms"), amount(1234.5, "MB")
    ('0.0123 s', '12.3 ms', '1,234 MB')
    """
    if value >= 100:
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
