"""Two deployments side by side."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import NAME, Doors, Missing, here
from controller.dashboard.views import deployment_view
from controller.dashboard.visiting import Visitor
from controller.domain.comparison import Comparison, compared
from controller.domain.deployment import Deployment


class ComparePage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """The files, the images and how both went; without two names, a form that asks for them. 404: no such
        deployment."""
        now, query = self._context.clock.now(), request.query_params
        given = {name: query.get(name, "").strip() for name in ("from", "to")}
        found = self._compared(given["from"], given["to"], now) if all(given.values()) else None
        both = (found.first.deployment, found.second.deployment) if found else ()
        shown = [deployment_view(each, self._context, now) for each in both]
        return self._pages.page(
            "compare.html", now, visitor=visitor, here=here(request), given=given, found=found, shown=shown
        )

    def _compared(self, first: str, second: str, now: datetime) -> Comparison:
        return compared(self._named(first), self._named(second), self._context.bindings, now)

    def _named(self, name: str) -> Deployment:
        with self._context.store.read() as unit:
            found = unit.deployments.get(name) if NAME.fullmatch(name) else None
        if found is None:
            raise Missing(f"No deployment is called {name[:80]!r}.")
        return found
