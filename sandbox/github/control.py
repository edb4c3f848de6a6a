"""The sandbox's own API beside GitHub's: merge something, publish a release, misbehave.

All of it needs the sandbox's bearer token. Errors are `{"error": sentence}`: 401 without the token, 422 for
a wrong request, 409 when the answer is no.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.domain.manifest import format_duration, parse_duration
from sandbox import merge
from sandbox.github import releases
from sandbox.github.actions import CHECKS, Actions
from sandbox.github.api.frame import Misbehaviour
from sandbox.github.courier import FAULT_KINDS, Courier, Fault
from sandbox.github.desk import Desk
from sandbox.github.errors import ApiError
from sandbox.github.links import Links
from sandbox.github.rehearsal import parse_fault
from sandbox.github.state import Repository

Body = dict[str, Any]
Action = Callable[[Body], Awaitable[Any]]
ERROR_STATUSES = range(400, 600)


class Control:
    """The actions, each from the JSON of its request to the JSON of its answer."""

    def __init__(self, desk: Desk, courier: Courier, actions: Actions, misbehaviour: Misbehaviour) -> None:
        self._desk = desk
        self._courier = courier
        self._actions = actions
        self._misbehaviour = misbehaviour

    def mount(self, token: str, more: Sequence[BaseRoute]) -> Mount:
        """Everything below `/sandbox`, `more` from the assembly included."""
        own = {
            "/merge": self.merge,
            "/publish": self.publish,
            "/faults/webhooks": self.webhook_fault,
            "/faults/checks": self.check_fault,
            "/faults/github": self.rest_fault,
        }
        routes = [Route(path, _endpoint(action), methods=["POST"]) for path, action in own.items()]
        return Mount("/sandbox", app=_Guarded(token, [*more, *routes]))

    def _repository(self, body: Body) -> Repository:
        repositories = self._desk.state.repositories
        found = repositories.get(str(body.get("repository") or next(iter(repositories), "")).lower())
        if found is None:
            raise ValueError(f"no repository {body.get('repository')!r}: have {', '.join(repositories) or 'none'}")
        return found

    async def merge(self, body: Body) -> Any:
        """`{branch, fault?, bake?, message?, as?, repository?}` → commit, pull request, version."""
        state, repository = self._desk.state, self._repository(body)
        wanted = merge.Wanted(
            branch=_text(body, "branch"),
            fault=parse_fault(body["fault"]) if body.get("fault") else None,
            message=body.get("message"),
            login=body.get("as"),
            bake=format_duration(parse_duration(body["bake"])) if body.get("bake") else None,
        )
        merged = await self._desk.do(lambda: merge.merge(state, repository, wanted))
        return asdict(merged)

    async def publish(self, body: Body) -> Any:
        """`{version, target?, as?, repository?}` → the release's address."""
        state, repository, version = self._desk.state, self._repository(body), _text(body, "version")

        def published() -> Any:
            author = merge.person(state, body.get("as"))
            made = releases.add(state, repository, version, author, target=body.get("target"), name=version)
            commit = repository.git.resolve(f"refs/tags/{version}")
            url = Links(state.origin).html(repository.full_name, "releases/tag", version)
            return {"version": version, "commit": commit, "release": made.id, "url": url}

        return await self._desk.do(published)

    async def webhook_fault(self, body: Body) -> Any:
        """`{kind: lose | delay | double | reorder, count, seconds?}`."""
        kind = _text(body, "kind")
        if kind not in FAULT_KINDS:
            raise ValueError(f"no webhook fault is called {kind!r}: use one of {', '.join(FAULT_KINDS)}")
        seconds = float(body.get("seconds") or 5.0)
        self._courier.misbehave(Fault(kind, _count(body), seconds))
        return {"fault": kind, "count": _count(body)}

    async def check_fault(self, body: Body) -> Any:
        """`{name, count}`: the check of this name fails in the next runs."""
        name = str(body.get("name") or CHECKS[0])
        self._actions.fail_next(name, _count(body))
        return {"fault": name, "count": _count(body)}

    async def rest_fault(self, body: Body) -> Any:
        """`{status, count}`: the next REST calls answer this."""
        status = int(body.get("status") or 502)
        if status not in ERROR_STATUSES:
            raise ValueError(f"{status} is not the status of an error: use 400 to 599")
        self._misbehaviour.status, self._misbehaviour.count = status, _count(body)
        return {"fault": status, "count": _count(body)}


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"the request needs {name!r}, a text; found {value!r}")
    return value


def _count(body: Body) -> int:
    count = int(body.get("count") or 1)
    if not 1 <= count <= 10_000:
        raise ValueError(f"count must be 1 to 10000, found {count}")
    return count


def _endpoint(action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await action(_object(await request.body())))
        except merge.RefusedError as error:
            return _error(409, str(error))
        except ApiError as error:
            details = [detail["message"] for detail in error.errors or ()]
            return _error(409, ": ".join([error.message, *details]))
        except ValueError as error:
            return _error(422, str(error))

    return endpoint


def _object(body: bytes) -> Body:
    found = json.loads(body or b"{}")
    if not isinstance(found, dict):
        raise ValueError("the request must be a JSON object")  # noqa: TRY004 - json's own errors are ValueErrors too
    return found


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)


class _Guarded:
    """Lets nothing through without the sandbox's token."""

    def __init__(self, token: str, routes: Sequence[BaseRoute]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._inner: ASGIApp = Starlette(routes=list(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                refused = _error(401, "the sandbox's token is missing or wrong: it is in .tidegate/sandbox.json")
                await refused(scope, receive, send)
                return
        await self._inner(scope, receive, send)
