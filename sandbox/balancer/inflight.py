"""How many requests are in flight to each target. Only `Ticket.release` ever lowers a count."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.world.ports import Target


class Ticket:
    """One request on its way to one target; released once, however often it is asked."""

    __slots__ = ("_counts", "_released", "target")

    def __init__(self, counts: InFlight, target: Target) -> None:
        self._counts = counts
        self._released = False
        self.target = target

    def release(self) -> None:
        if not self._released:
            self._released = True
            self._counts.lower(self.target)


class InFlight:
    """The counts, and who waits for one of them to reach zero."""

    def __init__(self) -> None:
        self._counts: dict[Target, int] = {}
        self._waiting: dict[Target, Callable[[], None]] = {}

    def take(self, target: Target) -> Ticket:
        self._counts[target] = self._counts.get(target, 0) + 1
        return Ticket(self, target)

    def count(self, target: Target) -> int:
        return self._counts.get(target, 0)

    def total(self) -> int:
        return sum(self._counts.values())

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        """Call back once when the count reaches zero; at once when it is zero."""
        if self.count(target) == 0:
            callback()
        else:
            self._waiting[target] = callback

    def forget(self, target: Target) -> None:
        """Nobody waits for this target any more."""
        self._waiting.pop(target, None)

    def lower(self, target: Target) -> None:
        """For `Ticket.release` alone."""
        left = self._counts[target] - 1
        if left:
            self._counts[target] = left
            return
        del self._counts[target]
        callback = self._waiting.pop(target, None)
        if callback is not None:
            callback()
