"""Signing in and out. Until GitHub has said who somebody is, nothing is stored: what must come back is in a cookie."""

import hmac
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.dashboard.doors import SIGN_IN, Doors
from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import only_cookie, own_path
from controller.domain.errors import TidegateError
from controller.domain.people import Caller, Via
from controller.inbox.limits import Limit, neighbourhood

log = structlog.get_logger()

BACK = f"{SIGN_IN}/callback"
BEGUN_SECONDS = 600
"""GitHub's codes are good for ten minutes."""

LONGEST_CODE = 200
MOST_STEPS, STEPS_WITHIN = 60, timedelta(minutes=1)
"""Of one address: whoever signs in takes two, and the second one asks GitHub."""


class Entrance:
    def __init__(self, doors: Doors) -> None:
        context, self._pages, self._visitors = doors.context, doors.pages, doors.visitors
        self._sign_in, self._doorkeeper, self._rights = context.sign_in, context.doorkeeper, context.rights
        self._clock = context.clock
        self._steps = Limit(context.clock, MOST_STEPS, STEPS_WITHIN)
        self._cookie = "__Host-tidegate-sign-in" if doors.visitors.is_secure else "tidegate-sign-in"

    def begin(self, request: Request) -> Response:
        """303 to GitHub. 404: nobody can sign in here. 429: too often."""
        if self._sign_in is None:
            told = "Nobody can sign in here: the operator has not set TIDEGATE_GITHUB_OAUTH_ID and _SECRET."
            return self._problem(HTTPStatus.NOT_FOUND, "No sign-in", told)
        self._steps.take(_neighbourhood(request))
        begun = self._sign_in.begin()
        response = RedirectResponse(begun.address, HTTPStatus.SEE_OTHER, dict(HEADERS))
        kept = f"{begun.state} {begun.verifier} {own_path(request.query_params.get('next', '/'))}"
        response.set_cookie(
            self._cookie,
            kept.encode().hex(),
            max_age=BEGUN_SECONDS,
            path="/",
            secure=self._visitors.is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def finish(self, request: Request) -> Response:
        """303 to where somebody came from, signed in. 400: they did not begin here, or not lately. 403: GitHub did not
        let them go on, or they have no right here: of strangers nothing is kept. 429: too often. 503: GitHub can't be
        asked. A look (HEAD) ends nothing, and uses no code."""
        state, verifier, onward = _kept(only_cookie(request, self._cookie))
        if request.method != "GET":
            return self._problem(HTTPStatus.METHOD_NOT_ALLOWED, "Not signed in", "Only a browser comes back here.")
        code, given = request.query_params.getlist("code"), request.query_params.getlist("state")
        is_ours = len(given) == 1 and state and hmac.compare_digest(given[0].encode(), state.encode())
        if self._sign_in is None or not is_ours:
            told = "This sign-in was not begun in this browser, or too long ago. Begin it again."
            return self._ended(self._problem(HTTPStatus.BAD_REQUEST, "Not signed in", told, onward=onward))
        if len(code) != 1 or not 0 < len(code[0]) <= LONGEST_CODE:
            told = "GitHub did not let you go on: it was refused there, or broken off."
            return self._ended(self._problem(HTTPStatus.FORBIDDEN, "Not signed in", told, onward=onward))
        self._steps.take(_neighbourhood(request))
        try:
            person = self._sign_in.finish(code[0], verifier)
        except TidegateError as error:
            log.warning("not signed in", code=error.code, error=str(error))
            status = HTTPStatus.SERVICE_UNAVAILABLE
            told = "GitHub could not be asked who you are, or did not take its own code. Begin again."
            return self._ended(self._problem(status, "Not signed in", told, error.code, onward))
        if not self._rights.may_look(Caller(person.login, Via.WEB, person)):
            told = f"{person.login} has no right to any repository that is bound here, or GitHub can't be asked."
            return self._ended(self._problem(HTTPStatus.FORBIDDEN, "Not for you", told, onward=onward))
        self._visitors.let_out(request, Response())
        response = RedirectResponse(onward, HTTPStatus.SEE_OTHER, dict(HEADERS))
        self._visitors.let_in(response, self._doorkeeper.sign_in(person))
        return self._ended(response)

    def leave(self, request: Request) -> Response:
        response = RedirectResponse("/", HTTPStatus.SEE_OTHER, dict(HEADERS))
        self._visitors.let_out(request, response)
        return response

    def _ended(self, response: Response) -> Response:
        """What was begun works once."""
        response.delete_cookie(self._cookie, path="/", secure=self._visitors.is_secure, httponly=True, samesite="lax")
        return response

    def _problem(self, status: HTTPStatus, title: str, told: str, code: str = "", onward: str = "/") -> Response:
        again = f"{SIGN_IN}?next={quote(onward, safe='')}" if self._sign_in is not None else ""
        return self._pages.problem(self._clock.now(), status, title, told, code, again=again)


def _neighbourhood(request: Request) -> str:
    return neighbourhood(request.client.host) if request.client else ""


def _kept(cookie: str) -> tuple[str, str, str]:
    """State, verifier and path; three empty ones of what is not ours."""
    try:
        state, verifier, path = bytes.fromhex(cookie).decode().split(" ")
    except ValueError:
        return "", "", "/"
    return state, verifier, own_path(path)
