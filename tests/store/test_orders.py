from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.errors import Conflict
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.store import Store
from tests.store.recorded import deployment, record

UNHOLD = Order(0, OrderKind.UNHOLD, "dev", None, "we looked", "ada", datetime(2026, 3, 1, 9, 0, tzinfo=UTC))


def leave(store: Store, order: Order) -> int:
    with store.write() as unit:
        return unit.orders.leave(order)[0]


def test_an_order_comes_back_under_the_id_it_was_given(store: Store) -> None:
    record(store, deployment(1))
    abort = replace(UNHOLD, kind=OrderKind.ABORT, deployment="dev-1")
    number = leave(store, abort)
    with store.read() as unit:
        assert unit.orders.get(number) == replace(abort, id=number)
        assert unit.orders.get(number + 1) is None


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        (OrderKind.UNHOLD, Wish()),
        (OrderKind.PAUSE, Wish(limit=timedelta(hours=1, seconds=5))),
        (OrderKind.ROLLBACK, Wish(to="dev-1")),
        (OrderKind.DEPLOY, Wish(ref="release/2", restart=True)),
        (OrderKind.PRUNE, Wish(service="worker")),
    ],
)
def test_what_an_order_wishes_for_comes_back(store: Store, kind: OrderKind, wish: Wish) -> None:
    number = leave(store, replace(UNHOLD, kind=kind, wish=wish))
    with store.read() as unit:
        (order,) = unit.orders.waiting("dev")
    assert order == replace(UNHOLD, id=number, kind=kind, wish=wish)


def test_waiting_orders_are_the_environments_own_oldest_first(store: Store) -> None:
    numbers = [leave(store, order) for order in (UNHOLD, replace(UNHOLD, environment="prod"), UNHOLD, UNHOLD)]
    with store.write() as unit:
        unit.orders.settle(numbers[2], OrderState.DONE, "released")
        assert [order.id for order in unit.orders.waiting("dev")] == [numbers[0], numbers[3]]


def test_what_is_left_under_a_key_once_more_is_the_order_of_then(store: Store) -> None:
    keyed = replace(UNHOLD, key="person 1: abc")
    with store.write() as unit:
        number, is_new = unit.orders.leave(keyed)
        again = unit.orders.leave(replace(keyed, reason="we looked twice"))
        other, is_new_too = unit.orders.leave(replace(keyed, key="person 2: abc"))
    assert is_new and is_new_too and again == (number, False) and other != number
    with store.read() as unit:
        assert unit.orders.given("person 1: abc") == replace(keyed, id=number)
        assert unit.orders.given("abc") is None and unit.orders.given(None) is None


def test_orders_without_a_key_are_each_their_own(store: Store) -> None:
    assert leave(store, UNHOLD) != leave(store, UNHOLD)


def test_an_order_is_settled_once(store: Store) -> None:
    number = leave(store, UNHOLD)
    with store.write() as unit:
        unit.orders.settle(number, OrderState.REFUSED, "nothing is held")
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.orders.settle(number, OrderState.DONE, "released")
    assert caught.value.code == "order.settled"
    with store.read() as unit:
        assert unit.orders.get(number) == replace(
            UNHOLD, id=number, state=OrderState.REFUSED, outcome="nothing is held"
        )
