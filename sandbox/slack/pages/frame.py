"""What all pages share: who looks, the guard of forms, headers, and turning values into HTML."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.slack.mrkdwn import Reader
from sandbox.slack.people import PEOPLE, TEAM_NAME, User
from sandbox.slack.state import State

PERSON, SESSION = "sandbox_slack_person", "sandbox_slack_session"
"""Cookies. Browsers send them to every port of this host: nothing in them opens anything elsewhere."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class Problem(Exception):
    """A page that says no."""

    def __init__(self, status: HTTPStatus, told: str) -> None:
        super().__init__(told)
        self.status, self.told = status, told


@dataclass(frozen=True)
class Visitor:
    """A browser: its session, and who sits there. `user` is None until somebody has said so."""

    session: str
    is_new: bool
    user: User | None


class Frame:
    def __init__(self, state: State) -> None:
        self.state = state
        self._templates = Environment(
            loader=PackageLoader("sandbox.slack.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"team": TEAM_NAME, "people": PEOPLE}

    def visitor(self, request: Request) -> Visitor:
        session = request.cookies.get(SESSION, "")
        user = self.state.members.with_id(request.cookies.get(PERSON, ""))
        made = session or secrets.token_urlsafe(18)
        return Visitor(made, not session, None if user is None or user.is_bot else user)

    def guard(self, visitor: Visitor) -> str:
        return self.state.app.guard(visitor.session)

    async def form(self, request: Request) -> tuple[Visitor, FormData]:
        """A form of our own pages. Raises `Problem` 403 for one that comes from anywhere else."""
        visitor, form = self.visitor(request), await request.form()
        given = str(form.get("guard", "")).encode()
        is_ours = hmac.compare_digest(given, self.guard(visitor).encode()) and not visitor.is_new
        if not is_ours or not self._is_from_here(request):
            raise Problem(
                HTTPStatus.FORBIDDEN, "This form is not from this page, or the page is too old. Load it again."
            )
        return visitor, form

    def _is_from_here(self, request: Request) -> bool:
        """By what browsers say of themselves; what is no browser says nothing."""
        own = {self.state.origin, self.state.origin.replace("127.0.0.1", "localhost")}
        is_own = request.headers.get("origin", self.state.origin) in own
        return is_own and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"

    def page(
        self, request: Request, visitor: Visitor, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> Response:
        """With an ETag, so that looking again costs nothing."""
        html = self._templates.get_template(template).render(guard=self.guard(visitor), **values).encode()
        etag = f'"{hashlib.sha256(html).hexdigest()[:32]}"'
        if status is HTTPStatus.OK and request.headers.get("if-none-match") == etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**HEADERS, "ETag": etag})
        answer = HTMLResponse(html, status, {**HEADERS, "ETag": etag})
        if visitor.is_new:
            answer.set_cookie(SESSION, visitor.session, httponly=True, samesite="lax")
        return answer

    def problem(self, request: Request, problem: Problem) -> Response:
        visitor = self.visitor(request)
        return self.page(
            request, visitor, "problem.html", problem.status, title=problem.status.phrase, told=problem.told
        )

    def reader(self) -> Reader:
        users = {user.id: user.real_name for user in self.state.members.everyone}
        channels = {each.id: each.name for each in self.state.channels.values() if not each.is_direct}
        return Reader(self.state.now(), users, channels)


def onward(path: str) -> Response:
    """To a page of ours, by GET."""
    target = path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
    return RedirectResponse(target, HTTPStatus.SEE_OTHER, HEADERS)
