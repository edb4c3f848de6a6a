"""Heads of requests and answers: what is refused, what is passed on, what is added. Pure.

Framing is never copied from what came in: it is read once, and written anew from that reading, so that both
sides of the balancer always agree where a message ends (RFC 9112, section 11.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from sandbox.balancer.routing import Ask

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
REWRITTEN = HOP_BY_HOP | {b"content-length", b"expect", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"}
"""Request headers that the target gets from us, or not at all."""
KEPT_WHATEVER_CONNECTION_NAMES = frozenset((b"host", b"authorization", b"cookie"))
"""A client may not have these taken away from the target by naming them in Connection."""
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


class BadHeadError(Exception):
    """A head that must not be passed on; `status` is the answer, the message says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Framing:
    """How long a message's body is: chunked, so many bytes, or (for answers only) until the connection ends."""

    length: int | None = None
    chunked: bool = False

    def header(self) -> bytes:
        if self.chunked:
            return b"transfer-encoding: chunked\r\n"
        return b"" if self.length is None else b"content-length: %d\r\n" % self.length


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request that may be carried."""

    method: str
    target: bytes
    """In origin form, as the target will see it."""
    headers: Headers
    """As sent, names in their own case."""
    host: str
    framing: Framing
    http_1_0: bool
    keep_alive: bool
    websocket: bool
    expects_continue: bool

    def ask(self, source: str) -> Ask:
        path, _, query = self.target.decode("latin-1").partition("?")
        headers = tuple((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in self.headers)
        return Ask(self.method, path, query, self.host, headers, source)

    @property
    def has_body(self) -> bool:
        return self.framing.chunked or bool(self.framing.length)


def read_request(
    method: bytes, url: bytes, headers: Headers, version: str, *, keep_alive: bool, upgrade: bool
) -> RequestHead:
    """Judge a parsed request head. Raises BadHeadError for what a front door must refuse."""
    named = _lowered(headers)
    if version not in ("1.0", "1.1"):
        raise BadHeadError(505, f"HTTP/{version} is not spoken here; use HTTP/1.1")
    if method in (b"CONNECT", b"TRACE"):
        raise BadHeadError(405, f"{method.decode()} is refused")
    framing = _request_framing(named, version)
    websocket = upgrade and _tokens(named.get(b"upgrade", ())) == {b"websocket"} and method == b"GET"
    if upgrade and (framing.chunked or framing.length):
        # The parser takes what follows such a head for another protocol; the body's end would be a guess.
        raise BadHeadError(400, "a request to upgrade must not have a body")
    target, authority = _origin_form(url)
    return RequestHead(
        method=method.decode("ascii"),
        target=target,
        headers=headers,
        host=_host(named, version, authority),
        framing=framing,
        http_1_0=version == "1.0",
        keep_alive=keep_alive and version == "1.1",
        websocket=websocket,
        expects_continue=_tokens(named.get(b"expect", ())) == {b"100-continue"} and version == "1.1",
    )


def _lowered(headers: Headers) -> dict[bytes, list[bytes]]:
    named: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        named.setdefault(name.lower(), []).append(value)
    return named


def _tokens(values: Iterable[bytes]) -> set[bytes]:
    return {token.strip().lower() for value in values for token in value.split(b",") if token.strip()}


def _request_framing(named: dict[bytes, list[bytes]], version: str) -> Framing:
    codings = named.get(b"transfer-encoding")
    lengths = named.get(b"content-length")
    if codings is not None:
        if lengths is not None or version == "1.0" or [c.strip().lower() for c in codings] != [b"chunked"]:
            raise BadHeadError(400, "Transfer-Encoding must be exactly `chunked`, without Content-Length")
        return Framing(chunked=True)
    if lengths is None:
        return Framing()
    if len(lengths) != 1 or not lengths[0].isdigit():
        raise BadHeadError(400, "Content-Length must be one number")
    return Framing(length=int(lengths[0]))


def _origin_form(url: bytes) -> tuple[bytes, str | None]:
    """(path and query, authority when the request named one): RFC 9112, section 3.2."""
    if url.startswith(b"/") or url == b"*":
        return url, None
    parts = urlsplit(url.decode("latin-1"))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadHeadError(400, "the request target is neither a path nor an http URL")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return path.encode("latin-1"), parts.netloc


def _host(named: dict[bytes, list[bytes]], version: str, authority: str | None) -> str:
    hosts = named.get(b"host", [])
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise BadHeadError(400, "a request must have exactly one Host")
    host = authority or (hosts[0].decode("latin-1") if hosts else "")
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def head_for_target(head: RequestHead, source: str, listener_port: int) -> bytes:
    """The request line and headers that the target gets.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    dropped = REWRITTEN | _connection_names(head.headers)
    lines = [b"%s %s HTTP/1.1\r\n" % (head.method.encode(), head.target)]
    lines += [b"%s: %s\r\n" % (n, v) for n, v in head.headers if n.lower() not in dropped]
    before = [v for n, v in head.headers if n.lower() == b"x-forwarded-for"]
    lines.append(b"X-Forwarded-For: %s\r\n" % b", ".join([*before, source.encode()]))
    lines.append(b"X-Forwarded-Proto: http\r\nX-Forwarded-Port: %d\r\n" % listener_port)
    if head.websocket:
        lines.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    lines.append(head.framing.header())
    lines.append(b"\r\n")
    return b"".join(lines)


def _connection_names(headers: Headers) -> set[bytes]:
    return _tokens(v for n, v in headers if n.lower() == b"connection") - KEPT_WHATEVER_CONNECTION_NAMES


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """A target's answer, as parsed."""

    status: int
    reason: bytes
    headers: Headers

    def framing(self, method: str) -> Framing:
        """How its body ends; an empty Framing means with the connection."""
        named = _lowered(self.headers)
        if method == "HEAD" or self.status in (204, 304):
            return Framing(length=0)
        if b"transfer-encoding" in named:
            return Framing(chunked=named[b"transfer-encoding"][-1].strip().lower().endswith(b"chunked"))
        lengths = named.get(b"content-length")
        return Framing(length=int(lengths[0])) if lengths else Framing()


def head_for_client(answer: AnswerHead, request: RequestHead, body: Framing, *, keep: bool) -> bytes:
    """The status line and headers that the client gets; `body` is how *we* are going to frame it."""
    dropped = HOP_BY_HOP | _connection_names(answer.headers)
    # For HEAD and 304 the length tells of a body that is not sent: it passes untouched.
    bodiless = request.method == "HEAD" or answer.status == 304
    if not bodiless:
        dropped |= {b"content-length"}
    lines = [b"HTTP/1.1 %d %s\r\n" % (answer.status, answer.reason)]
    lines += [b"%s: %s\r\n" % (n, v) for n, v in answer.headers if n.lower() not in dropped]
    if answer.status == 101:
        lines.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    elif not bodiless and answer.status != 204:
        lines.append(body.header())
    if not keep and answer.status != 101:
        lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def own_answer(
    status: int,
    body: str = "",
    content_type: str = "text/plain; charset=utf-8",
    extra: Headers | None = None,
    *,
    keep: bool,
    with_body: bool = True,
) -> bytes:
    """A whole answer that the balancer gives by itself."""
    content = body.encode()
    lines = [b"HTTP/1.1 %d %s\r\nServer: awselb/2.0\r\n" % (status, reason_phrase(status))]
    lines += [b"%s: %s\r\n" % (n, v) for n, v in extra or ()]
    if content:
        lines.append(b"Content-Type: %s\r\n" % content_type.encode("latin-1"))
    lines.append(b"Content-Length: %d\r\n" % len(content))
    lines.append(b"Connection: %s\r\n\r\n" % (b"keep-alive" if keep else b"close"))
    return b"".join(lines) + (content if with_body else b"")


def reason_phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Status"
