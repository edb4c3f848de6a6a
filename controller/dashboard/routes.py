"""The routes of this room: two pages that read, and the files that they are drawn with."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from controller.dashboard.context import DashboardContext
from controller.dashboard.pages import Pages
from controller.dashboard.views import deployment_in_full, deployment_view, environment_view
from controller.domain.errors import TidegateError
from controller.store import BadCursor

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
ROWS = 25
AUDIT_LINES = 50
NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


def routes(context: DashboardContext) -> list[BaseRoute]:
    dashboard = Dashboard(context)
    return [
        Route("/", dashboard.answered(dashboard.home), methods=["GET"], name="dashboard"),
        Route("/deployments/{id}", dashboard.answered(dashboard.deployment), methods=["GET"], name="deployment"),
        Mount("/static", Files(directory=STATIC), name="static"),
    ]


class Files(StaticFiles):
    """Style sheet, script and icon: never taken for anything else by a browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Missing(Exception):
    """There is nothing of this name; the message says so to people."""


class Dashboard:
    def __init__(self, context: DashboardContext) -> None:
        self._context, self._pages = context, Pages(context.version)

    def answered(self, page: Callable[[Request], Response]) -> Callable[[Request], object]:
        """The page, made in a thread; or a page that says what is wrong."""

        async def endpoint(request: Request) -> Response:
            try:
                return await run_in_threadpool(page, request)
            except Missing as error:
                return self._problem(HTTPStatus.NOT_FOUND, "There is nothing here", str(error))
            except BadCursor:
                told = "This link to older entries was cut off or changed on its way here. Start from the newest."
                return self._problem(HTTPStatus.BAD_REQUEST, "The link is broken", told)
            except TidegateError as error:
                log.warning("page not shown", path=request.url.path, code=error.code, error=str(error))
                told = "The controller can't read its database now. What runs goes on running; try again in a moment."
                return self._problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not now", told, error.code)

        return endpoint

    def home(self, request: Request) -> Response:
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
            environments=[environment_view(overview, self._context, now) for overview in overviews],
            names=names,
            history=[deployment_view(deployment, self._context, now) for deployment in page.items],
            wanted=wanted,
            is_first=cursor is None,
            older=page.next,
        )

    def deployment(self, request: Request) -> Response:
        """One deployment and its audit. 404: no such deployment. 400: a cursor that this never gave out."""
        now, given = self._context.clock.now(), str(request.path_params["id"])
        cursor = request.query_params.get("cursor")
        with self._context.store.read() as unit:
            found = unit.deployments.get(given) if NAME.fullmatch(given) else None
            if found is None:
                raise Missing(f"No deployment is called {given[:80]!r}.")
            overview = unit.overviews.about(found)
            audit = unit.audit.page(deployment=given, limit=AUDIT_LINES, cursor=cursor)
        shown = deployment_in_full(found, overview, self._context, now)
        is_first = cursor is None
        return self._pages.page(
            "deployment.html", now, deployment=shown, audit=audit.items, is_first=is_first, older=audit.next
        )

    def _problem(self, status: HTTPStatus, title: str, told: str, code: str = "") -> Response:
        return self._pages.page("problem.html", self._context.clock.now(), status, title=title, told=told, code=code)
