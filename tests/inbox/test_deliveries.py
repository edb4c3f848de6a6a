from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from controller.domain.delivery import Delivery, DeliveryState, Receipt
from controller.domain.errors import TidegateError
from controller.inbox.deliveries import Inbox
from controller.store import Store

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PUSH = Delivery("1", "github", "push", None, "acme/captioncraft", None, "develop", "a" * 40, "0" * 64, NINE)


class Bell:
    """Rings as the loop's wake-up would; says what was stored by then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.heard: list[DeliveryState | None] = []

    def __call__(self) -> None:
        with self._store.read() as unit:
            self.heard.append(unit.deliveries.state("github", "1"))


@pytest.fixture
def bell(store: Store) -> Bell:
    return Bell(store)


@pytest.fixture
def inbox(store: Store, bell: Bell) -> Inbox:
    return Inbox(store, bell)


def test_the_loop_is_woken_after_the_delivery_is_stored(inbox: Inbox, bell: Bell) -> None:
    assert inbox.accept(PUSH) is Receipt.ACCEPTED
    assert bell.heard == [DeliveryState.RECEIVED]


def test_a_duplicate_wakes_nobody(inbox: Inbox, bell: Bell) -> None:
    inbox.accept(PUSH)
    assert inbox.accept(PUSH) is Receipt.DUPLICATE
    assert len(bell.heard) == 1


@pytest.mark.parametrize("event", ["ping", "star"])
def test_what_asks_for_no_look_is_stored_and_wakes_nobody(inbox: Inbox, bell: Bell, event: str, store: Store) -> None:
    assert inbox.accept(replace(PUSH, event=event)) is Receipt.ACCEPTED
    assert bell.heard == []
    with store.read() as unit:
        assert unit.deliveries.state("github", "1") is not None


def test_what_cannot_be_stored_is_not_accepted_and_wakes_nobody(inbox: Inbox, bell: Bell, store: Store) -> None:
    with store.write() as unit:
        unit.deliveries._transaction.change(text("ALTER TABLE deliveries RENAME TO gone"))
    with pytest.raises(TidegateError):
        inbox.accept(PUSH)
    with store.write() as unit:
        unit.deliveries._transaction.change(text("ALTER TABLE gone RENAME TO deliveries"))
    assert bell.heard == []
    assert inbox.accept(PUSH) is Receipt.ACCEPTED
