"""The page of one deployment: where it is, what it waits for, what it changes, and what is written down about it."""

from collections.abc import Iterable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.charts import charts, unplotted
from controller.dashboard.contents import contents_view
from controller.dashboard.doors import Doors, here
from controller.dashboard.file_diff import FileDiff, file_diff
from controller.dashboard.offers import about_deployment, seat
from controller.dashboard.ordering import given_order
from controller.dashboard.rungs import rungs
from controller.dashboard.slots import of_deployment
from controller.dashboard.views import VersionView, deployment_in_full, version_view
from controller.dashboard.visiting import Visitor
from controller.domain.deployment import Deployment
from controller.domain.overview import Overview
from controller.domain.states import finding_of

AUDIT_LINES = 50
MOST_SAMPLES = 2000


class DeploymentPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages = doors, doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """One deployment and its audit. 404: no such deployment. 400: a cursor that this never gave out."""
        now, found, context = self._context.clock.now(), self._doors.found(request), self._context
        cursor = request.query_params.get("cursor")
        can_sign_in = context.sign_in is not None
        sits = seat(visitor.caller, found.environment, context.rights, can_sign_in=can_sign_in)
        with context.store.read() as unit:
            overview = unit.overviews.about(found)
            audit = unit.audit.page(deployment=found.id, limit=AUDIT_LINES, cursor=cursor)
            samples = unit.samples.page(found.id, MOST_SAMPLES).items
            before, superseded = unit.deployments.left_by(found), unit.deployments.superseded_by(found)
            offers, order = about_deployment(unit, found, sits, now), given_order(unit, request, visitor)
            brings = contents_view(found, context, unit)
        drawn, shown = charts(found, samples), deployment_in_full(found, overview, context, now)
        return self._pages.page(
            "deployment.html",
            now,
            visitor=visitor,
            here=here(request),
            deployment=shown,
            brings=brings,
            rungs=rungs(found, shown.steps, now),
            pictures=of_deployment(found, overview),
            warm_until=warm_until(found, overview, now),
            charts=drawn,
            unplotted=[
                (each, finding_of(each.result, is_over=found.is_judged_no_more)) for each in unplotted(found, drawn)
            ],
            diff=self._diff(found, before),
            superseded=self._versions(superseded),
            offers=offers,
            order=order,
            audit=audit.items,
            is_first=cursor is None,
            older=audit.next,
        )

    def _diff(self, deployment: Deployment, before: Deployment | None) -> FileDiff | None:
        """None of a removal, which brings no file."""
        return None if deployment.pruned else file_diff(before, deployment.revision, self._context)

    def _versions(self, deployments: Iterable[Deployment]) -> tuple[tuple[str, VersionView], ...]:
        return tuple((one.id, version_view(one.revision, self._context)) for one in deployments)


def warm_until(deployment: Deployment, overview: Overview, now: datetime) -> datetime | None:
    """Until when its old slots can take the traffic back at once; None where they are given up, or another's."""
    until = overview.warm_until
    is_its_own = deployment.is_retiring and overview.live is not None and overview.live.id == deployment.id
    return until if is_its_own and until is not None and until > now else None
