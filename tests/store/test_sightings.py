from dataclasses import replace

from controller.domain.sighting import Sighting
from controller.store import Store
from tests.support.builders import NOON, a_rule, a_view


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
