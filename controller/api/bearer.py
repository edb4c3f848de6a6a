"""The one question before all others under /api/v1: does the request carry the token?"""

import hmac
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.problems import Refused, correlation_of, problem
from controller.domain.secret import Secret


class Bearer:
    """Nothing about paths, methods or bodies is said to somebody without the token."""

    def __init__(self, app: ASGIApp, token: Secret) -> None:
        assert token.reveal(), "an empty token would let everybody in"
        self._app, self._token = app, token.reveal().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._opens(Request(scope)):
            await problem(_unauthorized(), correlation_of(scope))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _opens(self, request: Request) -> bool:
        """Compared as bytes and in constant time: `compare_digest` refuses text that isn't ASCII."""
        given = request.headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self._token)


def _unauthorized() -> Refused:
    told = "Send `Authorization: Bearer …` with the controller's API token."
    headers = {"WWW-Authenticate": 'Bearer realm="tidegate"'}
    return Refused(HTTPStatus.UNAUTHORIZED, "token.wrong", told, headers=headers)
