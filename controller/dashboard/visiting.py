"""Who looks at a page, and whether a form is really theirs."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from controller.dashboard.hub import Hub
from controller.domain.people import Caller, Role
from controller.inbox.doorkeeper import LONGEST, Doorkeeper, form_token
from controller.inbox.rights import Rights

LARGEST_FORM = 16 * 1024
MOST_FIELDS = 20
FORM_SECONDS = 10.0
FORM = "application/x-www-form-urlencoded"
SECRET_FIELD = "form"  # noqa: S105 - a field's name


class NotYours(Exception):
    """The form was not sent from a page of ours by whoever has signed in; the message says so to people."""


class TooLarge(Exception):
    """The form holds more than anybody writes."""


class TooSlow(Exception):
    """The form did not arrive in time, or not as a whole."""


@dataclass(frozen=True)
class Visitor:
    """`caller` is None of somebody who has not signed in; `form` is what their forms carry. `since` names the last
    change before they came: their page may have missed none but those after it."""

    caller: Caller | None
    may_look: bool
    form: str = ""
    since: str = ""

    @property
    def login(self) -> str:
        return self.caller.name if self.caller else ""


NOBODY = Visitor(None, may_look=False)


class Visitors:
    """`public` is the address that people reach the pages at; over https its cookie can't be set by a neighbour."""

    def __init__(self, doorkeeper: Doorkeeper, rights: Rights, hub: Hub, anonymous: Role, public: str) -> None:
        self._doorkeeper, self._rights, self._hub, self._anonymous = doorkeeper, rights, hub, anonymous
        self._is_secure = public.startswith("https://")
        self._origin = _origin(public)
        self.cookie = "__Host-tidegate" if self._is_secure else "tidegate"

    def visitor(self, request: Request, is_used: bool = True) -> Visitor:
        """`is_used`: somebody does something here now, and their session lasts on."""
        session, since = only_cookie(request, self.cookie), self._hub.event
        caller = self._doorkeeper.by_session(session, is_used) if session else None
        if caller is None:
            return Visitor(None, self._anonymous >= Role.VIEWER, since=since)
        may_look = self._anonymous >= Role.VIEWER or self._rights.may_look(caller)
        return Visitor(caller, may_look, form_token(session), since)

    def check_form(self, request: Request, given: Mapping[str, str]) -> Caller:
        """Who sent it. `NotYours` for whoever has not signed in, and for what another site has sent in their name."""
        visitor = self.visitor(request)
        if visitor.caller is None:
            raise NotYours("Nobody is signed in here any more: sign in, and do it once more.")
        self.check_origin(request)
        if not hmac.compare_digest(given.get(SECRET_FIELD, "").encode(), visitor.form.encode()):
            raise NotYours("This form is from before you signed in: open the page anew, and do it once more.")
        return visitor.caller

    def check_origin(self, request: Request) -> None:
        """https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site: a browser that knows it
        always says where a form comes from; all of them say the origin of one that is posted."""
        origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
        if origins != [self._origin or _origin(str(request.base_url))]:
            raise NotYours("This form did not come from a page of this controller.")
        if sites not in ([], ["same-origin"]):
            raise NotYours("This form did not come from a page of this controller.")

    def let_in(self, response: Response, session: str) -> None:
        age = int(LONGEST.total_seconds())
        response.set_cookie(
            self.cookie, session, max_age=age, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def let_out(self, request: Request, response: Response) -> None:
        self._doorkeeper.sign_out(only_cookie(request, self.cookie))
        response.delete_cookie(self.cookie, path="/", secure=self._is_secure, httponly=True, samesite="lax")

    @property
    def is_secure(self) -> bool:
        return self._is_secure


async def read_form(request: Request) -> dict[str, str]:
    """Fields that are given once. `TooLarge`, `TooSlow`, and `NotYours` for what no form of ours would send."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise NotYours("This is not what a form of this controller sends.")
    try:
        with anyio.fail_after(FORM_SECONDS):
            body = await _gathered(request)
    except TimeoutError as error:
        raise TooSlow(f"The form did not arrive within {FORM_SECONDS:g} seconds.") from error
    except ClientDisconnect as error:
        raise TooSlow("The connection closed before the form was complete.") from error
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise NotYours("This is not what a form of this controller sends.") from error
    found = dict(fields)
    if len(found) != len(fields):
        raise NotYours("This is not what a form of this controller sends.")
    return found


async def _gathered(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise TooLarge(f"A form of more than {LARGEST_FORM // 1024} KiB is not read.")
    return body


def only_cookie(request: Request, name: str) -> str:
    """Empty where it is given twice: whoever set the other one may be a neighbour, and the browser does not say."""
    pairs = (part.partition("=") for line in request.headers.getlist("cookie") for part in line.split(";"))
    given = [value.strip() for found, _, value in pairs if found.strip() == name]
    return given[0] if len(given) == 1 else ""


USUAL_PORTS = {"http": 80, "https": 443}


def _origin(address: str) -> str:
    """As a browser spells it: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin

    >>> _origin("https://tidegate.example.com/"), _origin("HTTPS://Tidegate.Example.com:443"), _origin("")
    ('https://tidegate.example.com', 'https://tidegate.example.com', '')
    """
    parts = urlsplit(address)
    if not parts.scheme or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, USUAL_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def own_path(given: str) -> str:
    """Where to go on after signing in: a page here, or the first one.

    >>> own_path("/approvals/prod-3?order=7"), own_path("//evil.example"), own_path("/\\\\evil.example")
    ('/approvals/prod-3?order=7', '/', '/')
    """
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    is_own = given.startswith("/") and not given.startswith("//") and not parts.scheme and not parts.netloc
    is_plain = given.isascii() and given.isprintable() and "\\" not in given and " " not in given
    return given if is_own and is_plain and len(given) <= LONGEST_PATH else "/"


LONGEST_PATH = 500
