"""The one question before all others under /api/v1: whose token does the request carry?"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.problems import Refused, correlation_of, problem
from controller.domain.people import Caller


class Bearer:
    """Nothing about paths, methods or bodies is said to somebody without a token. The endpoints find whose it is at
    `request.state.caller`."""

    def __init__(self, app: ASGIApp, whose: Callable[[bytes], Caller | None]) -> None:
        self._app, self._whose = app, whose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = _token(Request(scope))
            caller = await run_in_threadpool(self._whose, token) if token else None
            if caller is None:
                await problem(_unauthorized(), correlation_of(scope))(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)


def _token(request: Request) -> bytes:
    """Empty without exactly one."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def _unauthorized() -> Refused:
    told = "Send `Authorization: Bearer …` with an API token."
    headers = {"WWW-Authenticate": 'Bearer realm="tidegate"'}
    return Refused(HTTPStatus.UNAUTHORIZED, "token.wrong", told, headers=headers)
