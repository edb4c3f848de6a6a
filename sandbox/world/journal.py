"""What happened in the world, in order, and a digest of all of it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from hashlib import sha256

from sandbox.world.ports import WorldEvent


class Journal:
    """The last events, oldest first; the digest covers every event there ever was."""

    def __init__(self, keep: int = 20_000) -> None:
        self._events: deque[WorldEvent] = deque(maxlen=keep)
        self._hash = sha256()
        self.total = 0

    def add(self, event: WorldEvent) -> None:
        self._events.append(event)
        self.total += 1
        line = [event.time.isoformat(), event.account, event.region, event.kind, event.resource, event.detail]
        self._hash.update(json.dumps(line, sort_keys=True, default=str).encode())

    def __iter__(self) -> Iterator[WorldEvent]:
        return iter(tuple(self._events))

    def of(self, kind: str) -> list[WorldEvent]:
        return [event for event in self._events if event.kind == kind]

    def digest(self) -> str:
        """Equal for two runs in which the same things happened at the same times."""
        return self._hash.hexdigest()
