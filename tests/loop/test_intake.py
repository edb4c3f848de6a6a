"""A delivery asks for a look, once, and ends in one state."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from controller.domain.delivery import Delivery, DeliveryState
from controller.loop.intake import take_in
from controller.store import Store, Unit
from tests.support.builders import a_binding

BINDINGS = {
    "dev": a_binding("dev", "develop"),
    "staging": a_binding("staging", "staging"),
    "shadow": a_binding("shadow", "develop"),
}


def a_delivery(
    number: int = 1, repository: str | None = "acme/captioncraft", branch: str | None = "develop"
) -> Delivery:
    guid = f"00000000-0000-0000-0000-{number:012d}"
    ref = f"refs/heads/{branch}" if branch else None
    return Delivery(
        guid, "github", "push", None, repository, ref, branch, "1" * 40, "f" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    )


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as unit:
        unit.environments.ensure(BINDINGS)
    return store


def left(store: Store, *deliveries: Delivery) -> None:
    with store.write() as unit:
        for delivery in deliveries:
            unit.deliveries.accept(delivery)


def state(store: Store, delivery: Delivery) -> DeliveryState:
    with store.read() as unit:
        return unit.deliveries.state(delivery.source, delivery.id)


def test_every_environment_of_that_branch_is_asked_to_look(ready: Store) -> None:
    left(ready, a_delivery())
    assert take_in(ready, BINDINGS) == {"dev", "shadow"}
    with ready.read() as unit:
        assert [one.name for one in unit.environments.all() if one.must_look] == ["dev", "shadow"]
    assert state(ready, a_delivery()) is DeliveryState.DONE


def test_a_delivery_that_names_no_branch_asks_everybody_of_the_repository(ready: Store) -> None:
    left(ready, a_delivery(branch=None))
    with ready.read() as unit:
        waits = bool(unit.deliveries.received())
    assert take_in(ready, BINDINGS) == ({"dev", "staging", "shadow"} if waits else set())


@pytest.mark.parametrize("other", [a_delivery(branch="feature"), a_delivery(repository="acme/other")])
def test_what_is_bound_to_nothing_is_ignored(ready: Store, other: Delivery) -> None:
    left(ready, other)
    assert take_in(ready, BINDINGS) == frozenset()
    assert state(ready, other) is DeliveryState.IGNORED


def test_names_of_repositories_do_not_care_about_case(ready: Store) -> None:
    left(ready, a_delivery(repository="Acme/CaptionCraft"))
    assert "dev" in take_in(ready, BINDINGS)


def test_a_flood_is_taken_in_whole(ready: Store) -> None:
    left(ready, *(a_delivery(number) for number in range(450)))
    take_in(ready, BINDINGS)
    with ready.read() as unit:
        assert unit.deliveries.received() == ()
        assert unit.environments.get("dev").head_requested == 450


def test_what_was_taken_in_is_not_taken_in_again(ready: Store) -> None:
    left(ready, a_delivery())
    take_in(ready, BINDINGS)
    assert take_in(ready, BINDINGS) == frozenset()


def test_a_delivery_is_not_settled_before_the_look_that_it_asks_for_is_written(ready: Store) -> None:
    left(ready, a_delivery())
    with pytest.raises(Gone):
        take_in(OneWrite(ready), BINDINGS)  # type: ignore[arg-type]
    with ready.read() as unit:
        assert unit.environments.get("dev").must_look or unit.deliveries.received()


class Gone(Exception):
    """The process."""


class OneWrite:
    """A store whose process dies when it has committed once."""

    def __init__(self, store: Store) -> None:
        self._store, self._is_dead = store, False

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self._is_dead:
            raise Gone
        with self._store.write() as unit:
            yield unit
        self._is_dead = True
        raise Gone
