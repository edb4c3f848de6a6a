"""Rounds: everything has its turn once in a while, evenly spread, so that no herd forms and a budget holds.

A controller with 1,000 environments at rest asks nobody about all of them at once. Three things go round:

- *heads*: the branches of each repository, once in a sweep. GitHub lets a token ask 5,000 times an hour, and answers
  that nothing has changed (304) for free; besides, it wants at most 900 points a minute, one for each question
  (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
- *pulls*: the open pull requests of each repository, one question for each branch that is followed, out of the same
  900.
- *looks*: each environment at rest on AWS, for people's pages. Elastic Load Balancing shares 10 calls a second among
  all of an account and region (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/throttling.html),
  and a look at two services makes about fifteen of them.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import timedelta

from controller.domain.bindings import Binding

HEADS_A_SECOND = 5
"""300 questions a minute at most, a third of what GitHub takes. More repositories than 300 make a longer round."""

PULLS_A_SECOND = 2
"""120 questions a minute at most: up to as many branches are asked about once in a sweep of a minute, and 1,000 take
eight minutes. Webhooks tell sooner."""

LOOK_PERIOD = timedelta(minutes=1)
"""How often an environment at rest is looked at while there are few: up to 20 in one account and region."""

LOOKS_A_SECOND = 0.5
"""In all: a look takes 20 to 50 ms of a core. 450 environments take 15 minutes, 1,000 take 33."""

LOOKS_A_SECOND_OF_ONE_PLACE = 1 / 3
"""In one account and region: about five calls a second, half of what Elastic Load Balancing grants; deployments get the
other half. 100 environments in one account take 5 minutes, 300 take 15."""


class Round:
    """Each key has its turn once in `period`, in an order that looks random and is always the same.

    `first` is how long the first lap takes, where that is to be quicker.
    """

    def __init__(self, keys: Iterable[str], period: timedelta, now: float, first: timedelta | None = None) -> None:
        """`now`, here and below, is of a clock that never jumps."""
        self._keys = sorted(set(keys), key=_scattered)
        self._began, self._turns = now, 0
        self._period = period.total_seconds()
        self._first = self._period if first is None else first.total_seconds()

    def turns(self, now: float) -> Sequence[str]:
        """Whose turn has come since the last time that this was asked. After a long silence each has one, not many."""
        due = max(self._turns, math.floor(self._turns_in(now - self._began)))
        first = max(self._turns, due - len(self._keys))
        self._turns = due
        return [self._keys[turn % len(self._keys)] for turn in range(first, due)]

    def _turns_in(self, passed: float) -> float:
        lap = len(self._keys)
        if passed < self._first:
            return passed * lap / self._first
        return lap + (passed - self._first) * lap / self._period


def _scattered(key: str) -> str:
    """Neighbours by name are often neighbours on AWS as well: one account, one cluster."""
    return hashlib.sha256(key.encode()).hexdigest()


def head_period(repositories: Collection[str], sweep: timedelta) -> timedelta:
    """
    >>> head_period(["a"] * 300, timedelta(seconds=60)), head_period(["a"] * 1000, timedelta(seconds=60))
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=200))
    """
    return max(sweep, timedelta(seconds=len(repositories) / HEADS_A_SECOND))


def first_lap(repositories: Collection[str]) -> timedelta:
    """At the start, heads are compared as quickly as the budget allows: pushes may have been missed meanwhile."""
    return timedelta(seconds=len(repositories) / HEADS_A_SECOND)


def pull_period(branches: int, sweep: timedelta) -> timedelta:
    """
    >>> pull_period(120, timedelta(seconds=60)), pull_period(1000, timedelta(seconds=60))
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=500))
    """
    return max(sweep, first_pulls(branches))


def first_pulls(branches: int) -> timedelta:
    """How long the first lap takes."""
    return timedelta(seconds=branches / PULLS_A_SECOND)


def look_period(bindings: Collection[Binding]) -> timedelta:
    """The longest of what one place, all together, and people's patience allow."""
    places: Counter[Hashable] = Counter((binding.aws.account, binding.aws.region) for binding in bindings)
    crowd = max(places.values(), default=0)
    seconds = max(len(bindings) / LOOKS_A_SECOND, crowd / LOOKS_A_SECOND_OF_ONE_PLACE)
    return max(LOOK_PERIOD, timedelta(seconds=seconds))
