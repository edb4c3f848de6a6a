"""Everything that all REST calls share: tokens, JSON, paging, ETags, rate limits, errors.

https://docs.github.com/en/rest/using-the-rest-api
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.github.api.call import Call, Handler, Page, Reply, Rest
from sandbox.github.apps import Apps
from sandbox.github.desk import Desk
from sandbox.github.errors import ApiError
from sandbox.github.git.store import NotFoundError
from sandbox.github.links import Links
from sandbox.github.people import MACHINE, Person

DOCUMENTATION = "https://docs.github.com/rest"
RATE_LIMIT = 5000
RATE_WINDOW_SECONDS = 3600
MAX_BODY_BYTES = 25 * 2**20


@dataclass
class RateLimits:
    """Calls counted per token and hour; GitHub does not count answers of 304."""

    used: dict[tuple[str, int], int] = field(default_factory=dict)

    def headers(self, token: str, now: float, *, counted: bool) -> dict[str, str]:
        window = int(now // RATE_WINDOW_SECONDS)
        key = (hashlib.sha256(token.encode()).hexdigest(), window)
        self.used[key] = self.used.get(key, 0) + counted
        return {
            "X-RateLimit-Limit": str(RATE_LIMIT),
            "X-RateLimit-Remaining": str(max(0, RATE_LIMIT - self.used[key])),
            "X-RateLimit-Used": str(self.used[key]),
            "X-RateLimit-Reset": str((window + 1) * RATE_WINDOW_SECONDS),
            "X-RateLimit-Resource": "core",
        }


@dataclass
class Misbehaviour:
    """The next `count` REST calls to an address that ends with `where` answer `status` instead."""

    status: int = 0
    count: int = 0
    where: str = ""

    def check(self, path: str) -> None:
        if self.count and path.endswith(self.where):
            self.count -= 1
            raise ApiError(self.status, "The sandbox was told to answer this")


@dataclass
class Frame:
    """Turns handlers into routes."""

    desk: Desk
    apps: Apps
    limits: RateLimits = field(default_factory=RateLimits)
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)

    def routes(self, calls: Sequence[Rest]) -> list[Route]:
        return [Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in calls]

    def _endpoint(self, handler: Handler) -> Any:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                self.misbehaviour.check(request.url.path)
                call = self._call(request, body)
                reply = await self.desk.do(lambda: _finished(handler(call), call))
            except ApiError as error:
                reply = _refusal(error)
            except NotFoundError as error:
                reply = _refusal(ApiError(404, str(error)))
            return self._send(reply, request)

        return endpoint

    def _call(self, request: Request, body: bytes) -> Call:
        token = _token(request)
        links = Links(f"{request.url.scheme}://{request.url.netloc}")
        by, app_id, installed_app_id = self._caller(token)
        return Call(
            state=self.desk.state,
            links=links,
            by=by,
            address=links.origin + request.url.path,
            path=request.path_params,
            query=request.query_params,
            body=_json(body),
            headers=request.headers,
            app_id=app_id,
            installed_app_id=installed_app_id,
        )

    def _caller(self, token: str) -> tuple[Person, int | None, int | None]:
        """Who a token belongs to: a person, (by a signed JWT) an App itself, or an App's installation."""
        if not token:
            raise ApiError(401, "Requires authentication")
        if token.count(".") == 2:
            return MACHINE, self.apps.app_of(token, self.desk.state.now()), None
        if (person := self.desk.state.people.with_token(token)) is not None:
            return person, None, None
        if (installed := self.apps.installed_as(token, self.desk.state.now())) is not None:
            return MACHINE, None, installed
        raise ApiError(401, "Bad credentials")

    def _send(self, reply: _Finished, request: Request) -> Response:
        headers = dict(reply.headers)
        status, body = reply.status, reply.body
        if request.method in ("GET", "HEAD") and status == 200:
            etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
            headers |= {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"}
            if _matches(request.headers.get("if-none-match", ""), etag):
                status, body = 304, b""
        now = self.desk.state.now().timestamp()
        headers |= self.limits.headers(_token(request), now, counted=status != 304)
        headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        return Response(body, status, headers, media_type=reply.content_type if body else None)


@dataclass(frozen=True)
class _Finished:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def _finished(answer: Any, call: Call) -> _Finished:
    if isinstance(answer, Page):
        return _page(answer, call)
    if isinstance(answer, Reply):
        body = answer.raw if answer.raw is not None else b"" if answer.body is None else _dump(answer.body)
        return _Finished(answer.status, body, answer.content_type, answer.headers)
    return _Finished(200, _dump(answer))


def _page(page: Page, call: Call) -> _Finished:
    number, size = page_of(call)
    shown = page.items[(number - 1) * size : number * size]
    items = [page.shape(item) for item in shown]
    body = items if page.key is None else {"total_count": len(page.items), page.key: items, **page.extra}
    return _Finished(200, _dump(body), headers=link_header(call, len(page.items), number, size))


def page_of(call: Call, default: int = 30, most: int = 100) -> tuple[int, int]:
    """Which page, and how many a page."""
    return _number(call, "page", 1, 10**9), _number(call, "per_page", default, most)


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.query.get(name, "")
    return min(most, int(text)) if text.isdigit() and int(text) > 0 else default


def link_header(call: Call, items: int, number: int, size: int) -> dict[str, str]:
    """RFC 8288 links from page `number` to its neighbours, none when there is only one page."""
    last = max(1, -(-items // size))
    targets = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    useful = {
        "prev": number > 1,
        "next": number < last,
        "last": number < last,
        "first": number > 1,
    }
    links = [
        f'<{call.address}?{urlencode({**call.query, "page": target})}>; rel="{relation}"'
        for relation, target in targets.items()
        if useful[relation]
    ]
    return {"Link": ", ".join(links)} if links else {}


def not_found(_: Request, error: Exception) -> Response:
    """GitHub answers 404 in JSON for an unknown address, and for a method that it does not know there."""
    del error
    reply = _refusal(ApiError.not_found())
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _refusal(error: ApiError) -> _Finished:
    body: dict[str, Any] = {"message": error.message}
    if error.errors:
        body["errors"] = error.errors
    return _Finished(error.status, _dump({**body, "documentation_url": DOCUMENTATION, "status": str(error.status)}))


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None
    if not isinstance(found, dict):
        raise ApiError(400, "Body should be a JSON object")
    return found


def _token(request: Request) -> str:
    """`Bearer` and `token` mean the same."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in ("bearer", "token") else ""


def _matches(asked: str, etag: str) -> bool:
    bare = etag.removeprefix("W/")
    return any(candidate.strip().removeprefix("W/") == bare for candidate in asked.split(","))
