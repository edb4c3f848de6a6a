"""How the API says no: problem details (RFC 9457) with the request's correlation id."""

import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from controller.api.models import Problem
from controller.domain.errors import Blocked, Conflict, Rejected, TidegateError, Transient
from controller.inbox.limits import TooOften
from controller.inbox.rights import Forbidden
from controller.inbox.wishes import OrderRefused
from controller.store import BadCursor

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):
    """`detail` is shown to whoever asked, and `errors` are several complaints at once."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, dict(headers or {})


def missing(what: str, name: str) -> Refused:
    """A 404 that says what there is none of."""
    return Refused(HTTPStatus.NOT_FOUND, f"{what}.unknown", f"There is no {what} {name[:80]!r}.")


def correlation_of(scope: Scope) -> str:
    """The id that the middleware gave the request, empty without one."""
    return str(scope.get("state", {}).get("correlation_id", ""))


def problem(refused: Refused, correlation: str) -> Response:
    content = Problem(
        type="about:blank",
        title=refused.status.phrase,
        status=refused.status.value,
        detail=refused.detail,
        code=refused.code,
        correlation_id=correlation,
        errors=refused.errors,
    )
    return JSONResponse(content.model_dump(), refused.status, refused.headers, media_type=MEDIA_TYPE)


def exception_handlers() -> dict[Any, Any]:
    """For the application: whatever an endpoint raises on purpose becomes an answer."""
    kinds = {Refused: _as_it_is, HTTPException: _of_http, BadCursor: _of_cursor, TidegateError: _of_tidegate}
    return {kind: _handler(translate) for kind, translate in kinds.items()}


def _handler(translate: Any) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        return problem(translate(error), correlation_of(request.scope))

    return handle


def _as_it_is(error: Exception) -> Refused:
    return cast("Refused", error)


def _of_http(error: Exception) -> Refused:
    """Starlette's own: unknown paths and wrong methods."""
    given = cast("HTTPException", error)
    status = HTTPStatus(given.status_code)
    told = {
        404: "Nothing is at this address.",
        405: "This address doesn't take this method; Allow names those it takes.",
    }
    code = f"http.{status.name.lower()}"
    return Refused(status, code, told.get(status.value, str(given.detail)), headers=given.headers)


def _of_cursor(error: Exception) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "cursor.invalid", f"{error}.")


_STATUS: tuple[tuple[type[TidegateError], HTTPStatus], ...] = (
    (Forbidden, HTTPStatus.FORBIDDEN),
    (OrderRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooOften, HTTPStatus.TOO_MANY_REQUESTS),
    (Transient, HTTPStatus.SERVICE_UNAVAILABLE),
    (Conflict, HTTPStatus.CONFLICT),
    (Rejected, HTTPStatus.CONFLICT),
    (Blocked, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The first row that fits. A refused order may be mended by whoever gave it; for a blocked one an operator must act."""


UNTIL_SOMEBODY_ACTS = timedelta(minutes=1)


def _of_tidegate(error: Exception) -> Refused:
    given = cast("TidegateError", error)
    status = next((status for kind, status in _STATUS if isinstance(given, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = _later(given.retry_after) if isinstance(given, Transient) else _later(UNTIL_SOMEBODY_ACTS)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request not answered", code=given.code, error=str(given))
        return Refused(
            status, given.code, "This can't be answered now; the controller's log says why.", headers=headers
        )
    return Refused(status, given.code, str(given), headers=headers if isinstance(given, TooOften) else None)


def _later(wait: timedelta) -> Mapping[str, str]:
    return {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}
