"""One HTTP request. The standard library does: a command that asks one question should not load a client for many."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    seconds: float = TIMEOUT_SECONDS


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(Exception):
    """Nobody answered, or not in HTTP; the sentence says what happened."""


Send = Callable[[Asked], Reply]


def send(asked: Asked) -> Reply:
    """Raises `NoReply`. Redirects are not followed: the token is for this address only."""
    import http.client
    import urllib.error
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    assert urlsplit(asked.url).scheme in {"http", "https"}, asked.url
    proxies = [urllib.request.ProxyHandler({})] if is_loopback(asked.url) else []
    opener = urllib.request.build_opener(NoRedirects(), *proxies)
    request = urllib.request.Request(  # noqa: S310 - http or https, as asserted
        asked.url, data=asked.body, headers=dict(asked.headers), method=asked.method
    )
    try:
        with opener.open(request, timeout=asked.seconds) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read())
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise NoReply(str(reason) or type(error).__name__) from error


def is_loopback(url: str) -> bool:
    """Whether it is on this machine: then no proxy may carry it.

    >>> is_loopback("http://127.0.0.5:80/"), is_loopback("http://localhost/"), is_loopback("http://example.com/")
    (True, True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
