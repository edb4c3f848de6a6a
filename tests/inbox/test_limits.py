"""How often somebody may knock."""

from datetime import timedelta

import pytest

from controller.inbox.limits import Limit, TooOften, neighbourhood
from tests.support.database import MovedClock

MINUTE = timedelta(minutes=1)


def taken(limit: Limit, who: str, times: int) -> int:
    """How many of so many tries."""
    count = 0
    for _ in range(times):
        try:
            limit.take(who)
        except TooOften:
            continue
        count += 1
    return count


def test_so_many_at_once_and_then_as_many_within_its_span() -> None:
    clock = MovedClock()
    limit = Limit(clock, 6, MINUTE)
    assert taken(limit, "ada", 20) == 6
    clock.sleep(9.9)
    assert taken(limit, "ada", 20) == 0
    clock.sleep(0.2)
    assert taken(limit, "ada", 20) == 1
    clock.sleep(3600)
    assert taken(limit, "ada", 20) == 6


def test_who_is_stopped_hears_how_long() -> None:
    limit = Limit(MovedClock(), 1, MINUTE)
    limit.take("ada")
    with pytest.raises(TooOften) as caught:
        limit.take("ada")
    assert (caught.value.retry_after, caught.value.code) == (MINUTE, "limit.too_often")


def test_one_does_not_stop_another() -> None:
    limit = Limit(MovedClock(), 1, MINUTE)
    assert sum(taken(limit, f"person {number}", 2) for number in range(20)) == 20


def test_there_is_no_more_room_than_at_first_and_nobody_is_forgotten_for_another() -> None:
    limit = Limit(MovedClock(), 2, MINUTE, places=64)
    assert taken(limit, "the attacker", 5) == 2
    for number in range(10_000):
        taken(limit, f"stranger {number}", 1)
    assert [len(row) for row in limit._free_at] == [64, 64]
    assert taken(limit, "the attacker", 5) == 0


def test_nobody_can_choose_whose_place_they_take() -> None:
    """Places differ from process to process."""
    places = {tuple(place for _, place in Limit(MovedClock(), 1, MINUTE)._places("ada")) for _ in range(20)}
    assert len(places) > 15


@pytest.mark.parametrize(
    ("address", "whose"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::"), ("testclient", "testclient"), ("", "")],
)
def test_an_address_counts_for_its_network(address: str, whose: str) -> None:
    assert neighbourhood(address) == whose
