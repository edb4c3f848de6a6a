"""One client's connection: reads requests, lets them be answered in order, and minds the limits."""

from __future__ import annotations

import asyncio
from collections import deque

import httptools

from sandbox.balancer.door import Door, Refusal
from sandbox.balancer.exchange import Exchange
from sandbox.balancer.heads import BadHeadError, Headers, read_request

URL_BYTES = 16 * 1024
HEAD_BYTES = 64 * 1024
"""ALB's published limits: 16 K for the request line, 64 K for all headers."""
IDLE_SECONDS = 60.0
"""ALB's default idle timeout; also the longest that a head may take."""
PIPELINED = 16
"""How many requests may wait before no more are read; while reading goes on, a client's leaving is noticed."""
LINGER_SECONDS = 2.0
"""After a last answer to a client that is still sending: closing at once would reset the connection and
could destroy the answer on its way."""


class ClientConnection(asyncio.Protocol):
    """Requests in the order of their arrival; the first in the queue is the one being answered."""

    def __init__(self, door: Door, clients: set[ClientConnection]) -> None:
        self._door = door
        self._clients = clients
        self.source = "127.0.0.1"
        self._transport: asyncio.Transport | None = None
        self._queue: deque[Exchange | Refusal] = deque()
        self._receiving: Exchange | None = None
        self._tunnel: Exchange | None = None
        self._is_switching = False
        self._early = b""
        self._active_at = self._now()
        self._reading_is_held = False
        self._is_full = False
        self._is_advancing = False
        self._is_over = False
        self._begin_parser()

    # From the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.source = str(transport.get_extra_info("peername")[0])
        self._clients.add(self)

    def data_received(self, data: bytes) -> None:
        self.touch()
        if self._is_over:
            return
        if self._tunnel is not None:
            self._tunnel.tunnel_up(data)
            return
        if self._is_switching:
            self._early += data
        else:
            self._feed(data)
        if self._queue and isinstance(self._queue[0], Exchange):
            self._queue[0].flush_up()
        self.adjust_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # why a client left makes no difference
        self._clients.discard(self)
        self._is_over = True
        queue, self._queue = self._queue, deque()
        for exchange in queue:
            exchange.client_gone()

    def pause_writing(self) -> None:
        self._tell_writable(False)

    def resume_writing(self) -> None:
        self._tell_writable(True)

    # For exchanges.

    def write(self, data: bytes) -> None:
        self.touch()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def touch(self) -> None:
        self._active_at = self._now()

    def break_off(self) -> None:
        """End the connection after what has been written: what comes is known to be cut."""
        self._is_over = True
        if self._transport is not None:
            self._transport.close()

    def advance(self) -> None:
        """Take what is answered off the queue, and begin what is next."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while self._queue and not self._is_over and self._first_is_over(self._queue[0]):
                current = self._queue.popleft()
                if not current.keep:
                    self._end(linger=not current.received)
        finally:
            self._is_advancing = False
        self.adjust_reading()

    def _first_is_over(self, current: Exchange | Refusal) -> bool:
        """Begin it if that has not been done; whether the next one may have its turn."""
        if not current.begun:
            current.client_writable(not self._is_full)
            current.begin()
        return current.answered and (current.received or not current.keep)

    def adjust_reading(self) -> None:
        """Read on only while what has been read finds a place."""
        held = len(self._queue) > PIPELINED or len(self._early) > HEAD_BYTES or any(e.is_held for e in self._queue)
        if held == self._reading_is_held or self._transport is None or self._transport.is_closing():
            return
        self._reading_is_held = held
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def open_tunnel(self) -> None:
        """From now on bytes are only carried."""
        current = self._queue[0]
        assert isinstance(current, Exchange)
        self._tunnel = current
        if self._early:
            current.tunnel_up(self._early)
            self._early = b""

    # For the balancer.

    def check_idle(self) -> None:
        """End what has not moved for too long."""
        now = self._now()
        if self._is_over:
            if now - self._active_at > LINGER_SECONDS:
                self.abort()
        elif self._head_since is not None and not self._queue and now - self._head_since > IDLE_SECONDS:
            self._refuse(408, "the request head did not arrive in time")
        elif now - self._active_at > IDLE_SECONDS:
            if self._queue:
                self._queue[0].time_out()
            else:
                self.break_off()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # Reading requests.

    def _feed(self, data: bytes) -> None:
        head_was_open = self._head_since is not None
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                if self._wants_tunnel():
                    self._is_switching, self._early = True, data
                    return
                self._begin_parser()
                continue
            except httptools.HttpParserError as error:
                self._refuse(400, f"this is not HTTP/1.1: {error}")
            break
        if head_was_open and self._head_since is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, f"the request head is larger than {HEAD_BYTES} bytes")

    def _wants_tunnel(self) -> bool:
        """Whether what follows is for the tunnel that the last request asked for."""
        last = self._queue[-1] if self._queue else None
        return self._is_over or self._is_refused or (isinstance(last, Exchange) and last.wants_websocket)

    def _begin_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: Headers = []
        self._head_since: float | None = None
        self._head_bytes = 0
        self._is_refused = False

    def _refuse(self, status: int, why: str) -> None:
        if not self._is_refused and not self._is_over:
            self._is_refused = True
            self._head_since = None
            spoiled, self._receiving = self._receiving, None
            if spoiled is not None:
                spoiled.spoil(status, why)
            else:
                self._queue.append(Refusal(self, self._door, status, why))
                self.advance()

    # From the parser.

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []
        self._head_since, self._head_bytes = self._active_at, 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > URL_BYTES:
            self._refuse(414, f"the request target is longer than {URL_BYTES} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_since is not None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_since = None
        if self._is_refused or self._is_over:
            return
        if sum(len(name) + len(value) + 4 for name, value in self._headers) > HEAD_BYTES:
            self._refuse(431, f"the request head is larger than {HEAD_BYTES} bytes")
            return
        try:
            head = read_request(
                self._parser.get_method(),
                self._url,
                self._headers,
                self._parser.get_http_version(),
                keep_alive=self._parser.should_keep_alive(),
                upgrade=self._parser.should_upgrade(),
            )
        except BadHeadError as bad:
            self._refuse(bad.status, str(bad))
            return
        self._receiving = Exchange(self, self._door, head)
        self._queue.append(self._receiving)
        self.advance()

    def on_body(self, data: bytes) -> None:
        if self._receiving is not None:
            self._receiving.body(data)

    def on_message_complete(self) -> None:
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving.body_ends()
            self.advance()

    def _tell_writable(self, writable: bool) -> None:
        self._is_full = not writable
        if self._queue:
            self._queue[0].client_writable(writable)

    def _end(self, *, linger: bool) -> None:
        """The last answer has been written."""
        self._is_over = True
        if self._transport is None or self._transport.is_closing():
            return
        if linger and self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _now(self) -> float:
        return self._door.clock.monotonic()
