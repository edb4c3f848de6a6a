"""Where something was told: kept once for each place, and claimed by one of all who would say it first."""

from datetime import timedelta

from controller.domain.ports import Said
from controller.store import Store
from tests.support.database import MovedClock

HOLD = timedelta(seconds=60)
NAMED = ("slack", "dev-1", "#deploys")


def claimed(store: Store, clock: MovedClock) -> bool:
    with store.write() as unit:
        return unit.tellings.claim(*NAMED, clock.now(), HOLD)


def known(store: Store) -> tuple[Said, str] | None:
    with store.read() as unit:
        return unit.tellings.get(*NAMED)


def put(store: Store, clock: MovedClock, shown: str = "mark", ts: str = "1.0") -> None:
    with store.write() as unit:
        unit.tellings.put(*NAMED, Said("C1", ts), shown, clock.now())


def test_what_was_told_is_known_by_teller_subject_and_place(store: Store, clock: MovedClock) -> None:
    assert known(store) is None
    put(store, clock)
    assert known(store) == (Said("C1", "1.0"), "mark")
    with store.read() as unit:
        others = [("log", "dev-1", "#deploys"), ("slack", "dev-2", "#deploys"), ("slack", "dev-1", "#other")]
        assert [unit.tellings.get(*other) for other in others] == [None, None, None]


def test_what_is_told_again_takes_its_place(store: Store, clock: MovedClock) -> None:
    put(store, clock)
    put(store, clock, "other", "2.0")
    assert known(store) == (Said("C1", "2.0"), "other")


def test_one_of_all_says_it_first_and_until_then_nothing_is_told(store: Store, clock: MovedClock) -> None:
    assert claimed(store, clock)
    assert not claimed(store, clock)
    assert known(store) is None
    put(store, clock)
    assert not claimed(store, clock)
    assert known(store) is not None


def test_whoever_crashed_keeps_it_for_a_while_and_no_longer(store: Store, clock: MovedClock) -> None:
    assert claimed(store, clock)
    clock.sleep(HOLD.total_seconds() - 1)
    assert not claimed(store, clock)
    clock.sleep(1)
    assert claimed(store, clock)
    assert not claimed(store, clock)


def test_what_was_told_is_never_claimed_however_old_and_a_release_leaves_it(store: Store, clock: MovedClock) -> None:
    put(store, clock)
    clock.sleep(10 * HOLD.total_seconds())
    assert not claimed(store, clock)
    with store.write() as unit:
        unit.tellings.release(*NAMED)
    assert known(store) == (Said("C1", "1.0"), "mark")


def test_what_could_not_be_said_is_free_at_once(store: Store, clock: MovedClock) -> None:
    assert claimed(store, clock)
    with store.write() as unit:
        unit.tellings.release(*NAMED)
    assert claimed(store, clock)
