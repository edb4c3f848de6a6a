"""One request and its answer: from the parsed head to the last byte, whatever happens between.

An exchange holds at most one ticket (its place in the in-flight count) and one connection at a time, and
gives both up in `_let_go`, which every way out passes.
"""

from __future__ import annotations

import asyncio

from sandbox.balancer.door import NO_TARGET, Client, Door
from sandbox.balancer.heads import (
    IDEMPOTENT,
    AnswerHead,
    Framing,
    RequestHead,
    head_for_client,
    head_for_target,
    own_answer,
)
from sandbox.balancer.inflight import Ticket
from sandbox.balancer.redirects import location
from sandbox.balancer.routing import first_rule
from sandbox.balancer.upstream import UpstreamConnection
from sandbox.world.ports import Endpoint, Target
from sandbox.world.view import FixedResponse, Forward, Redirect

REPLAYED_BYTES = 64 * 1024
"""How much of a request is kept to send it again."""
HELD_BYTES = 64 * 1024
"""How much of a request may wait for a connection before the client is asked to wait."""
TRIED_TARGETS = 3
CLIENT_LEFT = 460
"""How ALB counts a client that closed before its answer was complete."""


class Exchange:
    """One request on its way; `begin` is called when all requests before it have been answered."""

    def __init__(self, client: Client, door: Door, head: RequestHead) -> None:
        self._client = client
        self._door = door
        self._head = head
        self.begun = False
        self.received = False
        """The client has sent all of the request."""
        self.answered = False
        """The answer is complete, or given up."""
        self.keep = head.keep_alive
        self.is_tunnel = False
        self._group = ""
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._sent: list[bytes] | None = [] if head.method in IDEMPOTENT else None
        self._sent_bytes = 0
        self._tried: set[Target] = set()
        self._ticket: Ticket | None = None
        self._upstream: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._upstream_is_full = False
        self._client_is_full = False
        self._sent_at = 0.0
        self._latency = 0.0
        self._status: int | None = None
        self._framing = Framing()
        self._pieces: list[bytes] = []

    @property
    def method(self) -> str:
        return self._head.method

    @property
    def wants_websocket(self) -> bool:
        return self._head.websocket

    @property
    def is_held(self) -> bool:
        """Whether the client should wait before sending more."""
        return self._upstream_is_full or self._waiting_bytes > HELD_BYTES

    # Where it goes.

    def begin(self) -> None:
        """Route it, and send what there is of it."""
        self.begun = True
        rule = first_rule(self._door.traffic.rules(self._door.listener.arn), self._head.ask(self._client.source))
        match rule.action:
            case Forward():
                self._group = self._door.choice.choose(rule.arn, rule.action.groups) or ""
                if self._head.expects_continue and not self.received:
                    self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._queue_head()
                self._attempt()
            case FixedResponse(status, content_type, body):
                self._answer_ourselves(status, body, content_type)
            case Redirect():
                where = location(rule.action, self._head, self._door.listener)
                self._answer_ourselves(rule.action.status, location=where)

    def _queue_head(self) -> None:
        head = head_for_target(self._head, self._client.source, self._door.listener.port)
        self._waiting.insert(0, head)
        self._waiting_bytes += len(head)

    def _attempt(self, *, fresh: bool = False) -> None:
        """Give it to the next target, over a pooled connection unless a fresh one is wanted."""
        group = self._door.traffic.group(self._group)
        while True:
            enough = len(self._tried) >= TRIED_TARGETS
            view = None if group is None or enough else self._door.turns.choose(group, self._tried)
            if view is None:
                self._answer_ourselves(502 if self._tried else NO_TARGET)
                return
            if view.endpoint is not None:
                break
            self._count_failed(view.target)
        self._ticket = self._door.inflight.take(view.target)
        pooled = None if fresh else self._door.pool.take(view.target)
        if pooled is not None:
            self._use(pooled)
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(view.target, view.endpoint))

    async def _connect(self, target: Target, endpoint: Endpoint) -> None:
        try:
            connection = await self._door.pool.connect(target, endpoint)
        except OSError:
            self._connecting = None
            self._count_failed(target)
            self._let_go(reusable=False)
            self._attempt()
            return
        self._connecting = None
        if self.answered:
            connection.close()
        else:
            self._use(connection)

    def _count_failed(self, target: Target) -> None:
        self._tried.add(target)
        self._door.connection_failed(self._group)

    def _use(self, connection: UpstreamConnection) -> None:
        self._upstream = connection
        connection.serve(self)
        connection.hold_reading(self._client_is_full)
        self._sent_at = self._door.clock.monotonic()
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for data in waiting:
            self._send(data)
        connection.flush()
        self._client.adjust_reading()

    # The request's body.

    def body(self, data: bytes) -> None:
        """The client sent a piece of the body."""
        if self.answered:
            return
        piece = b"%x\r\n%b\r\n" % (len(data), data) if self._head.framing.chunked else data
        if self._upstream is None:
            self._waiting.append(piece)
            self._waiting_bytes += len(piece)
        else:
            self._send(piece)

    def body_ends(self) -> None:
        """The client has sent all."""
        if self._head.framing.chunked and not self.answered:
            if self._upstream is None:
                self._waiting.append(b"0\r\n\r\n")
            else:
                self._send(b"0\r\n\r\n")
        self.received = True

    def flush_up(self) -> None:
        """All pieces that came together have been handed over: let them leave together."""
        if self._upstream is not None:
            self._upstream.flush()

    def _send(self, data: bytes) -> None:
        assert self._upstream is not None
        self._upstream.send(data)
        self._keep_for_replay(data)

    def _keep_for_replay(self, data: bytes) -> None:
        if self._sent is None:
            return
        self._sent_bytes += len(data)
        if self._sent_bytes > REPLAYED_BYTES:
            self._sent = None
        else:
            self._sent.append(data)

    # The answer, as the connection to the target tells it.

    def answer_begins(self, answer: AnswerHead, framing: Framing) -> None:
        self._status = answer.status
        self._latency = self._door.clock.monotonic() - self._sent_at
        self._sent = None
        self._framing = framing
        self.keep = self.keep and not self.wants_websocket
        if framing == Framing():
            # It ends with the connection there; here it is chunked, or for HTTP/1.0 ends likewise.
            self._framing = Framing() if self._head.http_1_0 else Framing(chunked=True)
        elif framing.chunked and self._head.http_1_0:
            self._framing = Framing()
        self._pieces.append(head_for_client(answer, self._head, self._framing, keep=self.keep))

    def answer_body(self, data: bytes) -> None:
        if self._framing.chunked:
            self._pieces.append(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            self._pieces.append(data)

    def answer_ends(self, *, reusable: bool) -> None:
        if self._framing.chunked:
            self._pieces.append(b"0\r\n\r\n")
        assert self._status is not None
        self._door.answered(self._group, self._status, self._latency)
        self._end(reusable=reusable and self.received)

    def flush_down(self) -> None:
        """Pass on what has been gathered, in one write."""
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._client.write(data)

    def upstream_lost(self, why: str) -> None:
        """The target broke off, or answered rubbish."""
        connection = self._upstream
        assert connection is not None
        if self._status is not None:
            self._end_broken()
        elif connection.reused and not connection.heard and self._sent is not None:
            self._replay(self._sent)
        else:
            self._answer_ourselves(502, f"The target could not answer: {why}.\n")

    def _replay(self, sent: list[bytes]) -> None:
        """A pooled connection was dead already: once more, over a fresh one, whose loss is final. Safe, as
        nothing was answered and the method is idempotent."""
        self._let_go(reusable=False)
        self._waiting = [*sent, *self._waiting]
        self._waiting_bytes = self._sent_bytes
        self._sent, self._sent_bytes = [], 0
        self._attempt(fresh=True)

    # Two-way streams.

    def tunnel_opens(self, answer: AnswerHead, first: bytes) -> None:
        self.is_tunnel = True
        self.keep = False
        self._status = answer.status
        self._latency = self._door.clock.monotonic() - self._sent_at
        self._pieces.append(head_for_client(answer, self._head, Framing(), keep=False) + first)
        self.flush_down()
        self._client.open_tunnel()

    def tunnel_data(self, data: bytes) -> None:
        """From the target to the client."""
        self._client.write(data)

    def tunnel_up(self, data: bytes) -> None:
        """From the client to the target."""
        if self._upstream is not None:
            self._upstream.send(data)
            self._upstream.flush()

    # Back-pressure.

    def upstream_writable(self, writable: bool) -> None:
        self._upstream_is_full = not writable
        self._client.adjust_reading()

    def client_writable(self, writable: bool) -> None:
        self._client_is_full = not writable
        if self._upstream is not None:
            self._upstream.hold_reading(self._client_is_full)

    # Ways out.

    def client_gone(self) -> None:
        """The client left. What it had asked for is broken off at the target too."""
        if self.answered or not self.begun:
            return
        if self.is_tunnel:
            self._door.answered(self._group, 101, self._latency)
        else:
            self._door.refused(self._group, CLIENT_LEFT)
        self._end(reusable=False)

    def time_out(self) -> None:
        """Nothing has moved for the idle timeout."""
        if self.answered:
            self._client.break_off()
        elif self._status is None:
            self._answer_ourselves(504)
        else:
            self._end_broken()

    def spoil(self, status: int, why: str) -> None:
        """The client's body turned out to be rubbish: nothing after it can be read."""
        self.keep = False
        if self.answered:
            self._client.advance()
        elif self._status is None:
            self._answer_ourselves(status, f"{why}\n")
        else:
            self._end_broken()

    def _end_broken(self) -> None:
        """The answer has begun and cannot be finished: the client must see that it was cut."""
        assert self._status is not None
        self._door.answered(self._group, self._status, self._latency)
        self.flush_down()
        self._client.break_off()
        self._end(reusable=False)

    def _answer_ourselves(
        self, status: int, body: str = "", content_type: str = "text/plain", location: str = ""
    ) -> None:
        self._door.refused(self._group, status)
        extra = [(b"Location", location.encode("latin-1"))] if location else []
        self.keep = self.keep and not self.wants_websocket
        with_body = self.method != "HEAD"
        self._pieces = [own_answer(status, body, content_type, extra, keep=self.keep, with_body=with_body)]
        self._end(reusable=False)

    def _end(self, *, reusable: bool) -> None:
        self.answered = True
        self.flush_down()
        self._let_go(reusable=reusable)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._upstream_is_full = False
        self._client.advance()

    def _let_go(self, *, reusable: bool) -> None:
        """Give up the connection and the place in the count."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self._upstream = self._upstream, None
        ticket, self._ticket = self._ticket, None
        if connection is not None and reusable:
            self._door.pool.give(connection)
        elif connection is not None:
            connection.close()
        if ticket is not None:
            ticket.release()
