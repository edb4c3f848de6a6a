"""`/events`: what an open page hears of, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html: a field a line, an empty line ends an event, and whoever
was cut off says the last event's id when they come back.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from controller.dashboard.doors import Doors, Endpoint
from controller.dashboard.hub import NoSeat, Seat
from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import Visitor
from controller.dashboard.words import controllers
from controller.domain.changes import Changed, Pulse
from controller.inbox.limits import neighbourhood

EVENTS = "text/event-stream"
PULSE_SECONDS = 15.0
"""Proxies end what is silent for a minute, and whoever has gone is found out by a write that fails."""

ASK_SECONDS = 60.0
"""So often it is asked anew whether somebody may still look."""

RETRY_MILLISECONDS = range(1000, 3000, 100)
"""After a restart pages come back one after the other."""

LONGEST_EVENT = 64

FULL_SECONDS, YOURS_SECONDS = 60, 30
"""When to ask again: there is no room for anybody, or none for this neighbourhood."""


class Events:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._hub, self._clock = doors, doors.context.hub, doors.context.clock

    @property
    def endpoint(self) -> Endpoint:
        """For whoever may look, as long as they may. 429, 503: too many pages are open."""
        let_in = self._doors.shown(_begun)

        async def endpoint(request: Request) -> Response:
            begun = await let_in(request)
            if begun.media_type != EVENTS or request.method != "GET":
                return begun
            try:
                seat = self._hub.take(*_seated(request))
            except NoSeat as error:
                return self._refused(error)
            return Stream(self._told(request, seat), leave=lambda: self._hub.leave(seat))

        return endpoint

    def _refused(self, error: NoSeat) -> Response:
        status = HTTPStatus.SERVICE_UNAVAILABLE if error.is_full else HTTPStatus.TOO_MANY_REQUESTS
        response = self._doors.problem(status, "Too many open pages", "This page asks for itself every few seconds.")
        response.headers["Retry-After"] = str(FULL_SECONDS if error.is_full else YOURS_SECONDS)
        return response

    async def _told(self, request: Request, seat: Seat) -> AsyncIterator[str]:
        """Until the page is closed, the controller ends, or the visitor's right does."""
        yield f"retry: {RETRY_MILLISECONDS[self._hub.open_pages % len(RETRY_MILLISECONDS)]}\n\n"
        asked = self._clock.monotonic()
        while not seat.is_over:
            changed = await seat.heard(PULSE_SECONDS)
            if self._clock.monotonic() - asked >= ASK_SECONDS:
                asked = self._clock.monotonic()
                if not await self._may_still_look(request):
                    yield event("over", {})
                    return
            if changed:
                yield event("changed", named(changed), self._hub.event)
            elif not seat.is_over:
                yield event("pulse", beating(self._hub.pulse))

    async def _may_still_look(self, request: Request) -> bool:
        visitors = self._doors.visitors
        return (await run_in_threadpool(visitors.visitor, request, is_used=False)).may_look


class Stream(StreamingResponse):
    """Events, as they come. `leave` is called once, also when whoever asked has gone before the first one: a generator
    that never began has no end either."""

    def __init__(self, events: AsyncIterator[str], leave: Callable[[], None]) -> None:
        super().__init__(events, headers={**HEADERS, "X-Accel-Buffering": "no"}, media_type=EVENTS)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def _begun(_request: Request, _visitor: Visitor) -> Response:
    return Response(headers=dict(HEADERS), media_type=EVENTS)


def _seated(request: Request) -> tuple[str, str]:
    """Whom the page counts for, and what it knows already: the browser's word, where the stream was cut off."""
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")
    return neighbourhood(request.client.host) if request.client else "", since[:LONGEST_EVENT]


def event(name: str, data: Mapping[str, object], number: str = "") -> str:
    """
    >>> event("over", {})
    'event: over\\ndata: {}\\n\\n'
    """
    named_so = f"id: {number}\n" if number else ""
    return f"{named_so}event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def named(changed: Changed) -> Mapping[str, object]:
    """Nothing but names: whoever wants to know more asks for the page."""
    if changed.everything:
        return {"everything": True}
    return {"environments": sorted(changed.environments), "deployments": sorted(changed.deployments)}


def beating(pulse: Pulse) -> Mapping[str, object]:
    return dict(_beating(pulse))


def _beating(pulse: Pulse) -> Iterator[tuple[str, object]]:
    for name, moment in (("looked", pulse.looked_at), ("heard", pulse.heard_at)):
        if moment is not None:
            yield name, moment.isoformat()
    if pulse.looked:
        yield "controllers", controllers(pulse.looked)
