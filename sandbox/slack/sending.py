"""Requests that leave this Slack: interactions to the app, and the crawler's looks at links. Loopback only."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

ACK_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction: an app acknowledges within three seconds."""
LONGEST_ANSWER = 300_000


@dataclass(frozen=True)
class Answer:
    """`status` 0 when there was none, and then `trouble` says why."""

    status: int
    body: bytes = b""
    trouble: str = ""


Send = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[Answer]]
"""Method, address, body, headers."""


class HttpSender:
    """No proxy, no redirects, and nothing but this machine."""

    def __init__(self, timeout_seconds: float = ACK_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if not is_loopback(url):
            return Answer(0, trouble="is not on this machine")
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, timeout=None)  # noqa: S113 - limited as a whole below
        try:
            async with asyncio.timeout(self._timeout_seconds):
                reply = await self._client.request(method, url, content=body, headers=dict(headers))
        except TimeoutError:
            return Answer(0, trouble=f"did not answer within {self._timeout_seconds:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answer(0, trouble="could not be reached")
        return Answer(reply.status_code, reply.content[:LONGEST_ANSWER])

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def is_loopback(url: str) -> bool:
    """
    >>> is_loopback("http://127.0.0.1:8080/x"), is_loopback("http://localhost/"), is_loopback("https://example.com/")
    (True, True, False)
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
