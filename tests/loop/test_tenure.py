"""The right to act: how long it lasts, and what a takeover waits for."""

import pytest

from controller.domain.errors import Conflict
from controller.loop.tenure import QUARANTINE_SECONDS, STOP_ACTING_SECONDS, Tenures
from controller.store import Store
from tests.support.database import MovedClock


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    return store


def test_a_fresh_tenure_may_act_at_once(ready: Store, clock: MovedClock) -> None:
    tenure = Tenures(ready, clock, "one").take("dev")
    assert tenure is not None
    tenure.check()
    assert tenure.quiet_seconds == 0


def test_an_environment_that_another_holds_is_not_taken(ready: Store, clock: MovedClock) -> None:
    assert Tenures(ready, clock, "one").take("dev") is not None
    assert Tenures(ready, clock, "two").take("dev") is None


def test_no_call_begins_in_a_pass_that_is_too_old(ready: Store, clock: MovedClock) -> None:
    tenure = Tenures(ready, clock, "one").take("dev")
    clock.sleep(STOP_ACTING_SECONDS + 1)
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.old"


def test_who_takes_over_waits_before_the_first_change(ready: Store, clock: MovedClock) -> None:
    if ready_is_postgresql(ready):
        return_to_the_clock_of_the_database(ready)
    else:
        Tenures(ready, clock, "one").take("dev")
        clock.sleep(61)
    second = Tenures(ready, clock, "two")
    tenure = second.take("dev")
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.quiet" and 0 < tenure.quiet_seconds <= QUARANTINE_SECONDS
    clock.sleep(QUARANTINE_SECONDS)
    second.take("dev").check()


def test_a_lease_that_was_given_back_is_taken_without_waiting(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    first.give_back(first.take("dev"))
    Tenures(ready, clock, "two").take("dev").check()


def test_nothing_is_allowed_once_another_took_over(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    tenure = first.take("dev")
    with ready.write() as unit:
        unit.leases.release(tenure.lease)
    assert Tenures(ready, clock, "two").take("dev") is not None
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.lost"


def test_at_the_end_everything_is_given_back(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    first.take("dev")
    first.give_back_all()
    Tenures(ready, clock, "two").take("dev").check()


def ready_is_postgresql(store: Store) -> bool:
    return not store._database.is_ours_alone


def return_to_the_clock_of_the_database(store: Store) -> None:
    """PostgreSQL has its own clock: a lease of no seconds has run out by the time that anybody looks."""
    with store.write() as unit:
        unit.leases.claim("dev", "one", 0)
