import pytest

from controller.domain.events import Event
from controller.domain.orders import Order, OrderKind
from controller.inbox.orders import LONGEST_REASON, OrderRefused, Orders
from controller.store import Store
from tests.store.recorded import deployment, record
from tests.support.database import MovedClock


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def orders(store: Store, clock: MovedClock, woken: list[str]) -> Orders:
    return Orders(store, clock, woken.append)


def test_an_order_is_stored_and_audited_before_its_environment_is_woken(
    orders: Orders, store: Store, clock: MovedClock, woken: list[str]
) -> None:
    record(store, deployment(1))
    number = orders.leave(OrderKind.ABORT, "dev", "dev-1", "  it is on fire ", "ada")
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
    assert orders.leave(OrderKind.UNHOLD, "dev", None, "we looked", "ada") > 0
    assert woken == ["dev"]


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
        (OrderKind.UNHOLD, "dev", "dev-2", "why not", "order.unknown_deployment"),
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
        orders.leave(kind, environment, about, reason, "ada")
    assert caught.value.code == code
    with store.read() as unit:
        assert not unit.orders.waiting("dev") + unit.orders.waiting("prod")
        assert not unit.audit.page().items
    assert woken == []
