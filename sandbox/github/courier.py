"""Carrying webhooks out: off the request's path, in order for each hook, ten seconds each, never by itself again.

https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx

from sandbox.clock import Clock
from sandbox.github.records import Answer, Delivery, Hook
from sandbox.github.state import Event

TIMEOUT_SECONDS = 10.0
KEPT_ANSWER_CHARACTERS = 10_000
HOLD_SECONDS = 5.0

FaultKind = Literal["lose", "delay", "double", "reorder"]
FAULT_KINDS: tuple[FaultKind, ...] = ("lose", "delay", "double", "reorder")
Send = Callable[[Hook, Delivery], Awaitable[Answer]]
Item = tuple[Hook, Delivery]
log = logging.getLogger(__name__)


@dataclass
class Fault:
    """What happens to the next `count` deliveries; `seconds` is how late a delayed one comes."""

    kind: FaultKind
    count: int
    seconds: float = 5.0
    held: list[Item] = field(default_factory=list)


class HttpSender:
    """Posts deliveries. No proxy, no redirects: the receiver is on this machine and says 2xx itself."""

    def __init__(self, clock: Clock, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, hook: Hook, delivery: Delivery) -> Answer:
        began = self._clock.monotonic()
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, timeout=None)  # noqa: S113 - limited as a whole below
        try:
            async with asyncio.timeout(self._timeout_seconds):
                reply = await self._client.post(hook.url, content=delivery.body, headers=delivery.headers)
        except TimeoutError:
            return self._nothing("timed out", began)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._nothing(f"failed to connect to host: {type(error).__name__}", began)
        text = reply.text[:KEPT_ANSWER_CHARACTERS]
        return Answer(reply.status_code, "OK", dict(reply.headers), text, self._clock.monotonic() - began)

    def _nothing(self, reason: str, began: float) -> Answer:
        return Answer(0, reason, {}, "", self._clock.monotonic() - began)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


class Courier:
    """One queue and one carrier for each hook. Lives on the event loop."""

    def __init__(self, clock: Clock, send: Send) -> None:
        self._clock = clock
        self._send = send
        self._queues: dict[int, asyncio.Queue[Item]] = {}
        self._carriers: list[asyncio.Task[None]] = []
        self._faults: deque[Fault] = deque()
        self._is_closed = False

    def misbehave(self, fault: Fault) -> None:
        """Faults are used up one after the other, in the order in which they were asked for."""
        self._faults.append(fault)

    def hear(self, event: Event) -> None:
        for item in event.deliveries:
            self._accept(item)

    def _accept(self, item: Item) -> None:
        fault = self._next_fault()
        if fault is None:
            self._queue(item)
        elif fault.kind == "lose":
            item[1].answer = Answer(0, "timed out", {}, "", TIMEOUT_SECONDS)
        elif fault.kind == "double":
            self._queue(item)
            self._queue(item)
        elif fault.kind == "delay":
            self._clock.call_later(fault.seconds, lambda: self._queue(item))
        else:
            self._hold(fault, item)

    def _next_fault(self) -> Fault | None:
        if not self._faults:
            return None
        fault = self._faults[0]
        fault.count -= 1
        if fault.count <= 0:
            self._faults.popleft()
        return fault

    def _hold(self, fault: Fault, item: Item) -> None:
        """Keep a reordered delivery until the last of its group, and not for ever when no more come."""
        fault.held.append(item)
        if fault.count <= 0:
            self._release(fault)
        elif len(fault.held) == 1:
            self._clock.call_later(HOLD_SECONDS, lambda: self._release(fault))

    def _release(self, fault: Fault) -> None:
        held, fault.held = fault.held, []
        for item in reversed(held):
            self._queue(item)
        if fault in self._faults:
            self._faults.remove(fault)

    def _queue(self, item: Item) -> None:
        hook = item[0]
        if self._is_closed:
            return
        if hook.id not in self._queues:
            self._queues[hook.id] = asyncio.Queue()
            self._carriers.append(asyncio.create_task(self._carry(self._queues[hook.id])))
        self._queues[hook.id].put_nowait(item)

    async def _carry(self, queue: asyncio.Queue[Item]) -> None:
        while True:
            hook, delivery = await queue.get()
            try:
                delivery.answer = await self._send(hook, delivery)
            except Exception as error:
                # One delivery that can't even be tried must not end the hook's queue.
                log.exception("a webhook could not be sent")
                delivery.answer = Answer(0, f"could not be sent: {type(error).__name__}", {}, "", 0.0)
            finally:
                queue.task_done()

    async def idle(self) -> None:
        """Return when everything that is queued now has been sent."""
        for queue in list(self._queues.values()):
            await queue.join()

    async def close(self) -> None:
        self._is_closed = True
        for carrier in self._carriers:
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)
