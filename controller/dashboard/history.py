"""The history: found by whatever people ask for, page by page, and taken along as a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from controller.dashboard.doors import Doors, here
from controller.dashboard.exporting import MEDIA, as_csv, as_json
from controller.dashboard.history_file import COLUMNS, MOST_ROWS, fields
from controller.dashboard.pages import HEADERS
from controller.dashboard.timeline import timeline
from controller.dashboard.visiting import Visitor
from controller.domain.backlog import searching
from controller.domain.deployment import Kind, Phase
from controller.domain.search import FIELDS, Search, SearchRefused, read_search
from controller.domain.summary import HistoryLine
from controller.store import Store

ROWS = 25
BATCH = 200
PATH = "/history"
LABELS: Mapping[str, str] = {
    "environment": "environment",
    "phase": "result",
    "service": "service",
    "kind": "kind",
    "actor": "by",
    "since": "since",
    "until": "until",
    "text": "words",
}
PHASE_WORDS: Mapping[str, str] = {str(phase): phase.words for phase in Phase}


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and where it is off."""

    label: str
    value: str
    without: str


class HistoryPage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """What is found, newest first. 400: a filter that can't be read, which the form shows again, or a cursor that
        this never gave out."""
        now, given = self._context.clock.now(), _given(request)
        cursor = request.query_params.get("cursor") or None
        search, errors = _read(given)
        with self._context.store.read() as unit:
            names = [environment.name for environment in unit.environments.all()]
            page = unit.history.page(search, ROWS, cursor) if search is not None else None
        return self._pages.page(
            "history.html",
            now,
            HTTPStatus.OK if search is not None else HTTPStatus.BAD_REQUEST,
            visitor,
            here=here(request),
            given={name: given.get(name, "") for name in FIELDS},
            errors=errors,
            names=names,
            phases=PHASE_WORDS,
            kinds=[str(kind) for kind in Kind],
            chips=tuple(_chips(given)),
            rows=timeline(page.items, self._context, now) if page else (),
            page=page,
            searching=searching(page.backlog) if page else "",
            is_first=cursor is None,
            newest=_address(PATH, given),
            older=_address(PATH, {**given, "cursor": page.next}) if page and page.next else "",
            csv=_address(f"{PATH}.csv", given),
            json=_address(f"{PATH}.json", given),
            most=MOST_ROWS,
        )

    def csv(self, request: Request, visitor: Visitor) -> Response:
        """What is found as comma-separated values. 400: a filter that can't be read."""
        return self._exported(request, visitor, "csv")

    def json(self, request: Request, visitor: Visitor) -> Response:
        """The same as JSON."""
        return self._exported(request, visitor, "json")

    def _exported(self, request: Request, visitor: Visitor, ending: str) -> Response:
        search, errors = _read(_given(request))
        if search is None:
            told = f"{'. '.join(errors)}."
            now = self._context.clock.now()
            return self._pages.problem(now, HTTPStatus.BAD_REQUEST, "That can't be searched for", told, visitor=visitor)
        headers = {
            **HEADERS,
            "Content-Disposition": f'attachment; filename="tidegate-history.{ending}"',
        }
        rows = map(fields, lines(self._context.store, search))
        text = as_csv(COLUMNS, rows, MOST_ROWS) if ending == "csv" else as_json(rows, MOST_ROWS)
        return StreamingResponse(text, headers=headers, media_type=MEDIA[ending])


def lines(store: Store, search: Search) -> Iterator[HistoryLine]:
    """All that is found, newest first; a page of them is in memory at a time, and no transaction is open between."""
    cursor: str | None = None
    while True:
        with store.read() as unit:
            page = unit.history.page(search, BATCH, cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _given(request: Request) -> dict[str, str]:
    """The filters that are on, as they were written."""
    asked = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    return {name: text for name, text in asked.items() if text}


def _read(given: Mapping[str, str]) -> tuple[Search | None, tuple[str, ...]]:
    try:
        return read_search(given), ()
    except SearchRefused as error:
        return None, error.errors


def _chips(given: Mapping[str, str]) -> Iterator[Chip]:
    for name, text in given.items():
        others = {other: value for other, value in given.items() if other != name}
        shown = PHASE_WORDS.get(text, text) if name == "phase" else text
        yield Chip(LABELS[name], shown, _address(PATH, others))


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
