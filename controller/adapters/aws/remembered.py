"""Answers that may be a few minutes old."""

from collections.abc import Callable, Hashable
from datetime import timedelta
from threading import Lock
from typing import Generic, TypeVar

from controller.domain.ports import Clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

A_FEW_MINUTES = timedelta(minutes=5)


class Remembered(Generic[Key, Value]):
    """Values by key, each forgotten after `keep`. An error is never remembered, because nothing is put in."""

    def __init__(self, clock: Clock, keep: timedelta = A_FEW_MINUTES) -> None:
        self._clock = clock
        self._keep_seconds = keep.total_seconds()
        self._lock = Lock()
        self._values: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None or self._clock.monotonic() - found[0] >= self._keep_seconds:
                return None
            return found[1]

    def even_if_old(self, key: Key) -> Value | None:
        """Whatever was put in last, however long ago."""
        with self._lock:
            found = self._values.get(key)
            return None if found is None else found[1]

    def put(self, key: Key, value: Value) -> Value:
        with self._lock:
            self._values[key] = (self._clock.monotonic(), value)
        return value

    def get_or(self, key: Key, ask: Callable[[], Value]) -> Value:
        found = self.get(key)
        return self.put(key, ask()) if found is None else found
