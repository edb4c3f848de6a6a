"""Who is let in to a page, and what a page says that can't be shown."""

import math
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.dashboard.context import DashboardContext
from controller.dashboard.pages import HEADERS, Pages
from controller.dashboard.visiting import NotYours, TooLarge, TooSlow, Visitor, Visitors, read_form
from controller.domain.deployment import Deployment
from controller.domain.errors import TidegateError
from controller.domain.people import Caller
from controller.inbox.limits import TooOften
from controller.inbox.rights import Forbidden
from controller.store import BadCursor

log = structlog.get_logger()

NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
SIGN_IN = "/sign-in"

Form = dict[str, str]
Page = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Caller, Form], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Missing(Exception):
    """There is nothing of this name; the message says so to people."""


class Doors:
    """`pages` draws, `visitors` knows who looks."""

    def __init__(self, context: DashboardContext) -> None:
        self.context, self.pages = context, Pages(context.version, can_sign_in=context.sign_in is not None)
        self.visitors = Visitors(context.doorkeeper, context.rights, context.hub, context.anonymous, context.public)

    def shown(self, page: Page) -> Endpoint:
        """A page that reads, for whoever may look."""

        def work(request: Request) -> Response:
            visitor = self.visitors.visitor(request)
            return page(request, visitor) if visitor.may_look else self.sent_to_sign_in(request, visitor)

        return self.open_to_all(work)

    def done(self, act: Act) -> Endpoint:
        """A form: of somebody who has signed in, sent from a page of ours."""

        async def endpoint(request: Request) -> Response:
            try:
                form = await read_form(request)
            except TooLarge as error:
                return self.problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too much", str(error))
            except TooSlow as error:
                return self.problem(HTTPStatus.REQUEST_TIMEOUT, "Too slow", str(error))
            except NotYours as error:
                return self.problem(HTTPStatus.FORBIDDEN, "Not done", str(error))
            work = self.open_to_all(lambda asked: act(asked, self.visitors.check_form(asked, form), form))
            return await work(request)

        return endpoint

    def mine(self, act: Act) -> Act:
        """Of one's own page: whoever has lost every right changes nothing there."""

        def work(request: Request, caller: Caller, form: Form) -> Response:
            if not self.context.rights.may_look(caller):
                raise NotYours(f"{caller.name} has no right here any more, or GitHub can't be asked.")
            return act(request, caller, form)

        return work

    def open_to_all(self, work: Callable[[Request], Response]) -> Endpoint:
        """The answer, made in a thread; or a page that says what is wrong."""

        async def endpoint(request: Request) -> Response:
            try:
                return await run_in_threadpool(work, request)
            except Missing as error:
                return self.problem(HTTPStatus.NOT_FOUND, "There is nothing here", str(error))
            except (NotYours, Forbidden) as error:
                return self.problem(HTTPStatus.FORBIDDEN, "Not done", str(error))
            except BadCursor:
                told = "This link to older entries was cut off or changed on its way here. Start from the newest."
                return self.problem(HTTPStatus.BAD_REQUEST, "The link is broken", told)
            except TooOften as error:
                response = self.problem(HTTPStatus.TOO_MANY_REQUESTS, "Too often", "Wait a moment, and try again.")
                response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
                return response
            except TidegateError as error:
                log.warning("page not shown", path=request.url.path, code=error.code, error=str(error))
                told = "The controller can't read what it needs now. What runs goes on running; try again in a moment."
                return self.problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not now", told, error.code)

        return endpoint

    def sent_to_sign_in(self, request: Request, visitor: Visitor) -> Response:
        if visitor.caller is not None:
            told = f"{visitor.login} has no right to any repository that is bound here, or GitHub can't be asked."
            return self.problem(HTTPStatus.FORBIDDEN, "Not for you", told)
        if self.context.sign_in is None:
            told = "These pages are for people who have signed in, and the operator has not set up how."
            return self.problem(HTTPStatus.FORBIDDEN, "Not for everybody", told)
        return RedirectResponse(f"{SIGN_IN}?next={quote(here(request), safe='')}", HTTPStatus.SEE_OTHER, dict(HEADERS))

    def found(self, request: Request) -> Deployment:
        """The one that a path names."""
        given = str(request.path_params["id"])
        with self.context.store.read() as unit:
            found = unit.deployments.get(given) if NAME.fullmatch(given) else None
        if found is None:
            raise Missing(f"No deployment is called {given[:80]!r}.")
        return found

    def problem(self, status: HTTPStatus, title: str, told: str, code: str = "") -> Response:
        return self.pages.problem(self.context.clock.now(), status, title, told, code)


def here(request: Request) -> str:
    """Where somebody comes back to who signs in."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
