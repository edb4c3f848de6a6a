from dataclasses import replace

from controller.domain.rendering import definition_of
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.store import Store
from tests.support.builders import NOON, a_content, a_rule, a_slot, a_view


def test_the_last_sighting_is_the_one_there_is(store: Store) -> None:
    first = Sighting("dev", {"backend": a_view()}, NOON)
    second = Sighting("dev", {"frontend": a_view("frontend"), "backend": a_view()}, NOON)
    with store.write() as unit:
        unit.sightings.put(first)
        unit.sightings.put(second)
    with store.read() as unit:
        assert unit.sightings.get("dev") == second
        assert unit.sightings.get("prod") is None


def test_the_header_that_opens_an_idle_slot_is_not_stored(store: Store) -> None:
    view = replace(a_view(), test_rule=replace(a_rule(), header="open-sesame"))
    with store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": view}, NOON))
        assert "open-sesame" not in str(unit.sightings.get("dev"))


def test_a_sighting_keeps_nothing_of_what_task_definitions_say(store: Store) -> None:
    """Somebody may have put a password into one, and pages are for everybody."""
    content = replace(a_content(), environment={"PASSWORD": "hunter2"})
    view = a_view(blue=replace(a_slot(), runs=definition_of(content)))
    with store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": view}, NOON))
    with store.read() as unit:
        kept = unit.sightings.get("dev")
        rows = unit.orders._transaction.connection.exec_driver_sql("SELECT body FROM sightings").all()
    assert kept is not None and kept.services["backend"].slots[Slot.BLUE].runs is None
    assert "hunter2" not in str(rows)
