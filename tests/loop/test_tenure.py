"""The right to act: how long it lasts, what a takeover waits for, and what is left behind for whoever comes next."""

from datetime import timedelta

import pytest

from controller.domain.errors import Conflict
from controller.loop.tenure import (
    LEASE_SECONDS,
    QUARANTINE_SECONDS,
    SOON_SECONDS,
    STOP_ACTING_SECONDS,
    Tenure,
    Tenures,
)
from controller.store import Elsewhere, Store
from tests.support.database import MovedClock

LONGEST_CALL_SECONDS = 10
"""boto3's connect and read time-outs together, and no second attempt: `adapters/aws/session.py`."""


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    return store


def taken(tenures: Tenures) -> Tenure:
    tenure = tenures.take("dev")
    assert isinstance(tenure, Tenure)
    return tenure


def run_out(store: Store) -> None:
    """The clock of PostgreSQL cannot be moved, so the lease is ended as time would."""
    with store.write() as unit:
        unit.leases.lapse()


def due(store: Store) -> list[str]:
    with store.read() as unit:
        return [timer.environment for timer in unit.timers.all()]


def test_a_fresh_tenure_may_act_at_once(ready: Store, clock: MovedClock) -> None:
    tenure = taken(Tenures(ready, clock, "one"))
    tenure.check()
    assert tenure.quiet_seconds == 0


def test_an_environment_that_another_holds_is_not_taken(ready: Store, clock: MovedClock) -> None:
    taken(Tenures(ready, clock, "one"))
    refused = Tenures(ready, clock, "two").take("dev")
    assert isinstance(refused, Elsewhere)
    assert LEASE_SECONDS - 5 < refused.left.total_seconds() <= LEASE_SECONDS


def test_no_call_begins_in_a_pass_that_is_too_old(ready: Store, clock: MovedClock) -> None:
    tenure = taken(Tenures(ready, clock, "one"))
    clock.sleep(STOP_ACTING_SECONDS + 1)
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.old"


def test_no_call_begins_after_a_database_that_took_too_long_to_say_yes(ready: Store, clock: MovedClock) -> None:
    class Slow(Store):
        def fenced(self, lease):  # type: ignore[no-untyped-def]
            held = ready.fenced(lease)
            clock.sleep(STOP_ACTING_SECONDS + 1)
            return held

    tenure = taken(Tenures(ready, clock, "one"))
    tenure.store = Slow.__new__(Slow)
    with pytest.raises(Conflict):
        tenure.check()


def test_a_call_ends_well_before_its_lease_and_a_takeover_is_done_within_75_seconds() -> None:
    """The numbers of docs/fencing.md, in the order in which they must lie."""
    assert STOP_ACTING_SECONDS + LONGEST_CALL_SECONDS < LEASE_SECONDS
    assert QUARANTINE_SECONDS > LONGEST_CALL_SECONDS
    assert LEASE_SECONDS + QUARANTINE_SECONDS < 75
    assert SOON_SECONDS < LEASE_SECONDS


def test_who_takes_over_waits_before_the_first_change(ready: Store, clock: MovedClock) -> None:
    taken(Tenures(ready, clock, "one"))
    run_out(ready)
    second = Tenures(ready, clock, "two")
    tenure = taken(second)
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.quiet" and 0 < tenure.quiet_seconds <= QUARANTINE_SECONDS
    clock.sleep(QUARANTINE_SECONDS)
    taken(second).check()


def test_the_wait_counts_from_the_claim_however_long_ago_the_lease_ran_out(ready: Store, clock: MovedClock) -> None:
    """A database's clock may jump, at a failover for example: then «long ago» means nothing."""
    taken(Tenures(ready, clock, "one"))
    run_out(ready)
    clock.sleep(3600)
    assert taken(Tenures(ready, clock, "two")).quiet_seconds == QUARANTINE_SECONDS


def test_a_lease_that_was_left_at_rest_is_taken_without_waiting(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    first.leave(taken(first), None)
    taken(Tenures(ready, clock, "two")).check()


def test_who_rests_while_it_waits_keeps_the_lease(ready: Store, clock: MovedClock) -> None:
    """Given back, it would look as if no call of the one before could be on its way."""
    taken(Tenures(ready, clock, "one"))
    run_out(ready)
    second = Tenures(ready, clock, "two")
    second.leave(taken(second), None)
    assert isinstance(Tenures(ready, clock, "three").take("dev"), Elsewhere)


@pytest.mark.parametrize(("wait", "is_kept"), [(SOON_SECONDS, True), (SOON_SECONDS + 1, False)])
def test_a_lease_is_kept_from_look_to_look_and_not_for_long_waits(
    ready: Store, clock: MovedClock, wait: int, is_kept: bool
) -> None:
    first = Tenures(ready, clock, "one")
    first.leave(taken(first), timedelta(seconds=wait))
    assert isinstance(Tenures(ready, clock, "two").take("dev"), Elsewhere) is is_kept
    with ready.read() as unit:
        assert unit.timers.due(clock.now() + timedelta(seconds=wait)) == ("dev",)


def test_at_rest_nothing_is_due(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    first.leave(taken(first), timedelta(minutes=1))
    assert due(ready) == ["dev"]
    first.leave(taken(first), None)
    assert due(ready) == []


def test_who_wakes_up_after_its_lease_was_lost_leaves_the_new_owners_timer_alone(
    ready: Store, clock: MovedClock
) -> None:
    first, second = Tenures(ready, clock, "one"), Tenures(ready, clock, "two")
    zombie = taken(first)
    run_out(ready)
    second.leave(taken(second), timedelta(seconds=5))
    first.leave(zombie, None)
    assert due(ready) == ["dev"]


def test_nothing_is_allowed_once_another_took_over(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    tenure = taken(first)
    with ready.write() as unit:
        unit.leases.release(tenure.lease)
    taken(Tenures(ready, clock, "two"))
    with pytest.raises(Conflict) as caught:
        tenure.check()
    assert caught.value.code == "lease.lost"


def test_at_the_end_everything_is_given_back(ready: Store, clock: MovedClock) -> None:
    first = Tenures(ready, clock, "one")
    first.leave(taken(first), timedelta(seconds=5))
    first.give_back_all()
    taken(Tenures(ready, clock, "two")).check()
    assert due(ready) == ["dev"], "whoever comes next knows when to look"
