"""The two places a service can run in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Slot(StrEnum):
    """A target group and the tasks behind it; a colour says nothing about which one is live."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Slot":
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


Weights = Mapping[Slot, int]
"""Shares of a rule's traffic, 0..100, which Tidegate always writes with a sum of 100."""


def weights(live: Slot | None, idle: Slot, percent: int) -> dict[Slot, int]:
    """The weights that give `percent` of the traffic to the idle slot and the rest to the live one."""
    if live is None:
        return {idle: 100, idle.other: 0}
    return {live: 100 - percent, idle: percent}


@dataclass(frozen=True)
class Sides:
    """Which slot was live before the first change of a deployment (None: the service is new), and which one takes
    over."""

    live: Slot | None
    idle: Slot
