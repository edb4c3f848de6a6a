"""One id for each request: in the answer, in every log line, and in whatever goes wrong."""

import re
from http import HTTPStatus
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.api.headers import Protective
from controller.api.problems import Refused, problem

HEADER = "X-Correlation-Id"
VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger()


def middleware(public: str = "") -> list[Middleware]:
    """For the application, around everything it serves, at the address that people reach it at."""
    return [Middleware(Protective, public=public), Middleware(Correlation)]


class Correlation:
    """Takes over a valid id from the request, else makes one; answers what nobody expected with 500 and no detail."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = chosen(Headers(scope=scope).get(HEADER))
        scope.setdefault("state", {})["correlation_id"] = correlation
        has_begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                MutableHeaders(scope=message)[HEADER] = correlation
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:
                log.exception("request broke", method=scope["method"], path=scope["path"])
                if has_begun:
                    raise
                await _broken(correlation)(scope, receive, send_with_id)


def chosen(given: str | None) -> str:
    return given if given is not None and VALID.fullmatch(given) else uuid4().hex


def _broken(correlation: str) -> ASGIApp:
    told = "Something went wrong here; the controller's log has it under this correlation id."
    return problem(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", told), correlation)
