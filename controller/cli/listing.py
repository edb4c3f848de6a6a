"""A list on a terminal: rows of short cells, and a sentence to each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from controller.cli.drawing import table

LEAST = 40
"""Columns of a terminal that a sentence can be read in."""

Cells = Sequence[str | Text]


class Listing:
    """The cells are never cut. The sentence has a column of its own; where the terminal has no room for that, it stands
    beneath its row, cut to one line: whoever wants to know more asks for that row alone."""

    def __init__(self, columns: Sequence[str], last: str) -> None:
        self._columns, self._last = columns, last
        self._rows: list[tuple[Cells, Text]] = []

    def add(self, cells: Cells, sentence: str) -> None:
        self._rows.append((cells, Text(sentence, "dim")))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = zip(self._columns, *(cells for cells, _ in self._rows), strict=True)
        widths = [max(cell_len(str(cell)) for cell in column) for column in columns]
        left = options.max_width - sum(width + 2 for width in widths)
        return self._wide() if left >= LEAST else self._narrow(widths)

    def _wide(self) -> Iterator[RenderableType]:
        shown = table(*self._columns, self._last)
        for column in shown.columns[:-1]:
            column.no_wrap = True
        for cells, sentence in self._rows:
            shown.add_row(*cells, sentence)
        yield shown

    def _narrow(self, widths: Sequence[int]) -> Iterator[RenderableType]:
        yield _line([Text(name, "bold") for name in self._columns], widths)
        for cells, sentence in self._rows:
            yield _line(cells, widths)
            if sentence:
                yield Text.assemble("  ", sentence, no_wrap=True, overflow="ellipsis")


def _line(cells: Cells, widths: Sequence[int]) -> Text:
    return Text("  ").join(_padded(cell, width) for cell, width in zip(cells, widths, strict=True))


def _padded(cell: str | Text, width: int) -> Text:
    text = cell.copy() if isinstance(cell, Text) else Text(cell)
    text.pad_right(width - text.cell_len)
    return text
