"""Deployments of an older Tidegate, or of a backup of one, become searchable: a few at a time, while nobody waits."""

import structlog

from controller.domain.ports import Clock
from controller.loop.pace import Pace
from controller.store import Store

log = structlog.get_logger()

MOST = 1000
"""At once, however quick it is."""


class CatchingUp:
    """For one thread at a time. What was set aside before is tried again once: another program may have done that."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock, self._pace = store, clock, Pace(MOST)
        self._has_tried_again = False

    def work(self) -> bool:
        """One short transaction; whether there is more to do."""
        self._try_again()
        with self._store.read() as unit:
            if not unit.history.is_catching_up():
                return False
        began = self._clock.monotonic()
        with self._store.write() as unit:
            found = unit.history.summarize_some(self._pace.size)
        if found.done:
            self._pace.took(found.done, self._clock.monotonic() - began)
        for deployment, error in found.unreadable.items():
            log.error("deployment set aside", deployment=deployment, code=error.code, error=str(error))
        return found.done > 0

    def _try_again(self) -> None:
        if self._has_tried_again:
            return
        with self._store.write() as unit:
            unit.history.try_again()
            unit.contents.try_again()
        self._has_tried_again = True
