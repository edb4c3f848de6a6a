"""The first page: what is going on everywhere, what needs somebody, and the newest deployments."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.attention import ask_view, need_view
from controller.dashboard.doors import Doors, Missing, here
from controller.dashboard.matrix import matrix
from controller.dashboard.sharing import ASKED, Shared
from controller.dashboard.timeline import timeline
from controller.dashboard.visiting import NOBODY, Visitor
from controller.dashboard.words import controllers
from controller.domain.changes import Pulse
from controller.domain.glance import RECOVERED_WITHIN, glance
from controller.domain.search import Search

ROWS = 25
FIRST = 6
"""Of what needs somebody, and of what waits for people: the others are a click away."""


@dataclass(frozen=True)
class Strip:
    """How the controllers are. `recovered` webhooks came only after GitHub had been asked for them again."""

    controllers: str
    looked_at: datetime | None
    heard_at: datetime | None
    recovered: int


class HomePage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages, self._shared = doors.context, doors.pages, Shared()

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Every environment, and the history: of all, or of `environment`. 404: no such environment. 400: a cursor that
        this never gave out."""
        now = self._context.clock.now()
        if ASKED in request.headers:
            return self._shared.page(request, visitor, now, lambda: self._drawn(request, NOBODY, now))
        return self._drawn(request, visitor, now)

    def _drawn(self, request: Request, visitor: Visitor, now: datetime) -> Response:
        context = self._context
        wanted, cursor = request.query_params.get("environment"), request.query_params.get("cursor")
        with context.store.read() as unit:
            overviews = unit.overviews.all(context.bindings)
            names = [overview.environment.name for overview in overviews]
            if wanted is not None and wanted not in names:
                raise Missing(f"No environment is called {wanted[:80]!r}.")
            page = unit.history.page(Search(environment=wanted), ROWS, cursor)
            strip = _strip(unit.marks.pulse(), unit.deliveries.recovered(now - RECOVERED_WITHIN))
        seen = glance(overviews, context.bindings, now)
        return self._pages.page(
            "home.html",
            now,
            visitor=visitor,
            here=here(request),
            strip=strip,
            first=FIRST,
            glance=seen,
            needs=[need_view(need) for need in seen.needs],
            asks=[ask_view(ask) for ask in seen.asks],
            matrix=matrix(overviews, context),
            names=names,
            history=timeline(page.items, context, now),
            wanted=wanted,
            is_first=cursor is None,
            older=page.next,
        )


def _strip(pulse: Pulse, recovered: int) -> Strip:
    return Strip(controllers(pulse.looked), pulse.looked_at, pulse.heard_at, recovered)
