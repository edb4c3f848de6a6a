"""Everything that all methods share: tokens, forms and JSON, scopes, rate limits, errors.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.slack.api import chat, conversations, people, views
from sandbox.slack.api.call import Call, Json, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.misbehaviour import CallFault, Misbehaviour, pause
from sandbox.slack.state import State

MAX_BODY_BYTES = 2**20
METHODS: Mapping[str, Method] = {**people.METHODS, **chat.METHODS, **conversations.METHODS, **views.METHODS}
POSTING = ("chat.postMessage", "chat.postEphemeral")
FORM = "application/x-www-form-urlencoded"


class Cut(Response):
    """A connection that breaks: the answer has begun, and nothing follows."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})


@dataclass
class Frame:
    """Turns the methods into one route."""

    state: State
    misbehaviour: Misbehaviour
    _last_message: dict[str, float] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [Route("/{method}", self.endpoint, methods=["GET", "POST"])]

    async def endpoint(self, request: Request) -> Response:
        """Always 200 with `ok`, but for what the network would say itself."""
        name = request.path_params["method"]
        fault = self.misbehaviour.of_call(name)
        try:
            if fault is not None:
                await self._before(fault)
            arguments = await _arguments(request)
            answer = self._answer(name, request, arguments)
        except SlackError as error:
            body = {"ok": False, "error": error.error, **error.details}
            return JSONResponse(body, error.status, {**self._headers(name), **error.headers})
        except ConnectionResetError:
            return Cut()
        if fault is not None and fault.kind == "lose-after":
            return Cut()
        return JSONResponse({"ok": True, **answer}, headers=self._headers(name))

    async def _before(self, fault: CallFault) -> None:
        if fault.kind == "throttle":
            raise SlackError.throttled(max(1, round(fault.seconds)))
        if fault.kind == "fail":
            raise SlackError(fault.error, status=fault.status)
        if fault.kind == "lose-before":
            raise ConnectionResetError
        if fault.kind == "delay":
            await pause(self.state.clock, fault.seconds)

    def _answer(self, name: str, request: Request, arguments: Mapping[str, Any]) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._authorize(method, _token(request, arguments))
        if name in POSTING:
            self._limit(str(arguments.get("channel")))
        return method.handle(Call(self.state, arguments))

    def _authorize(self, method: Method, token: str) -> None:
        if not token:
            raise SlackError("not_authed")
        if not hmac.compare_digest(token.encode(), self.state.app.token.encode()):
            raise SlackError("invalid_auth")
        granted = self.state.app.scopes
        if method.scopes and not granted.intersection(method.scopes):
            raise SlackError("missing_scope", needed=method.scopes[0], provided=",".join(sorted(granted)))

    def _limit(self, channel: str) -> None:
        wait = self.misbehaviour.seconds_between_messages
        found = self.state.channel(channel)
        if not wait or found is None:
            return
        now = self.state.clock.monotonic()
        left = self._last_message.get(found.id, now - wait) + wait - now
        if left > 0:
            raise SlackError.throttled(max(1, round(left)))
        self._last_message[found.id] = now

    def _headers(self, name: str) -> dict[str, str]:
        accepted = METHODS[name].scopes if name in METHODS else ()
        scopes = {"X-OAuth-Scopes": ",".join(sorted(self.state.app.scopes))}
        return scopes | ({"X-Accepted-OAuth-Scopes": ",".join(accepted)} if accepted else {})


def _token(request: Request, arguments: Mapping[str, Any]) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else str(arguments.get("token") or "")


async def _arguments(request: Request) -> dict[str, Any]:
    """Of the query, and of a body that is a form or JSON."""
    found: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return found
    if kind == "application/json":
        return found | _json(body)
    if kind == FORM:
        return found | _form(body)
    if kind == "multipart/form-data":
        form = await request.form()
        return found | {name: value for name, value in form.items() if isinstance(value, str)}
    raise SlackError("invalid_post_type")


def _json(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(given, dict):
        raise SlackError("json_not_object")
    return given


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        raise SlackError("invalid_form_data") from None
