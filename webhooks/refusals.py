"""Why a request is turned away, and how that is said: problem details, RFC 9457."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse


class Outcome(StrEnum):
    """What became of a request; a closed list, fit for a metric's label."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    CUT_SHORT = "cut_short"
    UNSUPPORTED = "unsupported"
    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"


_STATUS: Mapping[Outcome, HTTPStatus] = {
    Outcome.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Outcome.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Outcome.CUT_SHORT: HTTPStatus.BAD_REQUEST,
    Outcome.UNSUPPORTED: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Outcome.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    Outcome.MALFORMED: HTTPStatus.BAD_REQUEST,
    Outcome.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refused(Exception):
    """`detail` is shown to the sender: it names what was wrong and never repeats what was sent."""

    def __init__(self, outcome: Outcome, detail: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.status = _STATUS[outcome]
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds


def correlation_id(request: Request) -> str:
    """The one that a middleware gave the request (`request.state.correlation_id`), else a new one."""
    given = getattr(request.state, "correlation_id", None)
    return given if isinstance(given, str) else str(uuid4())


def problem(refused: Refused, correlation: str) -> JSONResponse:
    headers = {"X-Correlation-ID": correlation}
    if refused.retry_after_seconds is not None:
        headers["Retry-After"] = str(refused.retry_after_seconds)
    content = {
        "type": "about:blank",
        "title": refused.status.phrase,
        "status": refused.status.value,
        "detail": refused.detail,
        "code": f"webhook.{refused.outcome}",
        "correlation_id": correlation,
    }
    return JSONResponse(content, refused.status, headers, media_type="application/problem+json")
