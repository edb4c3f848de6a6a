"""The history as a file: a row for each deployment, written as it is read."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from controller.domain.overview import spans
from controller.domain.summary import HistoryLine

MOST_ROWS = 100_000
"""So many a file has at most; its end says when there would be more."""

MEDIA: Mapping[str, str] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of a spreadsheet must not begin with: https://owasp.org/www-community/attacks/CSV_Injection."""

CUT = f"cut after {MOST_ROWS} deployments: narrow the search, or export it by spans of time"

COLUMNS = (
    *("id", "environment", "kind", "trigger", "result", "version", "version_before", "commit", "title", "actor"),
    *("authors", "requester", "strategy", "services", "created_at", "started_at", "finished_at"),
    *("waited_seconds", "moved_seconds", "reason_code", "reason"),
)


def fields(line: HistoryLine) -> dict[str, Any]:
    """The values of the columns, in their order; times are RFC 3339 UTC, None where there is none."""
    found = line.summary
    lasted = spans(line, line.finished_at) if line.finished_at else None
    moved = lasted.active if lasted else None
    return {
        "id": line.id,
        "environment": line.environment,
        "kind": str(line.kind),
        "trigger": str(found.trigger),
        "result": str(line.phase),
        "version": found.version,
        "version_before": found.before.version if found.before else None,
        "commit": found.sha,
        "title": found.title,
        "actor": line.actor,
        "authors": list(found.authors),
        "requester": found.requester,
        "strategy": found.strategy,
        "services": list(found.services),
        "created_at": line.created_at.isoformat(),
        "started_at": line.started_at.isoformat() if line.started_at else None,
        "finished_at": line.finished_at.isoformat() if line.finished_at else None,
        "waited_seconds": round(lasted.waiting.total_seconds(), 3) if lasted else None,
        "moved_seconds": round(moved.total_seconds(), 3) if moved is not None else None,
        "reason_code": found.reason.code,
        "reason": found.reason.text,
    }


def as_csv(lines: Iterable[HistoryLine], most: int = MOST_ROWS) -> Iterator[str]:
    """A header, a line each, and a last one when there were more."""
    given = iter(lines)
    yield _csv_line(COLUMNS)
    for line in islice(given, most):
        yield _csv_line(_cell(value) for value in fields(line).values())
    if next(given, None) is not None:
        yield _csv_line([CUT])


def as_json(lines: Iterable[HistoryLine], most: int = MOST_ROWS) -> Iterator[str]:
    """`{"deployments": […], "cut": null}`, a line each; `cut` is a sentence when there were more."""
    given, before = iter(lines), ""
    yield '{"deployments": [\n'
    for line in islice(given, most):
        yield f"{before}{json.dumps(fields(line), ensure_ascii=False)}"
        before = ",\n"
    cut = CUT if next(given, None) is not None else None
    yield f'\n], "cut": {json.dumps(cut)}}}\n'


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    """What a spreadsheet would take for a formula begins with an apostrophe.

    >>> _cell("=HYPERLINK(1)"), _cell(["ada", "grace"]), _cell(None)
    ("'=HYPERLINK(1)", 'ada grace', '')
    """
    text = "" if value is None else " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
