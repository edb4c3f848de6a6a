"""Slack on a bad day: what the next calls of the Web API, and the next interactions, meet instead of service."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from sandbox.clock import Clock

CallFaultKind = Literal["throttle", "delay", "fail", "lose-before", "lose-after"]
CALL_FAULTS: tuple[CallFaultKind, ...] = ("throttle", "delay", "fail", "lose-before", "lose-after")
InteractionFaultKind = Literal["lose", "delay", "double", "wrong-secret", "stale"]
INTERACTION_FAULTS: tuple[InteractionFaultKind, ...] = ("lose", "delay", "double", "wrong-secret", "stale")


@dataclass
class CallFault:
    """What happens to the next `count` calls of `method` (any, when it is empty).

    `throttle` answers 429 with `Retry-After` of `seconds`; `delay` waits `seconds` first; `fail` answers `error` with
    `status`; the connection breaks before the call took effect (`lose-before`), or after.
    """

    kind: CallFaultKind
    count: int = 1
    method: str = ""
    seconds: float = 1.0
    error: str = "fatal_error"
    status: int = 200


@dataclass
class InteractionFault:
    """What happens to the next `count` interactions: `stale` carries a timestamp of `seconds` ago."""

    kind: InteractionFaultKind
    count: int = 1
    seconds: float = 5.0


@dataclass
class Misbehaviour:
    """Faults are used up one after the other, in the order in which they were asked for."""

    calls: list[CallFault] = field(default_factory=list)
    interactions: deque[InteractionFault] = field(default_factory=deque)
    seconds_between_messages: float = 0.0
    """Slack's own limit is about one message a second in each channel; 0 for none."""

    def of_call(self, method: str) -> CallFault | None:
        found = next((fault for fault in self.calls if fault.method in ("", method)), None)
        if found is not None:
            found.count -= 1
            if found.count <= 0:
                self.calls.remove(found)
        return found

    def of_interaction(self) -> InteractionFault | None:
        if not self.interactions:
            return None
        found = self.interactions[0]
        found.count -= 1
        if found.count <= 0:
            self.interactions.popleft()
        return found

    def clear(self) -> None:
        self.calls.clear()
        self.interactions.clear()
        self.seconds_between_messages = 0.0


async def pause(clock: Clock, seconds: float) -> None:
    """Until the clock has moved on so far."""
    over = asyncio.Event()
    timer = clock.call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()
