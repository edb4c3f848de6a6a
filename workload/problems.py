"""Errors as problem details (RFC 9457): what was asked, what was found, what would be accepted."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workload.envelope import correlation_id_of


class Problem(HTTPException):
    """An error that becomes the answer. `errors` lists every wrong field: {field, found, wanted}."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(status, detail)
        self.errors = errors or []


def as_answer(request: Request, error: Exception) -> Response:
    """The exception handler of both services. Anything that is not an HTTP error is our own fault: 500."""
    if not isinstance(error, HTTPException):
        return answer(request, 500, "the service failed; the log has the reason under this correlation id")
    extra = {"errors": error.errors} if isinstance(error, Problem) and error.errors else {}
    return answer(request, error.status_code, error.detail, headers=error.headers, **extra)


def answer(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail if detail != title else f"{request.method} {request.url.path}: {title.lower()}",
        "instance": request.url.path,
        "correlation_id": correlation_id_of(request.scope),
        **extra,
    }
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")
