"""The audit: written with the change that it tells of, and never changed. The tables' own triggers refuse that."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from controller.domain.events import AuditEntry, Event
from controller.store.cursor import Page, page, position
from controller.store.tables import AuditRow
from controller.store.transaction import Transaction

TABLE = "audit"


def from_row(row: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in row if name != "seq"} | {"event": Event(row["event"])})


def to_row(entry: AuditEntry) -> dict[str, Any]:
    return {**vars(entry), "facts": dict(entry.facts)}


class Audit:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(self, entries: Iterable[AuditEntry]) -> None:
        for entry in entries:
            self._transaction.change(insert(AuditRow).values(to_row(entry)))

    def page(
        self,
        environment: str | None = None,
        deployment: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[AuditEntry]:
        """Newest first. `BadCursor` for a cursor that this never gave out."""
        wanted = select(AuditRow).where(col(AuditRow.seq) < position(TABLE, cursor))
        if environment is not None:
            wanted = wanted.where(col(AuditRow.environment) == environment)
        if deployment is not None:
            wanted = wanted.where(col(AuditRow.deployment) == deployment)
        found = self._transaction.rows(wanted.order_by(col(AuditRow.seq).desc()).limit(limit + 1))
        return page(TABLE, [(row["seq"], from_row(row)) for row in found], limit)
