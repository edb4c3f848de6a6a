"""Ties, codes and requests of Slack's: each counts once, and for one person."""

from datetime import timedelta

from controller.store import Store
from tests.support.database import MovedClock
from tests.support.town import GRACE, LINUS

TEAM, OTHER_TEAM = "T1", "T2"
KEPT = timedelta(minutes=15)


def tie(store: Store, clock: MovedClock, user: str, person: object = LINUS, team: str = TEAM) -> None:
    with store.write() as unit:
        unit.identities.put(team, user, person, clock.now())  # type: ignore[arg-type]


def test_an_account_is_one_person_s_and_only_in_its_team(store: Store, clock: MovedClock) -> None:
    tie(store, clock, "U1")
    with store.read() as unit:
        assert unit.identities.person(TEAM, "U1") == LINUS
        assert unit.identities.person(OTHER_TEAM, "U1") is None
        assert unit.identities.slack_of(TEAM, LINUS.id) == "U1"
        assert unit.identities.slack_of(OTHER_TEAM, LINUS.id) is None


def test_of_two_ties_of_one_person_or_one_account_the_newer_holds(store: Store, clock: MovedClock) -> None:
    tie(store, clock, "U1")
    tie(store, clock, "U2")
    with store.read() as unit:
        assert (unit.identities.person(TEAM, "U1"), unit.identities.person(TEAM, "U2")) == (None, LINUS)
    tie(store, clock, "U2", GRACE)
    with store.read() as unit:
        assert unit.identities.person(TEAM, "U2") == GRACE
        assert unit.identities.slack_of(TEAM, LINUS.id) is None


def test_a_tie_is_forgotten_once(store: Store, clock: MovedClock) -> None:
    tie(store, clock, "U1")
    with store.write() as unit:
        assert unit.identities.forget(TEAM, LINUS.id)
        assert not unit.identities.forget(TEAM, LINUS.id)
        assert unit.identities.person(TEAM, "U1") is None


def test_a_code_is_good_once_and_until_its_time(store: Store, clock: MovedClock) -> None:
    until = clock.now() + timedelta(minutes=10)
    with store.write() as unit:
        unit.codes.add("one", LINUS, until, clock.now())
        assert unit.codes.use("another", clock.now()) is None
        assert unit.codes.use("one", clock.now()) == LINUS
        assert unit.codes.use("one", clock.now()) is None
        unit.codes.add("two", LINUS, until, clock.now())
        assert unit.codes.use("two", until) is None


def test_a_person_has_one_code_at_a_time(store: Store, clock: MovedClock) -> None:
    until = clock.now() + timedelta(minutes=10)
    with store.write() as unit:
        unit.codes.add("one", LINUS, until, clock.now())
        unit.codes.add("hers", GRACE, until, clock.now())
        unit.codes.add("two", LINUS, until, clock.now())
        assert unit.codes.use("one", clock.now()) is None
        assert unit.codes.use("hers", clock.now()) == GRACE
        assert unit.codes.use("two", clock.now()) == LINUS


def test_a_request_is_taken_once_as_long_as_it_could_come_again(store: Store, clock: MovedClock) -> None:
    def taken(digest: str) -> bool:
        with store.write() as unit:
            return unit.interactions.take(digest, clock.now(), KEPT)

    assert taken("one")
    assert not taken("one")
    assert taken("two")
    clock.sleep(KEPT.total_seconds() - 1)
    assert not taken("one")
    clock.sleep(1)
    assert taken("one")
