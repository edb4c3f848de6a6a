"""Webhooks that did not arrive are asked for again, once each.

Nothing depends on it: what a lost webhook told of is found by the sweeps. But what is late by a sweep is late, and a
door that was shut for an hour shows here.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from controller.domain.delivery import GITHUB, Lost
from controller.domain.errors import Blocked, TidegateError
from controller.domain.ports import Courier
from controller.loop.world import World

log = structlog.get_logger()

PERIOD = timedelta(minutes=20)
"""Two requests each time, free while nothing changes."""

A_ROUND = 20
REMEMBERED = 1000
DENIED_FOR = timedelta(hours=6)
"""So long nobody asks where it was not allowed: somebody may give the permission meanwhile."""

ASKED, RECOVERED = "asked", "recovered"


class Redelivery:
    """`count` hears of each that was asked for, and of each of those that came."""

    def __init__(self, world: World, courier: Courier, count: Callable[[str], None]) -> None:
        self._world, self._courier, self._count = world, courier, count
        self._asked: dict[str, bool] = {}
        self._not_before: dict[str, float] = {}

    @property
    def places(self) -> Sequence[str]:
        bound = {binding.repository.lower(): binding.repository for binding in self._world.bindings.values()}
        return self._courier.places(tuple(bound.values()))

    def sweep(self, place: str) -> int:
        """How many were asked for."""
        self._look_for_the_asked()
        now = self._world.clock.monotonic()
        if now < self._not_before.get(place, 0.0):
            return 0
        try:
            lost = [one for one in self._courier.failed(place) if self._is_missing(one)][:A_ROUND]
            for one in lost:
                self._courier.again(one)
                self._remember(one)
        except Blocked as error:
            self._not_before[place] = now + DENIED_FOR.total_seconds()
            log.info("failed webhooks are not asked for", place=place, code=error.code, error=str(error))
            return 0
        except TidegateError as error:
            log.warning("failed webhooks not asked for", place=place, code=error.code, error=str(error))
            return 0
        if lost:
            log.warning("webhooks were lost and are asked for again", place=place, count=len(lost))
        return len(lost)

    def _is_missing(self, lost: Lost) -> bool:
        """We may hold one whose answer was lost."""
        if lost.guid in self._asked:
            return False
        with self._world.store.read() as unit:
            return unit.deliveries.state(GITHUB, lost.guid) is None

    def _remember(self, lost: Lost) -> None:
        self._asked[lost.guid] = False
        self._count(ASKED)
        while len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]

    def _look_for_the_asked(self) -> None:
        for guid in [guid for guid, came in self._asked.items() if not came]:
            with self._world.store.read() as unit:
                self._asked[guid] = unit.deliveries.state(GITHUB, guid) is not None
            if self._asked[guid]:
                with self._world.store.write() as unit:
                    unit.deliveries.recover(GITHUB, guid)
                self._count(RECOVERED)
