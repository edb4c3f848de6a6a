"""Connections to targets: one protocol object each, and the pool that keeps the idle ones."""

from __future__ import annotations

import asyncio
from typing import Protocol

import httptools

from sandbox.balancer.heads import AnswerHead, Framing, Headers
from sandbox.clock import Clock
from sandbox.world.ports import Endpoint, Target

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 2.0
"""Shorter than any server's own keep-alive (uvicorn: 5 s), so that we end an idle connection before the
target does: a POST that meets a closing connection could not be sent again."""
IDLE_PER_TARGET = 128


class Carried(Protocol):
    """The exchange that a connection works for: what it is told, in this order."""

    @property
    def method(self) -> str: ...
    @property
    def wants_websocket(self) -> bool: ...
    def answer_begins(self, answer: AnswerHead, framing: Framing) -> None: ...
    def answer_body(self, data: bytes) -> None: ...
    def answer_ends(self, *, reusable: bool) -> None: ...
    def tunnel_opens(self, answer: AnswerHead, first: bytes) -> None: ...
    def tunnel_data(self, data: bytes) -> None: ...
    def upstream_lost(self, why: str) -> None: ...
    def upstream_writable(self, writable: bool) -> None: ...
    def flush_down(self) -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """One connection to one target, for one exchange at a time.

    An answer's end is passed on only after the parser has eaten all bytes at hand: what follows a complete
    answer is junk, must end the connection, and must never be taken for the next exchange's answer.
    """

    def __init__(self, target: Target, pool: Pool) -> None:
        self.target = target
        self.reused = False
        self.heard = False
        """Whether a byte of answer has come since the request was sent."""
        self.idle_since = 0.0
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._carried: Carried | None = None
        self._tunnel = False
        self._pieces: list[bytes] = []
        self._begin_answer()

    def serve(self, carried: Carried) -> None:
        """Work for this exchange from now on, until `release`."""
        self._carried = carried
        self.heard = False
        self._begin_answer()

    def release(self) -> None:
        """Work for nobody; the connection may go back to the pool."""
        self._carried = None
        self.reused = True

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Queue bytes; they leave with the next `flush`, together."""
        self._pieces.append(data)

    def flush(self) -> None:
        if self._pieces and self._transport is not None:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._transport.write(data)

    def hold_reading(self, held: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        """End it now; nobody is told."""
        self._carried = None
        if self._transport is not None:
            self._transport.abort()

    def cut(self) -> None:
        """End it now; the exchange in flight, if any, learns that its target is lost."""
        if self._transport is not None:
            self._transport.abort()

    # From the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        carried = self._carried
        if carried is None:
            self.close()
        elif self._tunnel:
            carried.tunnel_data(data)
        else:
            self.heard = True
            self._feed(carried, data)

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(self)
        carried, self._carried = self._carried, None
        if carried is None:
            return
        if exc is None and self._answer is not None and self._until_close:
            carried.answer_ends(reusable=False)
        else:
            carried.upstream_lost("the target closed the connection" if exc is None else str(exc))

    def pause_writing(self) -> None:
        if self._carried is not None:
            self._carried.upstream_writable(False)

    def resume_writing(self) -> None:
        if self._carried is not None:
            self._carried.upstream_writable(True)

    # Reading an answer.

    def _begin_answer(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._reason = b""
        self._answer: AnswerHead | None = None
        self._interim = False
        self._complete = False
        self._junk = False
        self._keep_alive = False
        self._until_close = False

    def _feed(self, carried: Carried, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(carried, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self._junk = True
            if not self._complete:
                self.close()
                carried.upstream_lost(f"malformed answer: {error}")
                return
        if self._complete:
            carried.answer_ends(reusable=self._keep_alive and not self._junk)
        carried.flush_down()

    def _switch(self, carried: Carried, first: bytes) -> None:
        if self._answer is not None and carried.wants_websocket:
            self._tunnel = True
            carried.tunnel_opens(self._answer, first)
        else:
            self.close()
            carried.upstream_lost("the target switched protocols without being asked")

    # From the parser.

    def on_message_begin(self) -> None:
        self._junk = self._complete

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._complete or self._carried is None:
            return
        if 100 <= status < 200 and status != 101:
            self._interim = True
            return
        self._answer = AnswerHead(status, self._reason, self._headers)
        if status == 101:
            return
        framing = self._answer.framing(self._carried.method)
        self._keep_alive = self._parser.should_keep_alive()
        self._until_close = framing == Framing()
        self._carried.answer_begins(self._answer, framing)
        self._complete = self._carried.method == "HEAD"

    def on_body(self, data: bytes) -> None:
        if self._complete:
            self._junk = True
        elif self._carried is not None:
            self._carried.answer_body(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
            self._headers, self._reason = [], b""
        elif self._answer is not None and self._answer.status != 101:
            self._complete = True


class Pool:
    """All connections to targets. The idle ones are taken last in, first out, and not kept for long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._idle: dict[Target, list[UpstreamConnection]] = {}
        self._all: dict[Target, set[UpstreamConnection]] = {}
        self._draining: set[Target] = set()

    def take(self, target: Target) -> UpstreamConnection | None:
        """An idle connection that is still open, or None."""
        idle = self._idle.get(target, [])
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    async def connect(self, target: Target, endpoint: Endpoint) -> UpstreamConnection:
        """A new connection. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await loop.create_connection(
                lambda: UpstreamConnection(target, self), endpoint.host, endpoint.port
            )
        self._all.setdefault(target, set()).add(connection)
        return connection

    def give(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose exchange is over."""
        connection.release()
        idle = self._idle.setdefault(connection.target, [])
        if connection.target in self._draining or not connection.is_open or len(idle) >= IDLE_PER_TARGET:
            connection.close()
            return
        connection.idle_since = self._clock.monotonic()
        idle.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection ended (told by itself)."""
        of_target = self._all.get(connection.target, set())
        of_target.discard(connection)
        if not of_target:
            self._all.pop(connection.target, None)
        idle = self._idle.get(connection.target, [])
        if connection in idle:
            idle.remove(connection)

    def open_for(self, target: Target) -> int:
        """How many connections there are to a target, idle ones too."""
        return len(self._all.get(target, ()))

    def welcome(self, target: Target) -> None:
        """A target was registered (again)."""
        self._draining.discard(target)

    def drain(self, target: Target) -> None:
        """Close the idle connections to a target, and each other one when its exchange is over."""
        self._draining.add(target)
        self._close_idle(target)

    def cut(self, target: Target) -> None:
        """End all connections to a target, whatever is in flight."""
        self._idle.pop(target, None)
        for connection in list(self._all.pop(target, ())):
            connection.cut()
        self._draining.discard(target)

    def sweep(self) -> None:
        """Close what has been idle for too long."""
        oldest = self._clock.monotonic() - IDLE_SECONDS
        for target, idle in list(self._idle.items()):
            for connection in [c for c in idle if c.idle_since < oldest]:
                idle.remove(connection)
                connection.close()
            if not idle:
                del self._idle[target]

    def close(self) -> None:
        for target in list(self._all):
            self.cut(target)

    def _close_idle(self, target: Target) -> None:
        for connection in self._idle.pop(target, []):
            connection.close()
