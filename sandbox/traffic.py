"""Steady load through a balancer, as users would make it, and what became of each request."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httptools

from sandbox.clock import Clock

TIMEOUT_SECONDS = 30.0
CONNECTIONS = 256
VERSION = b"x-captioncraft-version"
CAPTION = b'{"description": "a lighthouse at dusk", "tone": "friendly"}'
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
    b"POST /api/generate-captions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(CAPTION)).encode() + b"\r\n\r\n" + CAPTION,
    b"GET /api/version HTTP/1.1\r\nHost: %s\r\n\r\n",
)
"""What a visitor does: see the page, ask for a caption; and one question whose answer tells the version."""


@dataclass
class Report:
    """What became of the requests; `failed` are those without an answer or with a 5xx one."""

    planned: int = 0
    sent: int = 0
    failed: int = 0
    unanswered: int = 0
    by_status: Counter[int] = field(default_factory=Counter)
    by_version: Counter[str] = field(default_factory=Counter)
    latencies_seconds: list[float] = field(default_factory=list)
    is_over: bool = False

    @property
    def finished(self) -> int:
        return self.unanswered + sum(self.by_status.values())

    def answered(self, status: int, version: str, seconds: float) -> None:
        self.by_status[status] += 1
        self.by_version[version] += 1
        self.failed += status >= 500
        self.latencies_seconds.append(seconds)

    def lost(self) -> None:
        self.unanswered += 1
        self.failed += 1

    def percentile_ms(self, percent: float) -> float | None:
        """Milliseconds that `percent` of the answered requests did not exceed."""
        if not self.latencies_seconds:
            return None
        ordered = sorted(self.latencies_seconds)
        return round(ordered[math.ceil(len(ordered) * percent / 100) - 1] * 1000, 2)

    def as_json(self) -> dict[str, Any]:
        return {
            "state": "done" if self.is_over else "running",
            "sent": self.sent,
            "failed": self.failed,
            "unanswered": self.unanswered,
            "by_status": {str(status): count for status, count in sorted(self.by_status.items())},
            "by_version": dict(self.by_version),
            "latency_ms": {f"p{percent}": self.percentile_ms(percent) for percent in (50, 95, 99, 100)},
        }


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._sent_at: float | None = None
        self._version = "?"
        self._parser = httptools.HttpResponseParser(self)

    @property
    def sent_at(self) -> float | None:
        return self._sent_at

    def send(self, request: bytes) -> None:
        assert self._transport is not None
        self._version = "?"
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = self._load.clock.monotonic()
        self._transport.write(request)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._sent_at is not None:
            self._sent_at = None
            self._load.lost(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == VERSION:
            self._version = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self._load.retire(self)

    def on_message_complete(self) -> None:
        sent_at, self._sent_at = self._sent_at, None
        if sent_at is not None:
            status, seconds = self._parser.get_status_code(), self._load.clock.monotonic() - sent_at
            self._load.answered(self, status, self._version, seconds)


class Load:
    """So many requests a second for so many seconds, whatever the answers do (open loop)."""

    def __init__(
        self,
        clock: Clock,
        port: int,
        host: str,
        rate: float,
        seconds: float,
        requests: Sequence[bytes] = REQUESTS,
    ) -> None:
        self.clock = clock
        self.report = Report(planned=round(rate * seconds))
        self._port = port
        self._rate = rate
        self._requests = [request.replace(b"%s", host.encode()) for request in requests]
        self._idle: deque[_Connection] = deque()
        self._all: set[_Connection] = set()
        self._dialing: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self._over = asyncio.Event()

    async def run(self) -> Report:
        """Send all, wait for the answers (at most thirty seconds), and say how it went."""
        self._began = self.clock.monotonic()
        if self.report.planned:
            self._tick()
            await self._over.wait()
        for connection in list(self._all):
            connection.abort()
        self.report.is_over = True
        return self.report

    async def over(self) -> None:
        """Until all that was sent is answered, or given up."""
        if self.report.planned:
            await self._over.wait()

    def end(self) -> None:
        """Send no more; `run` ends with the answers to what has been sent."""
        self.report.planned = self.report.sent

    def _tick(self) -> None:
        """Send what is due by now; when all is sent, wait for the last answers."""
        due = min(self.report.planned, 1 + int((self.clock.monotonic() - self._began) * self._rate))
        while self.report.sent < due:
            self._send(self._requests[self.report.sent % len(self._requests)])
            self.report.sent += 1
        self._give_up_late_ones()
        if self.report.finished >= self.report.planned:
            self._over.set()
            return
        next_at = self._began + self.report.sent / self._rate
        is_sending = self.report.sent < self.report.planned
        self.clock.call_later(next_at - self.clock.monotonic() if is_sending else 0.02, self._tick)

    def _send(self, request: bytes) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                connection.send(request)
                return
        if len(self._all) + len(self._dialing) >= CONNECTIONS:
            self.report.lost()
            return
        task = asyncio.get_running_loop().create_task(self._dial(request))
        self._dialing.add(task)
        task.add_done_callback(self._dialing.discard)

    async def _dial(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError:
            self.report.lost()
            return
        self._all.add(connection)
        connection.send(request)

    def _give_up_late_ones(self) -> None:
        late = self.clock.monotonic() - TIMEOUT_SECONDS
        for connection in [c for c in self._all if c.sent_at is not None and c.sent_at < late]:
            connection.abort()

    # From connections.

    def answered(self, connection: _Connection, status: int, version: str, seconds: float) -> None:
        self.report.answered(status, version, seconds)
        if connection in self._all:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        self._all.discard(connection)
        self.report.lost()

    def retire(self, connection: _Connection) -> None:
        """The other side will close it after this answer."""
        self._all.discard(connection)
