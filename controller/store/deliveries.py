"""Deliveries: each accepted one is stored once, and ends once."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from controller.domain.delivery import Delivery, DeliveryState, Receipt
from controller.domain.errors import Conflict
from controller.store.tables import DeliveryRow
from controller.store.transaction import Transaction

COLUMNS = tuple(field.name for field in fields(Delivery))


RECEIVED = select(DeliveryRow).where(col(DeliveryRow.state) == DeliveryState.RECEIVED).order_by(col(DeliveryRow.seq))


def from_row(row: Mapping[str, Any]) -> Delivery:
    return Delivery(**{name: row[name] for name in COLUMNS})


def to_row(delivery: Delivery) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in COLUMNS}


class Deliveries:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def accept(self, delivery: Delivery) -> Receipt:
        """Stored in the state in which it arrives; a second one with the same source and id changes nothing."""
        values = {**to_row(delivery), "state": delivery.arrives_as, "detail": ""}
        is_new = self._transaction.insert_new(DeliveryRow, values, ["source", "id"])
        return Receipt.ACCEPTED if is_new else Receipt.DUPLICATE

    def received(self, limit: int = 100) -> tuple[Delivery, ...]:
        """Those that nobody has looked at yet, oldest first."""
        return self._found(RECEIVED.limit(limit))

    def take(self, limit: int) -> tuple[Delivery, ...]:
        """As `received`, and no other transaction takes them before this one ends; those that another has are left
        out."""
        return self._found(RECEIVED.limit(limit).with_for_update(skip_locked=True))

    def state(self, source: str, delivery_id: str) -> DeliveryState | None:
        row = self._transaction.row(
            select(col(DeliveryRow.state)).where(col(DeliveryRow.source) == source, col(DeliveryRow.id) == delivery_id)
        )
        return None if row is None else DeliveryState(row["state"])

    def settle(self, source: str, delivery_id: str, state: DeliveryState, detail: str = "") -> None:
        """How it ended. `Conflict` when it has ended already, or was never accepted."""
        assert state is not DeliveryState.RECEIVED, f"{source} {delivery_id}: settled as not yet looked at"
        settled = self._transaction.change(
            update(DeliveryRow)
            .where(
                col(DeliveryRow.source) == source,
                col(DeliveryRow.id) == delivery_id,
                col(DeliveryRow.state) == DeliveryState.RECEIVED,
            )
            .values(state=state, detail=detail, settled_at=self._transaction.clock.now())
        )
        if not settled:
            raise Conflict(
                f"settling delivery {delivery_id} from {source} as {state}: it has ended, or was never accepted",
                code="delivery.settled",
            )

    def _found(self, statement: Select[Any]) -> tuple[Delivery, ...]:
        return tuple(map(from_row, self._transaction.rows(statement)))
