"""Deliveries: each accepted one is stored once, and ends once."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlmodel import col

from controller.domain.delivery import Delivery, DeliveryState, Receipt
from controller.domain.errors import Conflict
from controller.store.cursor import BEFORE_ALL
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

    def newest_at(self) -> datetime | None:
        """When the last one came, whatever became of it; None before the first."""
        seq = col(DeliveryRow.seq)
        row = self._transaction.row(
            select(col(DeliveryRow.received_at)).where(seq < BEFORE_ALL).order_by(seq.desc()).limit(1)
        )
        return row["received_at"] if row else None

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

    def recover(self, source: str, delivery_id: str) -> bool:
        """It came after it was asked for again. Whether nobody has said so before."""
        is_it = (col(DeliveryRow.source) == source, col(DeliveryRow.id) == delivery_id)
        now = self._transaction.clock.now()
        unsaid = update(DeliveryRow).where(*is_it, col(DeliveryRow.recovered_at).is_(None)).values(recovered_at=now)
        return self._transaction.change(unsaid) > 0

    def recovered(self, since: datetime) -> int:
        """How many came so since then."""
        row = self._transaction.row(select(func.count().label("found")).where(col(DeliveryRow.recovered_at) >= since))
        return int(row["found"]) if row else 0

    def _found(self, statement: Select[Any]) -> tuple[Delivery, ...]:
        return tuple(map(from_row, self._transaction.rows(statement)))
