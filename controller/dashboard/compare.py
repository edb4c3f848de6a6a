"""Two deployments side by side."""

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import NAME, Doors, Missing, here
from controller.dashboard.views import deployment_view
from controller.dashboard.visiting import Visitor
from controller.domain.comparison import compared
from controller.domain.deployment import Deployment


class ComparePage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """The files, the images and how both went; without two names, a form that asks for them. 404: no such
        deployment."""
        now, query = self._context.clock.now(), request.query_params
        given = {name: query.get(name, "").strip() for name in ("from", "to")}
        found, shown = None, ()
        if all(given.values()):
            first, second = self._named(given["from"]), self._named(given["to"])
            found = compared(first, second, self._context.bindings, now)
            shown = tuple(deployment_view(each, self._context, now) for each in (first, second))
        return self._pages.page(
            "compare.html", now, visitor=visitor, here=here(request), given=given, found=found, shown=shown
        )

    def _named(self, name: str) -> Deployment:
        with self._context.store.read() as unit:
            found = unit.deployments.get(name) if NAME.fullmatch(name) else None
        if found is None:
            raise Missing(f"No deployment is called {name[:80]!r}.")
        return found
