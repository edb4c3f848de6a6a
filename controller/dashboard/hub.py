"""Pages that are left open hear of changes: one look at the rows for all of them, and a seat for each. No thread waits.

Whoever commits rows rings; what other controllers commit is found by looking every `LOOK_SECONDS`, while any page is
open. What a page has not read yet is added up in its seat, so whoever reads slowly costs no more than one change.
"""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from starlette.concurrency import run_in_threadpool

from controller.domain.changes import EVERYTHING, NOTHING, Changed, Marks, Pulse, changes
from controller.domain.errors import TidegateError

log = structlog.get_logger()

LOOK_SECONDS = 0.5
"""Without a ring: what another controller has changed is seen after so long."""

GRAIN_SECONDS = 0.2
"""Between two looks, however often it rings."""

MOST_SEATS, MOST_OF_ONE = 1000, 300
"""Open pages, in all and of one neighbourhood."""

REMEMBERED = 256
"""Changes that whoever comes back can still be told of; after more of them everything has changed."""

Look = Callable[[Marks | None], Marks]


class NoSeat(Exception):
    """As many pages are open as there is room for, of everybody's or of this neighbourhood's."""

    def __init__(self, is_full: bool) -> None:
        super().__init__("too many pages are open")
        self.is_full = is_full


@dataclass(eq=False)
class Seat:
    """One open page. `missed` is what it has not been told yet."""

    neighbourhood: str
    missed: Changed = NOTHING
    is_over: bool = False
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, changed: Changed) -> None:
        self.missed |= changed
        self._rung.set()

    def end(self) -> None:
        self.is_over = True
        self._rung.set()

    async def heard(self, seconds: float) -> Changed:
        """What has changed since the last time; `NOTHING` when nothing has after so long, or at its end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()
        told, self.missed = self.missed, NOTHING
        return told


class Hub:
    """All of it but `ring` belongs to one event loop at a time."""

    def __init__(self, look: Look, most: int = MOST_SEATS, most_of_one: int = MOST_OF_ONE) -> None:
        self._look, self._most, self._most_of_one = look, most, most_of_one
        self._run, self._number = secrets.token_hex(4), 0
        self._last: deque[Changed] = deque(maxlen=REMEMBERED)
        self._marks: Marks | None = None
        self._seats: set[Seat] = set()
        self._is_closed = self._fails = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def event(self) -> str:
        """Names the last change: whoever read rows before they ask for this may have missed none that comes after."""
        return f"{self._run}-{self._number}"

    @property
    def pulse(self) -> Pulse:
        return self._marks.pulse if self._marks else Pulse()

    @property
    def open_pages(self) -> int:
        return len(self._seats)

    def ring(self) -> None:
        """Something was committed. From any thread, as often as one likes."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop may have ended just now
                loop.call_soon_threadsafe(self._rung.set)

    def take(self, neighbourhood: str, since: str = "") -> Seat:
        """A seat for whoever knows what had changed until `since`, an event's name; empty: until now. `NoSeat`."""
        of_one = Counter(seat.neighbourhood for seat in self._seats)[neighbourhood]
        if self._is_closed or len(self._seats) >= self._most:
            raise NoSeat(is_full=True)
        if of_one >= self._most_of_one:
            raise NoSeat(is_full=False)
        seat = Seat(neighbourhood)
        if missed := self.missed(since or self.event):
            seat.tell(missed)
        self._seats.add(seat)
        self._begin()
        return seat

    def leave(self, seat: Seat) -> None:
        self._seats.discard(seat)
        if not self._seats:
            self._end()

    def close(self) -> None:
        """No page is open any more, and none comes in."""
        self._is_closed = True
        for seat in self._seats:
            seat.end()
        self._end()

    def missed(self, since: str) -> Changed:
        """What has changed after that event."""
        run, _, number = since.rpartition("-")
        behind = self._number - int(number) if run == self._run and number.isdecimal() and len(number) < 16 else -1
        if not 0 <= behind <= len(self._last):
            return EVERYTHING
        found = NOTHING
        for changed in list(self._last)[len(self._last) - behind :]:
            found |= changed
        return found

    def tell(self, changed: Changed) -> None:
        self._number += 1
        self._last.append(changed)
        for seat in self._seats:
            seat.tell(changed)

    def _begin(self) -> None:
        """The first page opens."""
        loop = asyncio.get_running_loop()
        if self._watching is None or self._loop is not loop:
            self._loop, self._rung = loop, asyncio.Event()
            self._watching = loop.create_task(self._watch())

    def _end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        self._loop = self._watching = None

    async def _watch(self) -> None:
        """At once, for whoever read rows before anybody looked; then when it rings, and every now and then."""
        never = asyncio.Event()
        while True:
            self._rung.clear()
            await self._look_once()
            await _waited(never, GRAIN_SECONDS)
            await _waited(self._rung, LOOK_SECONDS - GRAIN_SECONDS)

    async def _look_once(self) -> None:
        """While rows can't be read pages must find that out by themselves, and once more when they can."""
        try:
            found = await run_in_threadpool(self._look, self._marks)
        except TidegateError as error:
            if not self._fails:
                log.warning("open pages can't be told of changes", code=error.code, error=str(error))
                self.tell(EVERYTHING)
            self._fails = True
            return
        except Exception:
            log.exception("looking for changes broke")
            return
        changed = EVERYTHING if self._fails else changes(self._marks, found)
        self._marks, self._fails = found, False
        if changed:
            self.tell(changed)


async def _waited(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
