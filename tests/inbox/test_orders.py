from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from controller.domain.deployment import Phase
from controller.domain.events import Event
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.inbox.orders import LONGEST_REASON, Orders
from controller.inbox.rights import Rights
from controller.inbox.wishes import OrderRefused
from controller.polls import Polls
from controller.store import Store, Unit
from tests.store.recorded import deployment, record
from tests.support.database import MovedClock
from tests.support.town import PROGRAM, Town


class Overtaken:
    """A store whose next write comes after somebody else's."""

    def __init__(self, store: Store, first: Callable[[], object]) -> None:
        self._store, self._first = store, first
        self.read = store.read

    @contextmanager
    def write(self) -> Iterator[Unit]:
        self._first()
        with self._store.write() as unit:
            yield unit


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def orders(store: Store, clock: MovedClock, woken: list[str]) -> Orders:
    return Orders(store, clock, Rights(Polls(Town(), store), {}, clock), woken.append)


def test_an_order_is_stored_and_audited_before_its_environment_is_woken(
    orders: Orders, store: Store, clock: MovedClock, woken: list[str]
) -> None:
    record(store, deployment(1))
    number = orders.leave(OrderKind.ABORT, "dev", "dev-1", "  it is on fire ", PROGRAM)
    with store.read() as unit:
        assert unit.orders.waiting("dev") == (
            Order(number, OrderKind.ABORT, "dev", "dev-1", "it is on fire", "ada", clock.now()),
        )
        (line,) = unit.audit.page().items
    assert (line.event, line.actor, line.deployment) == (Event.ORDER_ACCEPTED, "ada", "dev-1")
    assert line.text == "abort: it is on fire"
    assert line.facts == {"order": number, "kind": "abort"}
    assert woken == ["dev"]


def test_an_order_about_an_environment_needs_no_deployment(orders: Orders, woken: list[str]) -> None:
    assert orders.leave(OrderKind.UNHOLD, "dev", None, "we looked", PROGRAM) > 0
    assert woken == ["dev"]


def test_what_arrives_twice_under_one_key_is_one_order(orders: Orders, store: Store, woken: list[str]) -> None:
    first, second = (orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1") for _ in range(2))
    assert first == second and woken == ["dev"]
    with store.read() as unit:
        assert [one.id for one in unit.orders.waiting("dev")] == [first]
        assert [line.event for line in unit.audit.page().items] == [Event.ORDER_ACCEPTED]


def test_it_is_that_order_after_something_came_of_it(orders: Orders, store: Store) -> None:
    first = orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1")
    with store.write() as unit:
        unit.orders.settle(first, OrderState.DONE, "done")
    assert orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1") == first


def test_of_two_that_arrive_at_once_and_see_nothing_of_each_other_one_is_taken(orders: Orders, store: Store) -> None:
    overtaken = Overtaken(store, lambda: orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1"))
    late = replace(orders, store=cast(Store, overtaken))
    number = late.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1")
    with store.read() as unit:
        assert [one.id for one in unit.orders.waiting("dev")] == [number]
        assert len(unit.audit.page().items) == 1


def test_of_two_others_that_arrive_at_once_under_one_key_the_second_is_refused(orders: Orders, store: Store) -> None:
    overtaken = Overtaken(store, lambda: orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1"))
    late = replace(orders, store=cast(Store, overtaken))
    with pytest.raises(OrderRefused) as caught:
        late.leave(OrderKind.UNHOLD, "dev", None, "once", PROGRAM, key="k-1")
    assert caught.value.code == "order.key_is_taken"


@pytest.mark.parametrize(
    ("kind", "reason", "wish"),
    [
        (OrderKind.DEPLOY, "twice", Wish()),
        (OrderKind.DEPLOY, "once", Wish(restart=True)),
        (OrderKind.UNHOLD, "once", Wish()),
    ],
)
def test_a_key_that_is_taken_takes_no_other_order(orders: Orders, kind: OrderKind, reason: str, wish: Wish) -> None:
    number = orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key="k-1")
    told = f"order {number} was given under this key, and asks for something else: deploy"
    with pytest.raises(OrderRefused, match=told) as caught:
        orders.leave(kind, "dev", None, reason, PROGRAM, wish, "k-1")
    assert caught.value.code == "order.key_is_taken"


def test_the_same_key_of_somebody_else_is_another_one(orders: Orders) -> None:
    robot = replace(PROGRAM, name="robot")
    first, second = (orders.leave(OrderKind.DEPLOY, "dev", None, "once", who, key="k-1") for who in (PROGRAM, robot))
    assert first != second


@pytest.mark.parametrize("key", ["", " ", "k 1", "k\n", "ö", "k" * 129])
def test_what_is_no_key_is_refused(orders: Orders, key: str) -> None:
    with pytest.raises(OrderRefused, match="from 1 to 128 printable characters of ASCII") as caught:
        orders.leave(OrderKind.DEPLOY, "dev", None, "once", PROGRAM, key=key)
    assert caught.value.code == "order.invalid_key"


@pytest.mark.parametrize(
    ("kind", "environment", "about", "reason", "code"),
    [
        (OrderKind.UNHOLD, "dev", None, "", "order.no_reason"),
        (OrderKind.UNHOLD, "dev", None, " \n\t", "order.no_reason"),
        (OrderKind.UNHOLD, "dev", None, "x" * (LONGEST_REASON + 1), "order.reason_too_long"),
        (OrderKind.UNHOLD, "nowhere", None, "why not", "order.unknown_environment"),
        (OrderKind.ABORT, "dev", None, "why not", "order.no_deployment"),
        (OrderKind.ABORT, "dev", "dev-2", "why not", "order.unknown_deployment"),
        (OrderKind.ABORT, "prod", "dev-1", "why not", "order.unknown_deployment"),
        (OrderKind.UNHOLD, "dev", "dev-1", "why not", "order.not_for_this"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_leaves_no_row(
    orders: Orders,
    store: Store,
    woken: list[str],
    kind: OrderKind,
    environment: str,
    about: str | None,
    reason: str,
    code: str,
) -> None:
    record(store, deployment(1))
    with pytest.raises(OrderRefused) as caught:
        orders.leave(kind, environment, about, reason, PROGRAM)
    assert caught.value.code == code
    with store.read() as unit:
        assert not unit.orders.waiting("dev") + unit.orders.waiting("prod")
        assert not unit.audit.page().items
    assert woken == []


@pytest.mark.parametrize("kind", [OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME, OrderKind.ABORT])
def test_what_is_about_a_deployment_keeps_it(orders: Orders, store: Store, kind: OrderKind) -> None:
    record(store, deployment(1))
    number = orders.leave(kind, "dev", "dev-1", "why not", PROGRAM)
    with store.read() as unit:
        order = unit.orders.get(number)
    assert order is not None
    assert (order.kind, order.deployment, order.wish) == (kind, "dev-1", Wish())


@pytest.mark.parametrize(
    ("kind", "about", "wish", "told"),
    [
        (OrderKind.PAUSE, "dev-1", Wish(limit=timedelta(minutes=90)), "pause for 1h30m: why not"),
        (OrderKind.ROLLBACK, None, Wish(), "rollback: why not"),
        (OrderKind.ROLLBACK, None, Wish(to="dev-1"), "rollback to dev-1: why not"),
        (OrderKind.DEPLOY, None, Wish(), "deploy: why not"),
        (OrderKind.DEPLOY, None, Wish(ref="release/2"), "deploy release/2: why not"),
        (OrderKind.DEPLOY, None, Wish(restart=True), "deploy with restart: why not"),
        (OrderKind.PRUNE, None, Wish(service="worker"), "prune worker: why not"),
    ],
)
def test_what_is_wished_for_is_stored_and_audited(
    orders: Orders, store: Store, kind: OrderKind, about: str | None, wish: Wish, told: str
) -> None:
    record(store, deployment(1, phase=Phase.SUCCEEDED))
    number = orders.leave(kind, "dev", about, "why not", PROGRAM, wish)
    with store.read() as unit:
        order = unit.orders.get(number)
        (line,) = unit.audit.page().items
    assert order is not None
    assert (order.wish, line.text) == (wish, told)


@pytest.mark.parametrize(
    ("kind", "about", "wish", "code", "told"),
    [
        (OrderKind.ROLLBACK, "dev-1", Wish(), "order.not_for_this", "rollback takes no 'deployment'"),
        (OrderKind.ROLLBACK, None, Wish(to="dev-9"), "order.unknown_deployment", "'dev-9'"),
        (OrderKind.ROLLBACK, None, Wish(to=""), "order.unknown_deployment", "''"),
        (OrderKind.ROLLBACK, None, Wish(to="prod-3"), "order.unknown_deployment", "dev has no deployment 'prod-3'"),
        (OrderKind.ROLLBACK, None, Wish(to="dev-2"), "order.not_succeeded", "dev-2 was rolled back"),
        (OrderKind.PRUNE, None, Wish(), "order.no_service", "which service"),
        (OrderKind.PRUNE, None, Wish(service="Worker One"), "order.invalid_service", "small letters"),
        (OrderKind.PRUNE, None, Wish(service="backend"), "order.service_in_use", "dev-1"),
    ],
)
def test_an_order_that_the_rows_speak_against_is_refused(
    orders: Orders, store: Store, kind: OrderKind, about: str | None, wish: Wish, code: str, told: str
) -> None:
    """dev-1 is live and runs backend and frontend, dev-2 turned back, prod-3 succeeded elsewhere."""
    record(
        store,
        deployment(1, phase=Phase.SUCCEEDED),
        deployment(2, phase=Phase.ROLLED_BACK),
        deployment(3, "prod", phase=Phase.SUCCEEDED),
    )
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), live=1))
    with pytest.raises(OrderRefused, match=told) as caught:
        orders.leave(kind, "dev", about, "why not", PROGRAM, wish)
    assert caught.value.code == code
    with store.read() as unit:
        assert not unit.orders.waiting("dev")


def test_a_service_that_the_live_file_does_not_name_may_go(orders: Orders, store: Store) -> None:
    record(store, deployment(1, phase=Phase.SUCCEEDED))
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), live=1))
    assert orders.leave(OrderKind.PRUNE, "dev", None, "it moved", PROGRAM, Wish(service="worker")) > 0
