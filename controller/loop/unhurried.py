"""Answers of something slow, for whoever can't wait for it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from controller.domain.errors import TidegateError
from controller.domain.ports import Clock

log = structlog.get_logger()

Answer = TypeVar("Answer")


Told_co = TypeVar("Told_co", covariant=True)


class Lookup(Protocol[Told_co]):
    """Something about an environment that is looked up for whoever can't wait; without `asks` only what others had
    looked up is told."""

    def __call__(self, environment: str, /, *, asks: bool = True) -> Told_co: ...


@dataclass(frozen=True)
class Heard(Generic[Answer]):
    """`value` is None while nothing is known, and `trouble` says why, with a code where it has one."""

    value: Answer | None
    at: datetime | None = None
    trouble: str = ""
    code: str = ""


@dataclass
class _Asked(Generic[Answer]):
    """One question, while it is asked and after. `began` is by the clock that never jumps."""

    began: float
    heard: Heard[Answer] | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Unhurried(Generic[Answer]):
    """`ask` is asked once about each name at a time, by a thread of its own; what it answered, also that it could not,
    holds for `lasts`. Nobody waits for longer than `patience`: the answer is there for whoever comes next."""

    def __init__(self, ask: Callable[[str], Answer], clock: Clock, lasts: timedelta, patience: timedelta) -> None:
        self._ask, self._clock, self._lasts, self._patience = ask, clock, lasts, patience
        self._asked: dict[str, _Asked[Answer]] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, *, asks: bool = True) -> Heard[Answer]:
        """What is known of `name`; without `asks` only what others have asked for. Never raises."""
        with self._lock:
            asked = self._asked.get(name)
            if asked is not None and asked.done.is_set() and self._is_over(asked):
                asked = self._asked.pop(name) and None
            if asked is None and not asks:
                return Heard(None, trouble="it was not looked up")
            if asked is None:
                asked = self._asked[name] = _Asked(self._clock.monotonic())
                threading.Thread(target=self._work, args=(name, asked), name="unhurried", daemon=True).start()
        if not asked.done.wait(self._patience.total_seconds()):
            return Heard(None, trouble="it takes longer than usual to look up; try again in a moment")
        assert asked.heard is not None, "what is done was heard"
        return asked.heard

    def _is_over(self, asked: _Asked[Answer]) -> bool:
        return self._clock.monotonic() - asked.began >= self._lasts.total_seconds()

    def _work(self, name: str, asked: _Asked[Answer]) -> None:
        try:
            asked.heard = Heard(self._ask(name), self._clock.now())
        except TidegateError as error:
            asked.heard = Heard(None, trouble=str(error), code=error.code)
        except Exception:
            log.exception("not looked up", name=name)
            asked.heard = Heard(None, trouble="looking it up failed")
        finally:
            asked.done.set()
