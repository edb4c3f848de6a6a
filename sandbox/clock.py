"""The only place in the sandbox that reads time: the running loop's clock, and one that tests move by
hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    """A callback that has been asked for and may still be called off."""

    def cancel(self) -> None:
        """Call it off; harmless when it has already run."""
        ...


class Clock(Protocol):
    """Time as the sandbox sees it. Callbacks run one at a time, never inside `call_later`."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run the callback once, `seconds` from now; callbacks due at one instant run in the order asked
        for."""
        ...


class LoopClock:
    """Wall time, with callbacks on an asyncio loop (the running one when none is given)."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._loop.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._loop.call_later(max(0.0, seconds), callback)


class VirtualTimer:
    """A callback waiting in a `VirtualClock`."""

    __slots__ = ("callback", "cancelled", "due")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualClock:
    """A clock that stands still until it is told to move; no asyncio, no threads.

    `advance` runs what falls due in order of time. A callback may itself advance the clock (a slow call
    that is modelled inside a callback): the outer move then goes on from wherever the inner one ended.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError(f"VirtualClock needs an aware start, found {start!r}: add tzinfo=UTC")
        self._start = start.astimezone(UTC)
        self._elapsed = 0.0
        self._waiting: list[tuple[float, int, VirtualTimer]] = []
        self._sequence = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = VirtualTimer(self._elapsed + max(0.0, seconds), callback)
        heapq.heappush(self._waiting, (timer.due, next(self._sequence), timer))
        return timer

    def next_due(self) -> datetime | None:
        """When the next callback will run, or None when nothing waits."""
        due = self._next()
        return None if due is None else self._start + timedelta(seconds=due)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, running everything that falls due on the way; 0 runs what is due now."""
        if seconds < 0:
            raise ValueError(f"a clock never goes back: asked to advance by {seconds} s")
        self._move_to(self._elapsed + seconds)

    def advance_to(self, when: datetime) -> None:
        """Move on to an aware instant, which must not be in the past."""
        self.advance((when - self.now()).total_seconds())

    def run_until(self, predicate: Callable[[], bool], limit_seconds: float = 3600.0) -> float:
        """Run callback after callback until the predicate holds; the virtual seconds that took.

        Raises TimeoutError, with the clock at the limit, when it does not hold by then.
        """
        began = self._elapsed
        limit = began + limit_seconds
        while not predicate():
            due = self._next()
            if due is None or due > limit:
                self._move_to(limit)
                if predicate():
                    break
                raise TimeoutError(f"still not so after {limit_seconds:g} virtual seconds, at {self.now()}")
            self._run_next()
        return self._elapsed - began

    def _move_to(self, target: float) -> None:
        while (due := self._next()) is not None and due <= target:
            self._run_next()
        self._elapsed = max(self._elapsed, target)

    def _next(self) -> float | None:
        while self._waiting and self._waiting[0][2].cancelled:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def _run_next(self) -> None:
        due, _, timer = heapq.heappop(self._waiting)
        self._elapsed = max(self._elapsed, due)
        timer.cancelled = True
        timer.callback()
