"""Steady load from a process of its own: open loop, keep-alive connections, every request accounted for.

Each request has an appointed time and leaves then, whatever became of those before it; its latency counts from that
time. So a stall is seen by every request that it would have met, and not by the one that a waiting client sends.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import selectors
import subprocess
import sys
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import httptools

from controller.adapters.clock import SystemClock
from tests.support.processes import ROOT, bare_environment

MOST_CONNECTIONS = 200
LAST_ANSWERS_SECONDS = 20.0
VERSION = b"x-captioncraft-version"
CAPTION = b'{"description": "a lighthouse at dusk", "tone": "friendly"}'


@dataclass(frozen=True)
class Asked:
    """What a load is: `visits` of a user, or signed `deliveries`; until `seconds` are over, or stdin is closed."""

    port: int
    rate: float
    kind: str = "visits"
    seconds: float | None = None
    secret: str = ""
    repository: str = "acme/captioncraft"


@dataclass
class Report:
    """`failed` are those without an answer, or with one that isn't 2xx. Latencies are in milliseconds."""

    sent: int = 0
    failed: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_version: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    failed_at: list[float] = field(default_factory=list)
    """When each of them failed, in seconds since the epoch by this client's clock."""
    seconds: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    most: float = 0.0
    late_p99: float = 0.0
    """How late this client was itself, which is part of the latencies."""


class SteadyLoad:
    """The load in a child process: `with SteadyLoad(Asked(...)) as load: …; load.end()`."""

    def __init__(self, asked: Asked) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.load"],
            cwd=ROOT,
            env=bare_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def end(self) -> Report:
        """No more requests; what became of those that were sent."""
        told, _ = self._process.communicate()
        return _report(json.loads(told))

    def wait(self) -> Report:
        """The report of a load that ends by itself."""
        assert self._process.stdout is not None
        return _report(json.loads(self._process.stdout.readline()))


def _report(told: Mapping[str, Any]) -> Report:
    return Report(**{**told, "by_status": Counter(told["by_status"]), "by_version": Counter(told["by_version"])})


def visits(asked: Asked) -> Iterator[bytes]:
    """What a user of the workload does: see the page, ask for a caption, and ask which version answers."""
    host = b"Host: 127.0.0.1:%d\r\n" % asked.port
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(CAPTION)
    yield from itertools.cycle(
        [
            b"GET / HTTP/1.1\r\n" + host + b"\r\n",
            b"POST /api/generate-captions HTTP/1.1\r\n" + host + length + CAPTION,
            b"GET /api/version HTTP/1.1\r\n" + host + b"\r\n",
        ]
    )


def deliveries(asked: Asked) -> Iterator[bytes]:
    """Pushes to `develop`, of the size that GitHub's have, each with an id of its own, signed."""
    for number in itertools.count():
        body = json.dumps(
            {
                "ref": "refs/heads/develop",
                "before": f"{number:040x}",
                "after": f"{number + 1:040x}",
                "deleted": False,
                "repository": {"full_name": asked.repository, "description": "x" * 6000},
                "commits": [],
            }
        ).encode()
        signature = hmac.new(asked.secret.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1:{asked.port}\r\nContent-Type: application/json\r\n"
            f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {uuid.uuid4()}\r\nX-Hub-Signature-256: sha256={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


KINDS: Mapping[str, Callable[[Asked], Iterator[bytes]]] = {"visits": visits, "deliveries": deliveries}


class _Connection(asyncio.Protocol):
    """At most one request on its way."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._due: float | None = None
        self._version = ""
        self._parser = httptools.HttpResponseParser(self)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, due: float, request: bytes) -> None:
        assert self._transport is not None
        self._due, self._version = due, ""
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None:
            self._due = None
            self._load.failed(f"no answer: {exc or 'closed'}")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == VERSION:
            self._version = value.decode("latin-1")

    def on_message_complete(self) -> None:
        due, self._due = self._due, None
        if due is not None:
            keeps = bool(self._parser.should_keep_alive())
            self._load.answered(self, due, self._parser.get_status_code(), self._version, keeps)


class _Load:
    def __init__(self, asked: Asked) -> None:
        self._asked, self._requests = asked, KINDS[asked.kind](asked)
        self._loop, self._clock = asyncio.get_running_loop(), SystemClock()
        self._report = Report()
        self._latencies: list[float] = []
        self._lateness: list[float] = []
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._dialing: set[asyncio.Task[None]] = set()
        self._sending = True
        self._over = asyncio.Event()
        self._finished = 0

    async def run(self) -> Report:
        self._began = self._loop.time()
        self._loop.add_reader(sys.stdin.fileno(), self._stop)
        self._tick()
        await self._over.wait()
        for connection in self._all:
            connection.close()
        return self._told()

    def _tick(self) -> None:
        """Send all whose time has come."""
        if not self._sending:
            return
        while (due := self._began + self._report.sent / self._asked.rate) <= self._loop.time():
            if self._asked.seconds is not None and due - self._began >= self._asked.seconds:
                self._stop()
                return
            self._report.sent += 1
            self._lateness.append(self._loop.time() - due)
            self._send(due, next(self._requests))
        self._loop.call_at(due, self._tick)

    def _stop(self) -> None:
        if not self._sending:
            return
        self._sending = False
        self._loop.remove_reader(sys.stdin.fileno())
        self._report.seconds = self._loop.time() - self._began
        self._loop.call_later(LAST_ANSWERS_SECONDS, self._give_up)
        self._look_whether_over()

    def _give_up(self) -> None:
        for _ in range(self._report.sent - self._finished):
            self.failed(f"no answer within {LAST_ANSWERS_SECONDS} s")

    def _send(self, due: float, request: bytes) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                connection.send(due, request)
                return
        self._waiting.append((due, request))
        if len(self._all) + len(self._dialing) < MOST_CONNECTIONS:
            task = self._loop.create_task(self._dial())
            self._dialing.add(task)
            task.add_done_callback(self._dialing.discard)

    async def _dial(self) -> None:
        try:
            _, made = await self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._asked.port)
        except OSError as error:
            if self._waiting:
                self._waiting.popleft()
                self.failed(f"no connection: {error}")
            return
        self._all.add(made)
        self._next(made)

    def _next(self, connection: _Connection) -> None:
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def answered(self, connection: _Connection, due: float, status: int, version: str, keeps: bool) -> None:
        self._latencies.append(self._loop.time() - due)
        self._report.by_status[str(status)] += 1
        self._report.by_version[version] += 1
        if keeps:
            self._next(connection)
        else:
            self._all.discard(connection)
        if 200 <= status < 300:
            self._finish()
        else:
            self.failed(f"answered {status} by {version or 'nobody'}")

    def failed(self, why: str) -> None:
        self._report.failed += 1
        self._report.failed_at.append(self._clock.now().timestamp())
        if len(self._report.failures) < 20:
            after = self._loop.time() - self._began
            self._report.failures.append(f"{after:.2f} s: {why}")
        self._finish()

    def _finish(self) -> None:
        self._finished += 1
        self._look_whether_over()

    def _look_whether_over(self) -> None:
        if not self._sending and self._finished >= self._report.sent:
            self._over.set()

    def _told(self) -> Report:
        latencies, lateness = sorted(self._latencies), sorted(self._lateness)
        found = self._report
        found.p50, found.p95, found.p99 = (percentile(latencies, share) for share in (50, 95, 99))
        found.most, found.late_p99 = percentile(latencies, 100), percentile(lateness, 99)
        return found


def percentile(ordered: list[float], percent: float) -> float:
    """Milliseconds, of seconds in order; 0 of nothing."""
    if not ordered:
        return 0.0
    return round(ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)] * 1000, 2)


async def _main(asked: Asked) -> None:
    sys.stdout.write(json.dumps(vars(await _Load(asked).run())) + "\n")


if __name__ == "__main__":
    # select() waits to the microsecond, epoll to the millisecond: that would be half of what some answers take.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(_main(Asked(**json.loads(sys.stdin.readline()))))
