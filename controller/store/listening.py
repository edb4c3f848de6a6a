"""Hearing what other processes say, on a thread of its own; a word that is lost costs time and nothing else.

A connection that is cut is opened again, later and later, and whoever listens is told that words may have been missed.
Every half minute the listener says something to itself through another connection: a line that is dead without knowing
it, or a pooler that gives each transaction another connection (there LISTEN hears nothing, and says no error), is found
out by the silence (https://www.pgbouncer.org/features.html, "LISTEN" under transaction pooling).
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from controller.domain.errors import TidegateError, Transient
from controller.domain.ports import Clock
from controller.store.waking import Call

log = structlog.get_logger()

SLICE_SECONDS = 0.5
ECHO_EVERY_SECONDS = 30.0
ECHO_PATIENCE_SECONDS = 5.0
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0

Heard = Callable[[Call, str], None]
"""What was said, and of which environment."""


class Line(Protocol):
    def words(self, seconds: float) -> Sequence[str]:
        """What was said since the last time, after at most so long. `Transient` when the line is cut."""


class Ear(Protocol):
    def close(self) -> None: ...


class Deaf:
    """Nobody else speaks."""

    def close(self) -> None:
        return


class Listener:
    """`again` is called whenever words may have been missed: when it begins to hear, also for the first time."""

    def __init__(
        self,
        origin: str,
        connect: Callable[[], AbstractContextManager[Line]],
        say_echo: Callable[[], None],
        clock: Clock,
        heard: Heard,
        again: Callable[[], None],
    ) -> None:
        self._origin, self._connect, self._say_echo, self._clock = origin, connect, say_echo, clock
        self._heard, self._again = heard, again
        self._closed = threading.Event()
        self._hears, self._has_warned, self._retry_seconds = False, False, FIRST_RETRY_SECONDS
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(2 * SLICE_SECONDS)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with self._connect() as line:
                    self._listen(line)
            except TidegateError as error:
                self._lost(error)
            except Exception:
                log.exception("listener broke")
                self._closed.wait(LONGEST_RETRY_SECONDS)

    def _listen(self, line: Line) -> None:
        said_at = self._echo()
        answered = False
        while not self._closed.is_set():
            for word in line.words(SLICE_SECONDS):
                answered = self._take(word) or answered
            since = self._clock.monotonic() - said_at
            if not answered and since > ECHO_PATIENCE_SECONDS:
                told = "its connection seems open, and what is said does not arrive: a transaction pooler cannot LISTEN"
                raise Transient(f"listening: {told}", code="database.deaf")
            if since > ECHO_EVERY_SECONDS:
                said_at, answered = self._echo(), False

    def _echo(self) -> float:
        said_at = self._clock.monotonic()
        self._say_echo()
        return said_at

    def _take(self, word: str) -> bool:
        """Whether it was our own echo."""
        origin, call, environment = (*word.split(" ", 2), "", "")[:3]
        if origin != self._origin and call in {Call.LOOK, Call.HINT, Call.FREE}:
            self._heard(Call(call), environment)
        is_echo = origin == self._origin and call == Call.ECHO
        if is_echo and not self._hears:
            self._hears, self._has_warned, self._retry_seconds = True, False, FIRST_RETRY_SECONDS
            log.info("hearing other controllers")
            self._again()
        return is_echo

    def _lost(self, error: TidegateError) -> None:
        """Warned of once, until it hears again; the sweep finds everything meanwhile."""
        self._hears = False
        if not self._has_warned and not self._closed.is_set():
            self._has_warned = True
            log.warning("not hearing other controllers: their changes wait for the sweep", error=str(error))
        self._closed.wait(self._retry_seconds)
        self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)
