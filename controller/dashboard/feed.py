"""The newest deployments as an Atom feed (RFC 4287): each is an entry, which is updated as it goes on."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID, uuid5
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.doors import Doors, Missing
from controller.dashboard.pages import HEADERS
from controller.dashboard.views import version_view
from controller.domain.deployment import Deployment
from controller.domain.people import Caller

ENTRIES = 50
ATOM = "http://www.w3.org/2005/Atom"
KIND = "application/atom+xml; charset=utf-8"
OURS = UUID("5f0f8a1e-6d0b-5c39-9a64-1c6f8f3f7a10")
"""What the ids of feeds and entries are made under: the same wherever the pages are reached at."""

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
ASKS = 'Bearer realm="tidegate", Basic realm="tidegate"'


class Feed:
    def __init__(self, doors: Doors) -> None:
        self._context, self._visitors = doors.context, doors.visitors

    def show(self, request: Request) -> Response:
        """The feed, of one environment where `environment` names it. 304: it is as it was. 401: it is for those who
        have signed in, or send a token. 403: not for them. 404: no such environment."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        wanted = request.query_params.get("environment") or None
        with self._context.store.read() as unit:
            if wanted is not None and wanted not in {each.name for each in unit.environments.all()}:
                raise Missing(f"No environment is called {wanted[:80]!r}.")
            found = unit.deployments.page(environment=wanted, limit=ENTRIES).items
        body = self._written(found, wanted, (self._context.public or str(request.base_url)).rstrip("/"))
        changed = max(map(updated, found), default=BEFORE_ALL)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            **HEADERS,
            "Cache-Control": "private, no-cache",
            "ETag": tag,
            "Last-Modified": format_datetime(changed.replace(microsecond=0), usegmt=True),
            "Vary": "Authorization, Cookie",
        }
        if _is_known(request, tag, changed):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, headers=headers, media_type=KIND)

    def _refusal(self, request: Request) -> Response | None:
        """As the pages: whoever may look without signing in; else by a session, or by a token of the API."""
        visitor, token = self._visitors.visitor(request), _token(request)
        caller: Caller | None = self._context.doorkeeper.by_token(token) if token else visitor.caller
        if visitor.may_look and not token:
            return None
        if caller is None:
            told = "Send a token of the API: as Bearer, or as the password of Basic.\n"
            return _plain(HTTPStatus.UNAUTHORIZED, told, {"WWW-Authenticate": ASKS})
        if not self._context.rights.may_look(caller):
            return _plain(HTTPStatus.FORBIDDEN, f"{caller.name} has no right here, or GitHub can't be asked.\n")
        return None

    def _written(self, found: Sequence[Deployment], environment: str | None, public: str) -> bytes:
        query = f"?environment={quote(environment)}" if environment else ""
        feed = ElementTree.Element("feed", {"xmlns": ATOM})
        _add(feed, "id", _urn(f"feed {environment or ''}"))
        _add(feed, "title", f"Deployments of {environment}" if environment else "Deployments")
        _add(feed, "updated", _spelled(max(map(updated, found), default=BEFORE_ALL)))
        ElementTree.SubElement(feed, "link", {"rel": "self", "href": f"{public}/feed.atom{query}"})
        ElementTree.SubElement(feed, "link", {"rel": "alternate", "href": f"{public}/history{query}"})
        _add(ElementTree.SubElement(feed, "author"), "name", "Tidegate")
        _add(feed, "generator", "Tidegate")
        for deployment in found:
            self._entry(feed, deployment, public)
        written: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
        return written

    def _entry(self, feed: ElementTree.Element, deployment: Deployment, public: str) -> None:
        entry, version = ElementTree.SubElement(feed, "entry"), version_view(deployment.revision, self._context)
        _add(entry, "id", _urn(f"{deployment.id} {deployment.created_at.isoformat()}"))
        _add(entry, "title", f"{deployment.id} {deployment.state.text}: {version.name} {version.title}")
        _add(entry, "updated", _spelled(updated(deployment)))
        _add(entry, "published", _spelled(deployment.created_at))
        href = f"{public}/deployments/{quote(deployment.id)}"
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": href})
        ElementTree.SubElement(entry, "category", {"term": deployment.environment})
        for author in deployment.revision.commit.authors:
            _add(ElementTree.SubElement(entry, "author"), "name", author.login or author.name)
        _add(entry, "summary", deployment.why.text)


def updated(deployment: Deployment) -> datetime:
    """When something of it changed last that is written down with a time."""
    steps = (moment for step in deployment.steps for moment in (step.started_at, step.finished_at))
    given = (deployment.created_at, deployment.started_at, deployment.finished_at, *steps)
    also = (deployment.pause.since if deployment.pause else None, *(vote.at for vote in deployment.votes))
    return max(moment for moment in (*given, *also) if moment is not None)


def _is_known(request: Request, tag: str, changed: datetime) -> bool:
    """RFC 9110, 13.2.2: If-Modified-Since counts only where no tag is given."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed.replace(microsecond=0) <= since


def _token(request: Request) -> bytes:
    """Of `Bearer`, or the password of `Basic`, which is what most readers of feeds can send; empty without one."""
    given = request.headers.getlist("authorization")
    scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() == "bearer":
        return text.strip().encode("latin-1")
    try:
        _, _, password = base64.b64decode(text if scheme.lower() == "basic" else "", validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return b""
    return password


def _plain(status: HTTPStatus, told: str, headers: dict[str, str] | None = None) -> Response:
    return Response(told, status, {**HEADERS, **(headers or {})}, "text/plain; charset=utf-8")


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _writable(text)


def _writable(text: str) -> str:
    """What XML 1.0 can hold: https://www.w3.org/TR/xml/#charsets.

    >>> _writable("red \\x1b[31m and a tab\\t")
    'red \\ufffd[31m and a tab\\t'
    """
    return "".join(each if _is_writable(ord(each)) else "\ufffd" for each in text)


def _is_writable(code: int) -> bool:
    return code in {0x9, 0xA, 0xD} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _urn(what: str) -> str:
    return uuid5(OURS, what).urn


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
