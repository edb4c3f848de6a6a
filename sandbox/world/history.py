"""How one place was before each of its last changes; kept only while a fault may ask for it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from sandbox.world.place import Place


class History:
    def __init__(self, keep: int = 500) -> None:
        self._before: dict[tuple[str, str], deque[tuple[datetime, Place]]] = {}
        self._keep = keep

    def remember(self, place: Place) -> None:
        """Call this just before a change."""
        line = self._before.setdefault((place.account, place.region), deque(maxlen=self._keep))
        if line and line[-1][1].looks_like(place):
            # What was about to change then did not change after all.
            line[-1] = place.now(), line[-1][1]
        else:
            line.append((place.now(), place.snapshot()))

    def ago(self, place: Place, seconds: float, versions: int) -> Place:
        """The place as it was `versions` changes ago, else `seconds` ago; as far back as is known."""
        line = list(self._before.get((place.account, place.region), ()))
        if line and line[-1][1].looks_like(place):
            line.pop()
        if not line:
            return place
        if versions:
            return line[-min(versions, len(line))][1]
        then = place.now() - timedelta(seconds=seconds)
        return next((before for changed, before in line if changed > then), place)
