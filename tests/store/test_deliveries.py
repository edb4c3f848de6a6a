from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller.domain.delivery import Delivery, DeliveryState, Receipt
from controller.domain.errors import Conflict
from controller.store import Store

PUSH = Delivery(
    id="11111111-0000-0000-0000-000000000000",
    source="github",
    event="push",
    action=None,
    repository="acme/captioncraft",
    ref="refs/heads/develop",
    branch="develop",
    commit="a" * 40,
    body_sha256="0" * 64,
    received_at=datetime(2026, 3, 1, 9, 0, 0, 250000, tzinfo=UTC),
)


def accept(store: Store, *deliveries: Delivery) -> list[Receipt]:
    with store.write() as unit:
        return [unit.deliveries.accept(delivery) for delivery in deliveries]


def test_a_delivery_comes_back_as_it_was_received(store: Store) -> None:
    assert accept(store, PUSH) == [Receipt.ACCEPTED]
    with store.read() as unit:
        assert unit.deliveries.received() == (PUSH,)


def test_a_second_delivery_with_the_same_id_changes_nothing(store: Store) -> None:
    other = replace(PUSH, repository="acme/other")
    assert accept(store, PUSH, other, replace(other, source="another")) == [
        Receipt.ACCEPTED,
        Receipt.DUPLICATE,
        Receipt.ACCEPTED,
    ]
    with store.read() as unit:
        assert [one.repository for one in unit.deliveries.received()] == ["acme/captioncraft", "acme/other"]


def test_received_are_the_oldest_that_nobody_looked_at(store: Store) -> None:
    accept(store, *(replace(PUSH, id=str(number)) for number in range(5)))
    with store.write() as unit:
        unit.deliveries.settle("github", "1", DeliveryState.DONE)
        assert [one.id for one in unit.deliveries.received(limit=3)] == ["0", "2", "3"]


@pytest.mark.parametrize(("event", "state"), [("ping", DeliveryState.DONE), ("star", DeliveryState.IGNORED)])
def test_what_asks_for_no_look_is_stored_as_over(store: Store, event: str, state: DeliveryState) -> None:
    accept(store, replace(PUSH, event=event))
    with store.read() as unit:
        assert unit.deliveries.received() == ()
        assert unit.deliveries.state("github", PUSH.id) is state


def test_a_delivery_ends_in_exactly_one_state(store: Store) -> None:
    accept(store, PUSH)
    with store.write() as unit:
        unit.deliveries.settle("github", PUSH.id, DeliveryState.REJECTED, "not bound")
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.deliveries.settle("github", PUSH.id, DeliveryState.DONE)
    assert caught.value.code == "delivery.settled"
    with store.read() as unit:
        assert unit.deliveries.state("github", PUSH.id) is DeliveryState.REJECTED


def test_text_that_a_database_cannot_hold_is_stored_with_a_mark_in_its_place(store: Store) -> None:
    assert accept(store, replace(PUSH, branch="a\0b\ud800c")) == [Receipt.ACCEPTED]
    with store.read() as unit:
        assert unit.deliveries.received()[0].branch == "a\ufffdb?c"
