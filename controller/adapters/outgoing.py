"""One POST of JSON to an address that an operator has set: no redirect, soon over, and nothing of the answer read."""

from collections.abc import Mapping
from datetime import timedelta

import httpx

from controller.domain.errors import Blocked, Transient
from controller.domain.secret import Secret

SECONDS = 10.0
RETRY = timedelta(seconds=30)
LONGEST_RETRY_SECONDS = 3600
PASSING = frozenset({408, 425, 429})
"""Beside all from 500 on."""


class Outgoing:
    """Goes through a proxy where one is set. Addresses may hold secrets, so no error repeats one; `name` stands for
    it."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport

    def post(self, name: str, address: Secret, body: bytes, headers: Mapping[str, str]) -> None:
        """`Transient` for what may pass by itself, `Blocked` for a refusal; a redirect is one."""
        given = {"Content-Type": "application/json", "User-Agent": "tidegate", **headers}
        try:
            with (
                httpx.Client(transport=self._transport, follow_redirects=False, timeout=SECONDS) as client,
                client.stream("POST", address.reveal(), content=body, headers=given) as response,
            ):
                status, after = response.status_code, response.headers.get("retry-after", "")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = f"{name}: no answer ({type(error).__name__}); it is tried again by itself"
            raise Transient(told, code="notify.unreachable", retry_after=RETRY) from None
        if status in PASSING or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            told = f"{name}: it answered {status}; it is tried again by itself"
            raise Transient(told, code="notify.unavailable", retry_after=_wait(after))
        if not httpx.codes.is_success(status):
            raise Blocked(f"{name}: it answered {status}: look at its address and its rights", code="notify.refused")


def _wait(after: str) -> timedelta:
    """As long as it asks for, within reason; https://www.rfc-editor.org/rfc/rfc9110#name-retry-after."""
    is_number = after.isascii() and after.isdecimal() and len(after) <= len(str(LONGEST_RETRY_SECONDS))
    return timedelta(seconds=min(int(after), LONGEST_RETRY_SECONDS)) if is_number else RETRY
