"""What surrounds every answer: the version header, the correlation id, the access log, a farewell while stopping."""

import logging
import re
import time
import uuid
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workload.probes import Life, is_probe

access_log = logging.getLogger("workload.access")

# What may be echoed in a header and searched in a log: no spaces, no control characters, bounded.
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:;=+/@-]{1,128}")


class Envelope:
    """Wraps a whole ASGI application, so that an answer made by an error handler is covered as well."""

    def __init__(self, app: ASGIApp, life: Life) -> None:
        self._app = app
        self._life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["correlation_id"] = correlation_id(Headers(scope=scope))
        status = 0

        async def send_signed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._sign(MutableHeaders(scope=message), scope)
            await send(message)

        failure: Exception | None = None
        try:
            await self._app(scope, receive, send_signed)
        except Exception as error:  # noqa: BLE001 - the error handler has answered 500; here it is told once, with its id
            failure = error
        self._log(scope, status, time.perf_counter() - started, failure)

    def _sign(self, headers: MutableHeaders, scope: Scope) -> None:
        headers["X-Captioncraft-Version"] = self._life.identity.version
        headers["X-Request-Id"] = scope["correlation_id"]
        headers["X-Content-Type-Options"] = "nosniff"
        if self._life.is_stopping:
            # The client drops this connection by itself, so nothing is on its way to us when the socket closes.
            headers["Connection"] = "close"

    @staticmethod
    def _log(scope: Scope, status: int, seconds: float, failure: Exception | None) -> None:
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "correlation_id": scope["correlation_id"],
            "client": scope["client"][0] if scope.get("client") else None,
        }
        if failure is not None:
            access_log.error("request failed", extra={"fields": fields}, exc_info=failure)
        else:
            # A balancer asks the probes every few seconds for ever: worth a line only when someone is looking.
            level = logging.DEBUG if is_probe(scope["path"]) and status < 400 else logging.INFO
            access_log.log(level, "request", extra={"fields": fields})


def correlation_id(headers: Mapping[str, str]) -> str:
    """The caller's own id, else the balancer's trace (`Root=1-…`), else a new one.

    >>> correlation_id({"x-request-id": "abc-1"})
    'abc-1'
    >>> correlation_id({"x-amzn-trace-id": "Self=1-2;Root=1-67891233-abcdef012345678912345678"})
    '1-67891233-abcdef012345678912345678'

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    given = headers.get("x-request-id", "")
    if _CORRELATION_ID.fullmatch(given):
        return given
    fields = dict(part.partition("=")[::2] for part in headers.get("x-amzn-trace-id", "").split(";"))
    root = fields.get("Root", "")
    return root if _CORRELATION_ID.fullmatch(root) else uuid.uuid4().hex


def correlation_id_of(scope: Scope) -> str | None:
    """The id of the request in `scope`; None outside the envelope."""
    return scope.get("correlation_id")
