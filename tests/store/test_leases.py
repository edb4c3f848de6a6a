"""The database's clock cannot be moved on PostgreSQL: `run_out` ends a lease as time would."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from controller.domain.errors import Conflict
from controller.store import Elsewhere, Lease, Store
from tests.support.database import MovedClock


def claim(store: Store, owner: str = "a", environment: str = "dev") -> Lease | Elsewhere:
    with store.write() as unit:
        return unit.leases.claim(environment, owner, 60)


def claimed(store: Store, owner: str = "a") -> Lease:
    lease = claim(store, owner)
    assert isinstance(lease, Lease)
    return lease


def run_out(store: Store) -> None:
    with store.write() as unit:
        unit.leases.lapse()


def test_a_free_environment_is_claimed_for_the_seconds_asked(store: Store) -> None:
    lease = claimed(store)
    with store.read() as unit:
        (holder,) = unit.leases.holders()
        left = lease.expires_at - unit.leases._transaction.now()
    assert (lease.environment, lease.owner, lease.epoch, lease.taken_over) == ("dev", "a", 1, False)
    assert (holder.owner, holder.epoch, holder.expires_at, holder.is_held) == ("a", 1, lease.expires_at, True)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


def test_nobody_else_gets_what_is_held_and_hears_when_it_can_run_out(store: Store) -> None:
    claimed(store)
    refused = claim(store, "b")
    assert isinstance(refused, Elsewhere) and refused.owner == "a"
    assert timedelta(seconds=50) < refused.left <= timedelta(seconds=60)
    assert isinstance(claim(store, "b", "prod"), Lease)


def test_an_environment_that_was_never_ensured_is_not_claimed(store: Store) -> None:
    with pytest.raises(LookupError, match="no environment 'moon'"):
        claim(store, environment="moon")


def test_an_owner_that_claims_again_keeps_its_epoch_for_longer(store: Store, clock: MovedClock) -> None:
    first = claimed(store)
    clock.sleep(30)
    renewed = claimed(store)
    assert renewed.expires_at > first.expires_at
    assert replace(renewed, expires_at=first.expires_at) == first


def test_a_lease_of_before_the_last_renewal_is_held_until_the_new_end(store: Store) -> None:
    """It is the same one: epoch and owner say so, and the row says how long."""
    first = claimed(store)
    claimed(store)
    with store.fenced(first) as unit:
        assert unit.leases.is_held(first)


def test_a_new_owner_of_a_lease_that_ran_out_has_taken_it_over(store: Store) -> None:
    claimed(store, "a")
    run_out(store)
    lease = claimed(store, "b")
    assert (lease.epoch, lease.taken_over) == (2, True)
    assert claimed(store, "b").taken_over is False


def test_the_same_owner_gets_a_new_epoch_after_its_lease_ran_out(store: Store) -> None:
    claimed(store)
    run_out(store)
    lease = claimed(store)
    assert (lease.epoch, lease.taken_over) == (2, False)


def test_a_lease_that_was_given_back_is_not_taken_over(store: Store) -> None:
    lease = claimed(store, "a")
    with store.write() as unit:
        unit.leases.release(lease)
        assert unit.leases.holders() == ()
    next_lease = claimed(store, "b")
    assert (next_lease.epoch, next_lease.taken_over) == (2, False)


def test_giving_back_a_lost_lease_leaves_the_new_owners_alone(store: Store) -> None:
    lost = claimed(store, "a")
    run_out(store)
    claimed(store, "b")
    with store.write() as unit:
        assert not unit.leases.release(lost)
        assert [holder.owner for holder in unit.leases.holders()] == ["b"]


def test_a_lease_by_the_store_clock_runs_out_at_its_second(store: Store, clock: MovedClock) -> None:
    with store.read() as unit:
        if unit.leases._transaction.is_postgres:
            return
    claimed(store, "a")
    clock.sleep(59.999)
    assert claim(store, "b") == Elsewhere("a", timedelta(milliseconds=1))
    clock.sleep(0.001)
    assert claimed(store, "b").taken_over


def test_a_fenced_unit_writes_under_a_held_lease(store: Store) -> None:
    with store.fenced(claimed(store)) as unit:
        unit.environments.request_look(["dev"])
    with store.read() as unit:
        assert unit.environments.get("dev").must_look


@pytest.mark.parametrize("how", ["ran out", "taken over", "given back", "another epoch"])
def test_a_lost_lease_writes_nothing(store: Store, how: str) -> None:
    lease = claimed(store, "a")
    if how == "another epoch":
        lease = replace(lease, epoch=lease.epoch + 1)
    elif how == "given back":
        with store.write() as unit:
            unit.leases.release(lease)
    else:
        run_out(store)
    if how == "taken over":
        claimed(store, "b")
    with pytest.raises(Conflict) as caught, store.fenced(lease):
        pytest.fail("the block of a lost lease began")
    assert caught.value.code == "lease.lost"


def test_nobody_claims_while_a_fenced_unit_is_open(store: Store) -> None:
    """Not even when the lease runs out in the middle of it: the claimant waits until what was fenced is committed."""
    lease = claimed(store, "a")
    taken_over = threading.Event()

    def take_over() -> None:
        run_out(store)
        assert claimed(store, "b").taken_over
        taken_over.set()

    thread = threading.Thread(target=take_over)
    with store.fenced(lease):
        thread.start()
        too_early = taken_over.wait(0.2)
    thread.join()
    assert not too_early
    assert taken_over.is_set()


def test_of_many_who_claim_at_once_one_wins(store: Store) -> None:
    won: list[Lease] = []
    start = threading.Barrier(6)

    def contend(owner: str) -> None:
        start.wait()
        lease = claim(store, owner)
        if isinstance(lease, Lease):
            won.append(lease)

    threads = [threading.Thread(target=contend, args=(f"owner {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_orders_are_left_while_a_fenced_unit_is_open_on_postgresql(store: Store) -> None:
    """A row that refers to the environment must not wait for its lease."""
    lease = claimed(store)
    with store.fenced(lease) as unit:
        if not unit.leases._transaction.is_postgres:
            return
        left: list[bool] = []

        def set_timer() -> None:
            with store.write() as other:
                other.timers.set("dev", lease.expires_at)
                left.append(True)

        thread = threading.Thread(target=set_timer)
        thread.start()
        thread.join()
        assert left == [True]


def test_inheriting_ends_the_leases_of_the_dead_where_only_one_can_live(store: Store) -> None:
    claimed(store, "the one that crashed")
    store.inherit()
    with store.read() as unit:
        is_postgres = unit.leases._transaction.is_postgres
        (holder,) = unit.leases.holders()
    assert holder.is_held is is_postgres
    lease = claim(store, "b")
    assert isinstance(lease, Elsewhere) if is_postgres else lease.taken_over


def test_whoever_inherits_a_file_trusts_no_clock_about_how_long_a_lease_is_over(
    store: Store, clock: MovedClock
) -> None:
    """The wall clock may have jumped since; that the one before is dead is all that is known."""
    claimed(store, "the one that crashed")
    clock.sleep(3600)
    store.inherit()
    with store.read() as unit:
        (holder,) = unit.leases.holders()
        is_postgres = unit.leases._transaction.is_postgres
    assert is_postgres or holder.expires_at == clock.now()


def test_the_row_says_who_had_it_before(store: Store) -> None:
    claimed(store, "a")
    run_out(store)
    claimed(store, "b")
    with store.read() as unit:
        row = unit.leases._transaction.row(text("SELECT lease_previous FROM environments WHERE name = 'dev'"))
    assert row == {"lease_previous": "a"}
