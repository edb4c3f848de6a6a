"""What tasks run on: on demand, or on Spot, which is cheaper and may be taken away."""

from dataclasses import dataclass
from fractions import Fraction

from controller.domain.manifest import Service

FINEST = 1000
"""Shares are as fine as AWS's weights, which are whole numbers up to this."""


@dataclass(frozen=True)
class Capacity:
    """`base` tasks run on demand; those above it on demand and on Spot in this proportion, in lowest terms."""

    base: int = 0
    on_demand: int = 1
    spot: int = 0

    def __str__(self) -> str:
        """
        >>> print(Capacity(), "/", Capacity(2, 1, 1), "/", Capacity(0, 0, 1))
        on demand / 50% on Spot above 2 on demand / 100% on Spot
        """
        if not self.spot:
            return "on demand"
        above = f" above {self.base} on demand" if self.base else ""
        return f"{100 * self.spot / (self.on_demand + self.spot):g}% on Spot{above}"


def capacity_of(service: Service) -> Capacity:
    """Without Spot a base means nothing."""
    share = Fraction(service.capacity.spot.fraction).limit_denominator(FINEST)
    if not share:
        return Capacity()
    return Capacity(service.capacity.base, share.denominator - share.numerator, share.numerator)
