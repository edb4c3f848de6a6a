"""The page of the audit: what was done, found by who, what and when; whether it is as it was written; and all of it to
take away."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from controller.dashboard.doors import Doors, Form, here
from controller.dashboard.exporting import as_csv, as_json
from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import Visitor
from controller.domain.chain import Report
from controller.domain.events import AuditEntry, Event
from controller.domain.people import Caller
from controller.domain.verified import told
from controller.store import Page

LINES = 50
READ_AT_ONCE = 500
MOST_EXPORTED = 100_000
"""So many rows a file has at most: about 40 MB."""

PER_SECOND = 10_000
"""Entries that are verified in a second, at least; `python -m benchmarks audit` measures it."""

COLUMNS = ("at", "event", "environment", "deployment", "actor", "text", "facts")
TEXTS = ("environment", "deployment", "actor")
TIMES = ("since", "until")


@dataclass(frozen=True)
class Sought:
    """What the address asks for: `given` as it was typed, `asked` as the store takes it; `refusal` where it can't be
    taken."""

    given: Mapping[str, str]
    asked: Mapping[str, Any]
    refusal: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in self.given.items() if text})


@dataclass(frozen=True)
class EntryView:
    """`facts` is JSON over several lines, empty where there are none."""

    entry: AuditEntry
    words: str
    facts: str


class AuditPage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages, self._visitors = doors.context, doors.pages, doors.visitors

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Newest first. 400: a filter that is none, or a cursor that this never gave out."""
        return self._drawn(request, visitor)

    def export(self, request: Request, visitor: Visitor) -> Response:
        """Everything that the filters let through, as `format` says: `csv` or `json`. 400: filters that are none."""
        wanted, sought = request.query_params.get("format", "csv"), sought_in(request)
        if sought.refusal or wanted not in {"csv", "json"}:
            return self._drawn(request, visitor, refusal=sought.refusal or "There is a CSV and a JSON file.")
        first = self._page(sought, READ_AT_ONCE, None)
        rows = self._rows(sought, first)
        lines = as_csv(COLUMNS, rows, MOST_EXPORTED) if wanted == "csv" else as_json(rows, MOST_EXPORTED)
        kind = "text/csv; charset=utf-8" if wanted == "csv" else "application/json"
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="tidegate-audit.{wanted}"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=kind)
        return StreamingResponse(lines, headers=headers, media_type=kind)

    def verify(self, request: Request, caller: Caller, form: Form) -> Response:
        """The page with what was found; a million entries take a minute or two. 409: it is being verified already."""
        visitor = self._visitors.visitor(request)
        if not self._context.verification.acquire(blocking=False):
            busy = "It is being verified already: ask again when that has ended."
            return self._drawn(request, visitor, HTTPStatus.CONFLICT, busy)
        try:
            report = self._context.store.verify_audit(())
        finally:
            self._context.verification.release()
        return self._drawn(request, visitor, report=report)

    def _page(self, sought: Sought, limit: int, cursor: str | None) -> Page[AuditEntry]:
        with self._context.store.read() as unit:
            return unit.audit.page(limit=limit, cursor=cursor, **sought.asked)

    def _rows(self, sought: Sought, page: Page[AuditEntry]) -> Iterator[Mapping[str, object]]:
        """Each page is a transaction of its own: whoever takes long to read holds nobody up."""
        while True:
            for entry in page.items:
                yield {**vars(entry), "at": entry.at.isoformat(), "event": str(entry.event)}
            if page.next is None:
                return
            page = self._page(sought, READ_AT_ONCE, page.next)

    def _drawn(
        self,
        request: Request,
        visitor: Visitor,
        status: HTTPStatus = HTTPStatus.OK,
        refusal: str = "",
        report: Report | None = None,
    ) -> Response:
        sought, cursor = sought_in(request), request.query_params.get("cursor")
        refusal = refusal or sought.refusal
        page = Page[AuditEntry]((), None) if sought.refusal else self._page(sought, LINES, cursor)
        with self._context.store.read() as unit:
            names = [environment.name for environment in unit.environments.all()]
            head = unit.audit.head()
        entries = head.position if head is not None else 0
        if refusal and status is HTTPStatus.OK:
            status = HTTPStatus.BAD_REQUEST
        return self._pages.page(
            "audit.html",
            self._context.clock.now(),
            status,
            visitor,
            here=here(request) if request.method == "GET" else "/audit",
            entries=[_view(entry) for entry in page.items],
            names=names,
            events=[(str(event), event.words) for event in Event],
            given=sought.given,
            query=sought.query,
            refusal=refusal,
            report=list(told(report)) if report is not None else [],
            is_unbroken=report is not None and report.is_unbroken,
            in_all=entries,
            takes_seconds=max(1, entries // PER_SECOND),
            most=MOST_EXPORTED,
            is_first=cursor is None,
            older=page.next,
        )


def _view(entry: AuditEntry) -> EntryView:
    facts = json.dumps(dict(entry.facts), indent=2, ensure_ascii=False) if entry.facts else ""
    return EntryView(entry, entry.event.words, facts)


def sought_in(request: Request) -> Sought:
    """Empty fields of the form ask for nothing."""
    names = (*TEXTS, "event", *TIMES)
    given = {name: request.query_params.get(name, "").strip() for name in names}
    asked: dict[str, Any] = {name: given[name] for name in TEXTS if given[name]}
    try:
        if given["event"]:
            asked["event"] = Event(given["event"])
        asked |= {name: _moment(given[name]) for name in TIMES if given[name]}
    except (ValueError, OverflowError):
        told = "Nothing is sought by this: times are as in 2026-11-21T12:00, in UTC, and events are those of the list."
        return Sought(given, {}, told)
    return Sought(given, asked)


def _moment(text: str) -> datetime:
    """By UTC where no zone is named. `OverflowError` for what the calendar has not in UTC.

    >>> _moment("2026-11-21T12:00").isoformat(), _moment("2026-11-21T12:00+01:00").isoformat()
    ('2026-11-21T12:00:00+00:00', '2026-11-21T11:00:00+00:00')
    """
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
