"""Stories with real processes, real git and real requests.

A pair is shared where a story leaves it as it found it: with a version live, and nothing moving.
"""

from collections.abc import Iterator

import pytest

from tests.support.live import Pair, a_pair
from tests.support.load import Asked, SteadyLoad

REQUESTS_A_SECOND = 60


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with a_pair(tmp_path_factory.mktemp("live")) as pair:
        pair.controller.settled(pair.sandbox.merge()["commit"])
        yield pair


@pytest.fixture
def pair(running: Pair) -> Pair:
    """At rest: what the story before it left to do is done."""
    running.controller.until("dev is at rest", lambda: running.controller.environment()["deployment"] is None)
    return running


def users_of(pair: Pair) -> SteadyLoad:
    """Requests all the time, as users make them, from a process of their own."""
    return SteadyLoad(Asked(pair.sandbox.balancer_port(), REQUESTS_A_SECOND))
