"""Minutes as CloudWatch might count them."""

from collections.abc import Iterable
from datetime import timedelta

from controller.domain.metrics import Minute, Minutes
from tests.support.builders import NOON


def counted(*minutes: tuple[int, int]) -> Minutes:
    """(requests, errors) of one minute after the other, from noon."""
    return tuple(
        Minute(NOON + timedelta(minutes=number), requests, errors) for number, (requests, errors) in enumerate(minutes)
    )


def timed(milliseconds: Iterable[float], requests: int = 100, percent: int = 95) -> Minutes:
    """One percentile of one minute after the other, each of so many requests."""
    return tuple(
        Minute(NOON + timedelta(minutes=number), requests, latencies={percent: value / 1000})
        for number, value in enumerate(milliseconds)
    )
