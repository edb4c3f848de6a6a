"""Orders: what people asked for, and what came of it."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlmodel import col

from controller.domain.errors import Conflict
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.domain.people import Person, Via
from controller.store.tables import OrderRow
from controller.store.transaction import Transaction
from controller.store.waking import Call, Waking

WISHES = TypeAdapter(Wish)
"""Only what was wished for is written, so that an empty document is an order that wishes for nothing."""


def from_row(row: Mapping[str, Any]) -> Order:
    given = dict(row)
    number = given.pop("person")
    read = {
        "kind": OrderKind(row["kind"]),
        "state": OrderState(row["state"]),
        "wish": WISHES.validate_python(row["wish"]),
        "by": None if number is None else Person(number, row["actor"]),
        "via": Via(row["via"]),
    }
    return Order(**{**given, **read})


def to_row(order: Order) -> dict[str, Any]:
    """Without the id, which the database gives."""
    wish = WISHES.dump_python(order.wish, mode="json", exclude_defaults=True)
    plain = {name: value for name, value in vars(order).items() if name not in {"id", "by"}}
    return plain | {"wish": wish, "person": order.by.id if order.by else None}


class Orders:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def leave(self, order: Order) -> tuple[int, bool]:
        """The id under which it is stored, and whether it is new: one that has its key already stays as it is.
        `order.id` counts for nothing."""
        left = self._transaction.inserted(OrderRow, to_row(order), ["key"], [col(OrderRow.id)])
        if left is None:
            found = self.given(order.key)
            assert found is not None, "an INSERT that a key kept out met a row with that key"
            return found.id, False
        Waking(self._transaction).say(Call.LOOK, order.environment)
        return int(left["id"]), True

    def given(self, key: str | None) -> Order | None:
        """The one that was left under this key."""
        row = self._transaction.row(select(OrderRow).where(col(OrderRow.key) == key)) if key else None
        return None if row is None else from_row(row)

    def get(self, order_id: int) -> Order | None:
        row = self._transaction.row(select(OrderRow).where(col(OrderRow.id) == order_id))
        return None if row is None else from_row(row)

    def waiting(self, environment: str) -> tuple[Order, ...]:
        """Those that nothing came of yet, oldest first."""
        found = self._transaction.rows(
            select(OrderRow)
            .where(col(OrderRow.environment) == environment, col(OrderRow.state) == OrderState.RECEIVED)
            .order_by(col(OrderRow.id))
        )
        return tuple(map(from_row, found))

    def settle(self, order_id: int, state: OrderState, outcome: str) -> None:
        """What came of it. `Conflict` when something has already, or it was never left."""
        assert state is not OrderState.RECEIVED, f"order {order_id}: settled as not yet looked at"
        settled = self._transaction.change(
            update(OrderRow)
            .where(col(OrderRow.id) == order_id, col(OrderRow.state) == OrderState.RECEIVED)
            .values(state=state, outcome=outcome)
        )
        if not settled:
            raise Conflict(
                f"settling order {order_id} as {state}: it is settled already, or was never left", code="order.settled"
            )
