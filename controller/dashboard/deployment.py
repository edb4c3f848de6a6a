"""The page of one deployment, and what is written down about it."""

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import Doors, here
from controller.dashboard.views import deployment_in_full
from controller.dashboard.visiting import Visitor

AUDIT_LINES = 50


class DeploymentPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages = doors, doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """One deployment and its audit. 404: no such deployment. 400: a cursor that this never gave out."""
        now, found = self._context.clock.now(), self._doors.found(request)
        cursor = request.query_params.get("cursor")
        with self._context.store.read() as unit:
            overview = unit.overviews.about(found)
            audit = unit.audit.page(deployment=found.id, limit=AUDIT_LINES, cursor=cursor)
        return self._pages.page(
            "deployment.html",
            now,
            visitor=visitor,
            here=here(request),
            deployment=deployment_in_full(found, overview, self._context, now),
            audit=audit.items,
            is_first=cursor is None,
            older=audit.next,
        )
