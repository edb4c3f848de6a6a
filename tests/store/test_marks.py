"""What tells that rows have changed: everything that a page shows, and nothing that it doesn't."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.changes import EVERYTHING, Changed, Marks, Pulse, changes
from controller.domain.deployment import Phase
from controller.domain.events import AuditEntry, Event
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.store import Lease, Store
from controller.store.deployments import OPEN
from tests.loop.test_intake import a_delivery
from tests.support.builders import NOON, a_view
from tests.support.rows import fill, settled

HELD = Reason("x", "x")


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store)
    return store


def look(store: Store, before: Marks | None = None) -> Marks:
    with store.read() as unit:
        return unit.marks.since(before)


def test_every_row_that_a_page_shows_leaves_a_mark(filled: Store) -> None:
    before = look(filled)
    with filled.write() as unit:
        unit.environments.save(replace(unit.environments.get("prod"), trouble=HELD))
    assert changes(before, before := look(filled, before)) == Changed(frozenset({"prod"}))
    with filled.write() as unit:
        unit.sightings.put(Sighting("staging", {"backend": a_view()}, NOON))
    assert changes(before, before := look(filled, before)) == Changed(frozenset({"staging"}))
    with filled.write() as unit:
        moving = unit.deployments.get("dev-2")
        assert moving is not None
        unit.deployments.save(replace(moving, reason=HELD))
    assert changes(before, before := look(filled, before)) == Changed(frozenset({"dev"}), frozenset({"dev-2"}))
    with filled.write() as unit:
        entry = AuditEntry(Event.STEP_STARTED, "staging", "staging-1", "tidegate", NOON, "x")
        unit.audit.append([entry])
    assert changes(before, before := look(filled, before)) == Changed(frozenset({"staging"}), frozenset({"staging-1"}))
    assert not changes(before, look(filled, before))


def test_one_that_ends_and_one_that_begins_and_ends_in_between_are_both_told_of(filled: Store) -> None:
    before = look(filled)
    over = replace(settled("prod", 1, "7"), phase=Phase.SUPERSEDED)
    with filled.write() as unit:
        moving = unit.deployments.get("dev-2")
        assert moving is not None
        unit.deployments.save(replace(moving, phase=Phase.ABORTED, finished_at=NOON))
        unit.revisions.add(over.revision)
        unit.deployments.add(over)
        unit.audit.append([AuditEntry(Event.DEPLOYMENT_ENDED, "prod", "prod-1", "tidegate", NOON, "x")])
    assert changes(before, look(filled, before)) == Changed(frozenset({"dev", "prod"}), frozenset({"dev-2", "prod-1"}))


def test_leases_timers_and_webhooks_change_no_page_but_its_pulse(filled: Store) -> None:
    before = look(filled)
    with filled.write() as unit:
        leases = [unit.leases.claim(name, owner, 55) for name, owner in (("dev", "a"), ("prod", "a"), ("staging", "b"))]
        unit.timers.set("dev", NOON + timedelta(hours=1))
        unit.deliveries.accept(a_delivery())
        assert isinstance(leases[0], Lease) and unit.leases.release(leases[0])
        looked_at = unit.now()
    after = look(filled, before)
    assert not changes(before, after)
    assert after.pulse.looked == (("a", 2), ("b", 1)) and after.pulse.heard_at == a_delivery().received_at
    assert after.pulse.looked_at is not None and abs(after.pulse.looked_at - looked_at) < timedelta(seconds=5)
    assert before.pulse == Pulse()


def test_the_open_ones_are_found_by_their_index(filled: Store) -> None:
    with filled.read() as unit:
        connection = unit.marks._transaction.connection
        if connection.dialect.name != "sqlite":
            return  # PostgreSQL plans by what is in the tables
        told = str(OPEN.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}").all())
    assert "deployments_open" in plan and "SCAN deployments" not in plan


def test_after_a_long_time_nobody_reads_all_that_was_written(filled: Store) -> None:
    before = replace(look(filled), audit=-10_000)
    after = look(filled, before)
    assert after.written == () and changes(before, after) is EVERYTHING


def test_what_came_after_it_was_asked_for_again_is_counted_once(filled: Store) -> None:
    delivery = a_delivery()
    with filled.write() as unit:
        unit.deliveries.accept(delivery)
        assert unit.deliveries.recovered(NOON - timedelta(days=9999)) == 0
        assert unit.deliveries.recover(delivery.source, delivery.id)
        assert not unit.deliveries.recover(delivery.source, delivery.id)
        assert unit.deliveries.recovered(NOON - timedelta(days=9999)) == 1
        assert unit.deliveries.recovered(unit.now() + timedelta(days=999)) == 0


def test_whoever_watches_is_told_after_a_commit_and_of_nothing_that_was_taken_back(filled: Store) -> None:
    told: list[int] = []

    def count() -> None:
        with filled.read() as unit:
            told.append(len(unit.environments.all()))

    filled.watch(count)
    with filled.write() as unit:
        unit.environments.ensure(["new"])
    assert told == [4]
    with pytest.raises(LookupError), filled.write() as unit:
        unit.environments.get("nowhere")
    assert told == [4]
