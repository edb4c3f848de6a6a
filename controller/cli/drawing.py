"""What every answer on a terminal is drawn with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from controller.domain.states import Shown, state_of

STYLES = {"calm": "dim", "busy": "cyan", "good": "green", "warn": "yellow", "bad": "red"}
"""Tone → how a terminal shows it."""

Json = Mapping[str, Any]


def shown_state(deployment: Json) -> Shown:
    """Also of what moves in an environment."""
    return state_of(
        deployment["phase"],
        is_paused=bool(deployment["pause"]),
        rests=deployment["rests"],
        needs_a_person=deployment["needs_a_person"],
    )


def state(deployment: Json) -> Text:
    return badge(shown_state(deployment))


def badge(shown: Shown) -> Text:
    return Text(f"{shown.icon} {shown.text}", STYLES[shown.tone])


def table(*columns: str) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


class Indented:
    """A line of text; where it is too long for the terminal, what follows stands behind the same beginning."""

    def __init__(self, beginning: str, text: str | Text, style: str = "") -> None:
        self._beginning, self._text = beginning, text if isinstance(text, Text) else Text(text, style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = max(1, options.max_width - cell_len(self._beginning))
        for line in self._text.wrap(console, width) or [Text()]:
            yield Text(self._beginning) + line


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values below each other; empty values are left out."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in rows:
        if value:
            shown.add_row(name, value)
    return shown


def named(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Lines below each other, the first with the name."""
    return ((name if number == 0 else "", line) for number, line in enumerate(lines))


def shares(weights: Json) -> str:
    return ", ".join(f"{slot} {weight}%" for slot, weight in weights.items())


def short(digest: str | None) -> str:
    """The first twelve digits: enough to compare by eye."""
    return digest.removeprefix("sha256:")[:12] if digest else ""
