"""The first page: every environment, and the newest deployments."""

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import Doors, Missing, here
from controller.dashboard.views import deployment_view, environment_view
from controller.dashboard.visiting import Visitor

ROWS = 25


class HomePage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Every environment, and the history. 404: no such environment. 400: a cursor that this never gave out."""
        now = self._context.clock.now()
        wanted, cursor = request.query_params.get("environment"), request.query_params.get("cursor")
        with self._context.store.read() as unit:
            overviews = unit.overviews.all(self._context.bindings)
            names = [overview.environment.name for overview in overviews]
            if wanted is not None and wanted not in names:
                raise Missing(f"No environment is called {wanted[:80]!r}.")
            page = unit.deployments.page(environment=wanted, limit=ROWS, cursor=cursor)
        return self._pages.page(
            "home.html",
            now,
            visitor=visitor,
            here=here(request),
            environments=[environment_view(overview, self._context, now) for overview in overviews],
            names=names,
            history=[deployment_view(deployment, self._context, now) for deployment in page.items],
            wanted=wanted,
            is_first=cursor is None,
            older=page.next,
        )
