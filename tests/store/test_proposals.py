"""Rows of pull requests: nobody looks at one twice at once, and no reason to look is lost."""

from dataclasses import replace
from datetime import timedelta

from controller.domain.proposal import Proposal, Written
from controller.store import Store
from tests.support.database import MovedClock

NAME = "acme/captioncraft"
HOLD = timedelta(minutes=2)


def ask(store: Store, clock: MovedClock, number: int = 1, name: str = NAME) -> None:
    with store.write() as unit:
        unit.proposals.ask(name, number, "develop", clock.now())


def claim(store: Store, clock: MovedClock) -> Proposal | None:
    with store.write() as unit:
        return unit.proposals.claim(clock.now(), HOLD)


def settle(store: Store, clock: MovedClock, proposal: Proposal) -> None:
    with store.write() as unit:
        unit.proposals.settle(proposal, clock.now())


def test_however_often_it_is_asked_for_it_is_looked_at_once(store: Store, clock: MovedClock) -> None:
    ask(store, clock)
    ask(store, clock, name="Acme/CaptionCraft")
    claimed = claim(store, clock)
    assert claimed is not None and claimed.asked == 2
    assert claim(store, clock) is None
    settle(store, clock, replace(claimed, comment=Written(5, "d"), head="1" * 40))
    assert claim(store, clock) is None
    with store.read() as unit:
        assert [one.comment for one in unit.proposals.resting(NAME)] == [Written(5, "d")]
        assert not unit.proposals.is_due(clock.now())


def test_a_reason_that_comes_during_a_look_asks_for_another_one_and_not_before_that_is_over(
    store: Store, clock: MovedClock
) -> None:
    ask(store, clock)
    claimed = claim(store, clock)
    assert claimed is not None
    ask(store, clock)
    assert claim(store, clock) is None, "somebody is looking"
    settle(store, clock, claimed)
    assert claim(store, clock) is not None


def test_whoever_dies_leaves_it_to_somebody_else(store: Store, clock: MovedClock) -> None:
    ask(store, clock)
    assert claim(store, clock) is not None
    clock.sleep(HOLD.total_seconds() + 1)
    assert claim(store, clock) is not None


def test_what_can_not_be_looked_at_now_waits_and_counts(store: Store, clock: MovedClock) -> None:
    ask(store, clock)
    claimed = claim(store, clock)
    assert claimed is not None
    with store.write() as unit:
        unit.proposals.put_off(claimed, clock.now() + timedelta(seconds=30))
    assert claim(store, clock) is None
    clock.sleep(31)
    again = claim(store, clock)
    assert again is not None and again.attempts == 1
    settle(store, clock, again)
    ask(store, clock)
    fresh = claim(store, clock)
    assert fresh is not None and fresh.attempts == 0


def test_a_clock_that_was_set_back_keeps_nothing_waiting(store: Store, clock: MovedClock) -> None:
    clock.sleep(24 * 3600)
    ask(store, clock)
    clock.sleep(-24 * 3600)
    assert claim(store, clock) is not None


def test_what_is_closed_is_not_among_the_open_ones(store: Store, clock: MovedClock) -> None:
    for number in (1, 2):
        ask(store, clock, number)
    claimed = claim(store, clock)
    assert claimed is not None
    settle(store, clock, replace(claimed, is_open=False))
    with store.read() as unit:
        assert unit.proposals.known(NAME) == {2}
