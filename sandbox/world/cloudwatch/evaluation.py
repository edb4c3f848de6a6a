"""Which state an alarm's data points call for. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.world.cloudwatch.model import State

MORE = 2
"""So many more periods than it needs does an alarm look at when some are missing: 5 for 3 in AWS's example."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Terms:
    """`wanted` of the `periods` newest points must breach."""

    periods: int
    wanted: int
    breaches: Callable[[float], bool]
    missing: str = "missing"
    """`missing`, `ignore`, `breaching` or `notBreaching`: what a missing point counts as."""


@dataclass(frozen=True)
class Verdict:
    state: State | None
    """None: it stays as it is."""
    points: tuple[int, ...] = ()
    """Which points were judged, as positions."""
    filled: int = 0
    """How many missing ones were taken for breaching or not."""


def judge(points: Sequence[float | None], terms: Terms) -> Verdict:
    """`points` are those of the `periods + MORE` newest periods, oldest first, None for a missing one."""
    known = [place for place, value in enumerate(points) if value is not None][-terms.periods :]
    breaching = [place for place in known if terms.breaches(points[place] or 0.0)]
    filled = terms.periods - len(known)
    if not filled or terms.missing in ("breaching", "notBreaching"):
        count = len(breaching) + (filled if terms.missing == "breaching" else 0)
        return Verdict("ALARM" if count >= terms.wanted else "OK", tuple(known), filled)
    if not known:
        return Verdict("INSUFFICIENT_DATA" if terms.missing == "missing" else None)
    if len(breaching) >= terms.wanted:
        return Verdict("ALARM", tuple(known))
    if len(breaching) < len(known):
        return Verdict("OK", tuple(known))
    return _premature(len(points) - known[0], tuple(known), terms)


def _premature(age: int, known: tuple[int, ...], terms: Terms) -> Verdict:
    """All that is there breaches, and is too little: it is an alarm as soon as the oldest point is as many periods old
    as have to breach."""
    is_old = age >= terms.wanted and terms.missing == "missing"
    return Verdict("ALARM" if is_old else None, known)
