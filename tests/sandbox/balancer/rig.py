"""A balancer between a test's own sockets: targets that do as they are told, clients that write raw bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import h11

from sandbox.balancer.proxy import Balancer
from sandbox.clock import VirtualClock
from sandbox.world.ports import Endpoint, Target
from sandbox.world.view import Forward, GroupView, ListenerView, RuleView, TargetView, WeightedGroup

LISTENER = ListenerView(
    arn="listener",
    load_balancer_arn="alb",
    load_balancer_name="captions",
    dns_name="captions.elb.amazonaws.com",
    port=80,
    protocol="HTTP",
)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class StaticTraffic:
    """A view that tests change by hand."""

    def __init__(self) -> None:
        self.version = 1
        self.groups: dict[str, GroupView] = {}
        self.rule_list: tuple[RuleView, ...] = ()

    def listeners(self) -> tuple[ListenerView, ...]:
        return (LISTENER,)

    def rules(self, listener_arn: str) -> tuple[RuleView, ...]:
        return self.rule_list

    def group(self, group_arn: str) -> GroupView | None:
        return self.groups.get(group_arn)


@dataclass
class FakeTarget:
    """A target with a raw handler, or one that answers each request by `answer`."""

    view: TargetView
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


class Rig:
    """A running balancer with one listener, and what is around it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.balancer = Balancer(self.clock, Random(1))
        self.traffic = StaticTraffic()
        self._servers: list[asyncio.Server] = []
        self._clients: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        return self.balancer.inflight.total()

    def forward(self, **weights: int) -> None:
        groups = tuple(WeightedGroup(name, weight) for name, weight in weights.items())
        self.traffic.rule_list = (RuleView("default", None, (), Forward(groups)),)
        for name in weights:
            self.traffic.groups.setdefault(name, GroupView(name, name, "alb", ()))

    def register(self, target: FakeTarget | TargetView, group: str = "blue") -> None:
        view = target.view if isinstance(target, FakeTarget) else target
        before = self.traffic.groups.get(group, GroupView(group, group, "alb", ()))
        self.traffic.groups[group] = GroupView(group, group, "alb", (*before.targets, view))

    async def target(self, handler: Handler | None = None, group: str = "blue") -> FakeTarget:
        """Start a target and register it as healthy."""
        holder: list[FakeTarget] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            holder[0].connections += 1
            holder[0].writers.append(writer)
            try:
                await (handler or answering(holder[0]))(reader, writer)
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                self._tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        port = server.sockets[0].getsockname()[1]
        target = Target(group, f"10.0.0.{len(self._servers)}", 80)
        holder.append(FakeTarget(TargetView(target, "healthy", Endpoint("127.0.0.1", port))))
        self.register(holder[0], group)
        return holder[0]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection("127.0.0.1", self.balancer.ports[LISTENER.arn])
        self._clients.append(streams[1])
        return streams

    async def ask(self, raw: bytes, method: str = "GET") -> Answer:
        """Send bytes over a connection of their own, and read one answer."""
        reader, writer = await self.connect()
        writer.write(raw)
        answer = await read_answer(reader, method)
        writer.close()
        return answer

    async def settle(self, is_so: Callable[[], bool]) -> None:
        """Give the loop turns until something is so; the test's own time limit ends a vain wait."""
        while not is_so():
            self.clock.advance(0)
            await pause()

    async def close(self) -> None:
        for writer in self._clients:
            writer.close()
        await self.balancer.close()
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await pause()


async def pause(seconds: float = 0.001) -> None:
    """Let bytes travel."""
    await asyncio.sleep(seconds)  # noqa: TID251 - real sockets have only real time


@asynccontextmanager
async def a_rig():
    rig = Rig()
    rig.forward(blue=1)
    await rig.balancer.serve(rig.traffic)
    try:
        yield rig
    finally:
        await rig.close()


def play(scenario: Callable[[Rig], Awaitable[None]]) -> None:
    """Run a scenario against a fresh balancer; nothing may be in flight when it ends."""

    async def run() -> None:
        async with asyncio.timeout(10), a_rig() as rig:
            await scenario(rig)
            await rig.settle(lambda: rig.in_flight == 0)

    asyncio.run(run())


def answering(target: FakeTarget) -> Handler:
    """A keep-alive HTTP/1.1 server, parsed by h11, that keeps what it was asked and answers 200."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            target.requests.append(request)
            body = b"" if request.method == b"HEAD" else b"hello"
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-target: me\r\n\r\n" + body)
            await writer.drain()

    return handle


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    connection = h11.Connection(h11.SERVER)
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            # One byte at a time, so that nothing of the next request is swallowed.
            data = await reader.read(1)
            if not data:
                return None
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            return Request(bytes(request.method), bytes(request.target), list(request.headers), body)


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    head: h11.Response | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(1))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return Answer(head.status_code, dict(head.headers), body)
