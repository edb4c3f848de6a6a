"""The routes of this room: pages that read, forms that leave an answer, and the files that they are drawn with."""

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from controller.dashboard.approvals import approval_view, order_number
from controller.dashboard.context import DashboardContext
from controller.dashboard.entrance import BACK, WAY, Entrance
from controller.dashboard.pages import HEADERS, Pages
from controller.dashboard.views import deployment_in_full, deployment_view, environment_view
from controller.dashboard.visiting import NotYours, TooLarge, TooSlow, Visitor, Visitors, read_form
from controller.domain.deployment import Deployment, Phase
from controller.domain.errors import Conflict, TidegateError
from controller.domain.orders import ANSWERS, OrderKind, Wish
from controller.domain.people import Caller, Role
from controller.inbox.doorkeeper import EntryRefused
from controller.inbox.limits import TooOften
from controller.inbox.rights import Forbidden
from controller.inbox.wishes import OrderRefused
from controller.store import BadCursor

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
ROWS = 25
AUDIT_LINES = 50
NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
UNSAID = {OrderKind.APPROVE: "looked at the plan", OrderKind.REVOKE: "took it back"}
"""Answers that need no reason, and what is written down for them."""

Form = dict[str, str]
Page = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Caller, Form], Response]


def routes(context: DashboardContext) -> list[BaseRoute]:
    dashboard = Dashboard(context)
    entrance = dashboard.entrance
    return [
        Route("/", dashboard.shown(dashboard.home), methods=["GET"], name="dashboard"),
        Route("/deployments/{id}", dashboard.shown(dashboard.deployment), methods=["GET"], name="deployment"),
        Route("/approvals/{id}", dashboard.shown(dashboard.approval), methods=["GET"], name="approval"),
        Route("/approvals/{id}", dashboard.done(dashboard.answer), methods=["POST"], name="answer"),
        Route(WAY, dashboard.open_to_all(entrance.begin), methods=["GET"], name="sign-in"),
        Route(BACK, dashboard.open_to_all(entrance.finish), methods=["GET"], name="signed-in"),
        Route(
            "/sign-out", dashboard.done(lambda request, *_: entrance.leave(request)), methods=["POST"], name="sign-out"
        ),
        Route("/me", dashboard.shown(dashboard.me), methods=["GET"], name="me"),
        Route("/me/tokens", dashboard.done(dashboard.mine(dashboard.make_token)), methods=["POST"], name="make-token"),
        Route("/me/slack", dashboard.done(dashboard.mine(dashboard.make_code)), methods=["POST"], name="make-code"),
        Route("/me/slack/untie", dashboard.done(dashboard.mine(dashboard.untie)), methods=["POST"], name="untie"),
        Route(
            "/me/tokens/{token}",
            dashboard.done(dashboard.mine(dashboard.revoke_token)),
            methods=["POST"],
            name="revoke-token",
        ),
        Mount("/static", Files(directory=STATIC), name="static"),
    ]


class Files(StaticFiles):
    """Style sheet, script and icon: never taken for anything else by a browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


class Missing(Exception):
    """There is nothing of this name; the message says so to people."""


class Dashboard:
    def __init__(self, context: DashboardContext) -> None:
        self._context, self._pages = context, Pages(context.version, can_sign_in=context.sign_in is not None)
        self._visitors = Visitors(context.doorkeeper, context.rights, context.anonymous, context.public)
        self.entrance = Entrance(
            context.sign_in, context.doorkeeper, context.rights, self._visitors, context.clock, self._pages
        )

    # ---------------------------------------------------------------- who is let in

    def shown(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page that reads, for whoever may look."""

        def work(request: Request) -> Response:
            visitor = self._visitors.visitor(request)
            return page(request, visitor) if visitor.may_look else self._sent_to_sign_in(request, visitor)

        return self.open_to_all(work)

    def done(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """A form: of somebody who has signed in, sent from a page of ours."""

        async def endpoint(request: Request) -> Response:
            try:
                form = await read_form(request)
            except TooLarge as error:
                return self._problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too much", str(error))
            except TooSlow as error:
                return self._problem(HTTPStatus.REQUEST_TIMEOUT, "Too slow", str(error))
            except NotYours as error:
                return self._problem(HTTPStatus.FORBIDDEN, "Not done", str(error))
            work = self.open_to_all(lambda asked: act(asked, self._visitors.check_form(asked, form), form))
            return await work(request)

        return endpoint

    def mine(self, act: Act) -> Act:
        """Of one's own page: whoever has lost every right changes nothing there."""

        def work(request: Request, caller: Caller, form: Form) -> Response:
            if not self._context.rights.may_look(caller):
                raise NotYours(f"{caller.name} has no right here any more, or GitHub can't be asked.")
            return act(request, caller, form)

        return work

    def open_to_all(self, work: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """The answer, made in a thread; or a page that says what is wrong."""

        async def endpoint(request: Request) -> Response:
            try:
                return await run_in_threadpool(work, request)
            except Missing as error:
                return self._problem(HTTPStatus.NOT_FOUND, "There is nothing here", str(error))
            except (NotYours, Forbidden) as error:
                return self._problem(HTTPStatus.FORBIDDEN, "Not done", str(error))
            except BadCursor:
                told = "This link to older entries was cut off or changed on its way here. Start from the newest."
                return self._problem(HTTPStatus.BAD_REQUEST, "The link is broken", told)
            except TooOften as error:
                response = self._problem(HTTPStatus.TOO_MANY_REQUESTS, "Too often", "Wait a moment, and try again.")
                response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
                return response
            except TidegateError as error:
                log.warning("page not shown", path=request.url.path, code=error.code, error=str(error))
                told = "The controller can't read what it needs now. What runs goes on running; try again in a moment."
                return self._problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not now", told, error.code)

        return endpoint

    def _sent_to_sign_in(self, request: Request, visitor: Visitor) -> Response:
        if visitor.caller is not None:
            told = f"{visitor.login} has no right to any repository that is bound here, or GitHub can't be asked."
            return self._problem(HTTPStatus.FORBIDDEN, "Not for you", told)
        if self._context.sign_in is None:
            told = "These pages are for people who have signed in, and the operator has not set up how."
            return self._problem(HTTPStatus.FORBIDDEN, "Not for everybody", told)
        return RedirectResponse(f"{WAY}?next={quote(_here(request), safe='')}", HTTPStatus.SEE_OTHER, dict(HEADERS))

    # ---------------------------------------------------------------- pages that read

    def home(self, request: Request, visitor: Visitor) -> Response:
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
            here=_here(request),
            environments=[environment_view(overview, self._context, now) for overview in overviews],
            names=names,
            history=[deployment_view(deployment, self._context, now) for deployment in page.items],
            wanted=wanted,
            is_first=cursor is None,
            older=page.next,
        )

    def deployment(self, request: Request, visitor: Visitor) -> Response:
        """One deployment and its audit. 404: no such deployment. 400: a cursor that this never gave out."""
        now, found = self._context.clock.now(), self._found(request)
        cursor = request.query_params.get("cursor")
        with self._context.store.read() as unit:
            overview = unit.overviews.about(found)
            audit = unit.audit.page(deployment=found.id, limit=AUDIT_LINES, cursor=cursor)
        return self._pages.page(
            "deployment.html",
            now,
            visitor=visitor,
            here=_here(request),
            deployment=deployment_in_full(found, overview, self._context, now),
            audit=audit.items,
            is_first=cursor is None,
            older=audit.next,
        )

    def approval(self, request: Request, visitor: Visitor) -> Response:
        """What would be done, and a form to answer with. 404: no such deployment. Looking changes nothing."""
        return self._approval(request, visitor)

    def me(self, request: Request, visitor: Visitor) -> Response:
        """What somebody may, and their tokens. 303 to sign in."""
        return self._me(visitor) if visitor.caller else self._sent_to_sign_in(request, visitor)

    # ---------------------------------------------------------------- forms

    def answer(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back to the page, which says what became of it. 403: whoever it is may not. 422: it does not count."""
        found = self._found(request)
        kind = OrderKind(form["answer"]) if form.get("answer") in set(map(str, ANSWERS)) else None
        if kind is None:
            raise NotYours("This is not what a form of this controller sends.")
        reason = form.get("reason", "").strip() or UNSAID.get(kind, "")
        wish, link = Wish(plan=form.get("plan") or None), form.get("link", "")
        if link and not self._is_good(link, found, caller):
            told = "This link is over, or not yours: it was used, it expired, or another plan waits by now."
            return self._approval(request, self._visitors.visitor(request), HTTPStatus.FORBIDDEN, told)
        try:
            number = self._context.orders.leave(kind, found.environment, found.id, reason, caller, wish)
        except (OrderRefused, Forbidden) as error:
            is_forbidden = isinstance(error, Forbidden)
            status = HTTPStatus.FORBIDDEN if is_forbidden else HTTPStatus.UNPROCESSABLE_ENTITY
            visitor = self._visitors.visitor(request)
            return self._approval(request, visitor, status, f"{error}.", form.get("reason", ""))
        if link:
            self._context.links.use(link)
        where = f"/approvals/{quote(found.id)}?order={number}"
        return RedirectResponse(where, HTTPStatus.SEE_OTHER, dict(HEADERS))

    def _is_good(self, text: str, deployment: Deployment, caller: Caller) -> bool:
        """A link is good for whom it was made, about this plan."""
        link = self._context.links.read(text)
        waits = deployment.asked.plan.digest if deployment.asked else None
        if link is None or caller.person is None or link.person.id != caller.person.id:
            return False
        return (link.deployment, link.plan) == (deployment.id, waits)

    def make_token(self, request: Request, caller: Caller, form: Form) -> Response:
        """The page with the token, once. 422: a name, role or time that can't be."""
        visitor = self._visitors.visitor(request)
        role, days = form.get("role", "").upper(), form.get("days", "").strip()
        lasts = timedelta(days=int(days)) if days.isascii() and days.isdecimal() and len(days) < 5 else None
        if role not in Role.__members__ or (days and lasts is None):
            return self._me(visitor, refusal="A token needs a role, and a number of days.")
        try:
            text, _ = self._context.doorkeeper.make_token(
                form.get("name", ""), Role[role], caller.person, caller, lasts
            )
        except (EntryRefused, Conflict) as error:
            return self._me(visitor, refusal=f"{error}.")
        return self._me(visitor, made=text)

    def revoke_token(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back. 404: no such token of theirs."""
        given = str(request.path_params["token"])
        number = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else -1
        assert caller.person is not None, "a program has no session"
        if not self._context.doorkeeper.revoke_token(number, caller, caller.person.id):
            raise Missing("You have no such token.")
        return RedirectResponse("/me", HTTPStatus.SEE_OTHER, dict(HEADERS))

    def make_code(self, request: Request, caller: Caller, form: Form) -> Response:
        """The page with a code to type in Slack, once. 404: there is no Slack app."""
        if self._context.slack is None or caller.person is None:
            raise Missing("There is no Slack app here.")
        return self._me(self._visitors.visitor(request), code=self._context.slack.make_code(caller.person))

    def untie(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back; the Slack account is nobody's then. 404: there is no Slack app."""
        if self._context.slack is None or caller.person is None:
            raise Missing("There is no Slack app here.")
        self._context.slack.untie(caller.person)
        return RedirectResponse("/me", HTTPStatus.SEE_OTHER, dict(HEADERS))

    # ---------------------------------------------------------------- how they are drawn

    def _approval(
        self,
        request: Request,
        visitor: Visitor,
        status: HTTPStatus = HTTPStatus.OK,
        refusal: str = "",
        reason: str = "",
    ) -> Response:
        """Nobody is looked up on GitHub for somebody who has not signed in."""
        now, found = self._context.clock.now(), self._found(request)
        number = order_number(request.query_params.get("order", ""))
        with self._context.store.read() as unit:
            live = unit.deployments.live(found.environment)
            order = unit.orders.get(number) if number is not None else None
        binding, caller = self._context.bindings.get(found.environment), visitor.caller
        is_asked = caller is not None and binding is not None and found.phase is Phase.WAITING
        ballot = self._context.rights.polls.ballot(found, binding) if is_asked and binding else None
        is_theirs = order is not None and caller is not None and order.by == caller.person
        answered = order if is_theirs and order is not None and order.deployment == found.id else None
        shown = approval_view(found, live, ballot, caller, answered, self._context, now)
        given = request.query_params.get("link", "")
        link = self._context.links.read(given) if given else None
        values = {"given": given if link is not None else "", "of": link.person.login if link is not None else ""}
        is_over = bool(given) and (link is None or link.deployment != found.id or link.plan != shown.plan)
        here = f"/approvals/{found.id}" + (f"?link={given}" if link is not None else "")
        return self._pages.page(
            "approval.html",
            now,
            status,
            visitor,
            here=here,
            shown=shown,
            refusal=refusal,
            reason=reason,
            link=values,
            is_link_over=is_over,
        )

    def _me(self, visitor: Visitor, made: str = "", refusal: str = "", code: str = "") -> Response:
        assert visitor.caller is not None and visitor.caller.person is not None, "a session is a person's"
        person = visitor.caller.person
        with self._context.store.read() as unit:
            mine = [token for token in unit.tokens.all() if token.owner is not None and token.owner.id == person.id]
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK
        values: dict[str, Any] = {
            "person": person,
            "roles": self._roles(visitor.caller),
            "tokens": [token for token in mine if token.revoked_at is None],
            "made": made,
            "refusal": refusal,
            "code": code,
            "has_slack": self._context.slack is not None,
            "account": self._context.slack.account(person) if self._context.slack is not None else None,
        }
        return self._pages.page("me.html", self._context.clock.now(), status, visitor, here="/me", **values)

    def _roles(self, caller: Caller) -> Mapping[str, str]:
        """In each environment; a token that was just made is shown also while GitHub can't be asked."""
        try:
            return {name: self._context.rights.role(caller, name).words for name in self._context.bindings}
        except TidegateError as error:
            return dict.fromkeys(self._context.bindings, f"can't be told now: {error}")

    def _found(self, request: Request) -> Deployment:
        given = str(request.path_params["id"])
        with self._context.store.read() as unit:
            found = unit.deployments.get(given) if NAME.fullmatch(given) else None
        if found is None:
            raise Missing(f"No deployment is called {given[:80]!r}.")
        return found

    def _problem(self, status: HTTPStatus, title: str, told: str, code: str = "") -> Response:
        return self._pages.problem(self._context.clock.now(), status, title, told, code)


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
