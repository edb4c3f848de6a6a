"""What tells that rows have changed, in a few narrow reads for all open pages together."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import col

from controller.domain.changes import MOST_ENTRIES, Marks, Pulse
from controller.domain.delivery import GITHUB
from controller.store.deployments import OPEN
from controller.store.tables import AuditRow, DeliveryRow, EnvironmentRow, SightingRow
from controller.store.transaction import StoredRow, Transaction

ENVIRONMENTS = select(
    col(EnvironmentRow.name),
    col(EnvironmentRow.version),
    col(EnvironmentRow.looked_by),
    col(EnvironmentRow.looked_at),
    col(SightingRow.seen_at),
).outerjoin(SightingRow, col(SightingRow.environment) == col(EnvironmentRow.name))

HEARD = select(col(DeliveryRow.received_at)).where(col(DeliveryRow.source) == GITHUB)


class MarksMade:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def since(self, before: Marks | None) -> Marks:
        """`before` are those of the look before; None: nobody has looked, and no entry is told of."""
        rows = self._transaction.rows(ENVIRONMENTS)
        found = self._transaction.rows(OPEN)
        newest = self._transaction.row(select(func.max(col(AuditRow.seq)).label("seq")))
        audit = (newest["seq"] if newest else None) or 0
        return Marks(
            environments={row["name"]: (row["version"], row["seen_at"]) for row in rows},
            deployments={row["id"]: (row["environment"], row["version"]) for row in found},
            audit=audit,
            written=self._written(before.audit, audit) if before is not None else (),
            pulse=self._pulse(rows),
        )

    def pulse(self) -> Pulse:
        return self._pulse(self._transaction.rows(ENVIRONMENTS))

    def _written(self, after: int, newest: int) -> tuple[tuple[str | None, str | None], ...]:
        if not 0 < newest - after <= MOST_ENTRIES:
            return ()
        about = (col(AuditRow.environment), col(AuditRow.deployment))
        rows = self._transaction.rows(select(*about).where(col(AuditRow.seq) > after).distinct())
        return tuple((row["environment"], row["deployment"]) for row in rows)

    def _pulse(self, rows: Sequence[StoredRow]) -> Pulse:
        looked = Counter(row["looked_by"] for row in rows if row["looked_by"] is not None)
        moments = [row["looked_at"] for row in rows if row["looked_at"] is not None]
        heard = self._transaction.row(HEARD.order_by(col(DeliveryRow.seq).desc()).limit(1))
        busiest = tuple(sorted(looked.items(), key=lambda each: (-each[1], each[0])))
        return Pulse(busiest, max(moments, default=None), heard["received_at"] if heard else None)
