"""Rows as a file to take away, sent as they are read: no more are in memory than the store gives in one page."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

MEDIA: Mapping[str, str] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


def cut_after(most: int) -> str:
    return f"cut after {most} rows, and there are more: narrow the search, or take them in parts by time"


def harmless(cell: object) -> str:
    """A cell that no spreadsheet carries out.

    >>> harmless("=HYPERLINK(1)"), harmless(-1), harmless("plain"), harmless(None)
    ("'=HYPERLINK(1)", '-1', 'plain', '')
    """
    if cell is None:
        return ""
    text = str(cell).replace("\0", "")
    return f"'{text}" if isinstance(cell, str) and text.lstrip(" ").startswith(FORMULA) else text


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, object]], most: int) -> Iterator[str]:
    """RFC 4180, with a line of names. After `most` rows a last line says that it was cut."""
    yield _line(names)
    for number, row in enumerate(rows):
        if number == most:
            yield _line([cut_after(most)])
            return
        yield _line([_cell(row[name]) for name in names])


def as_json(rows: Iterable[Mapping[str, object]], most: int) -> Iterator[str]:
    """One document: `{"items": [...], "cut": null}`. `cut` is a sentence when there are more than `most`."""
    cut = None
    yield '{"items": ['
    for number, row in enumerate(rows):
        if number == most:
            cut = cut_after(most)
            break
        yield ("," if number else "") + "\n" + json.dumps(row, ensure_ascii=False, default=str)
    yield f'\n], "cut": {json.dumps(cut)}}}\n'


def _cell(value: object) -> object:
    """
    >>> _cell(["ada", "grace"]), _cell({"percent": 50})
    ('ada grace', '{"percent": 50}')
    """
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else value


def _line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue()
