"""The audit: written with the change that it tells of, and never changed. The tables' own triggers refuse that."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlmodel import col

from controller.domain.chain import Head, Keyring
from controller.domain.events import AuditEntry, Event
from controller.store.chain import Chain
from controller.store.cursor import Page, page, position
from controller.store.tables import AuditRow
from controller.store.transaction import READS_ONLY, Transaction

TABLE = "audit"
OF_THE_CHAIN = {"seq", "position", "key", "link"}


def from_row(row: Mapping[str, Any]) -> AuditEntry:
    told = {name: row[name] for name in row if name not in OF_THE_CHAIN}
    return AuditEntry(**told | {"event": Event(row["event"])})


class Audit:
    """What is appended is written when the transaction is about to end, all at once: only from then on do others that
    append wait for it, and nobody waits for a lock any more who makes them wait."""

    def __init__(self, transaction: Transaction, keys: Keyring) -> None:
        self._transaction = transaction
        self._chain = Chain(transaction, keys)
        self._pending: list[AuditEntry] = []

    def append(self, entries: Iterable[AuditEntry]) -> None:
        assert self._transaction.writes, READS_ONLY
        self._pending += entries

    def write_down(self) -> None:
        """What was appended until now; whoever opened the transaction asks for it at its end."""
        pending, self._pending = self._pending, []
        if pending:
            self._chain.append(pending)

    def head(self) -> Head | None:
        """Where the chain ends, without what is still to be written; None before the first entry."""
        return self._chain.head()

    def ended(self) -> int:
        """The newest position at which a deployment ended that may have changed what runs; 0: none."""
        return self._chain.ended()

    def page(
        self,
        environment: str | None = None,
        deployment: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        *,
        actor: str | None = None,
        event: Event | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Page[AuditEntry]:
        """Newest first: as they were written, or by their times where `since` (inclusive) or `until` (exclusive) is
        asked for, both aware. `BadCursor` for a cursor that this never gave out."""
        self.write_down()
        seq, at, before = col(AuditRow.seq), col(AuditRow.at), position(TABLE, cursor)
        asked = {"environment": environment, "deployment": deployment, "actor": actor, "event": event}
        wanted = select(AuditRow).where(
            *(AuditRow.__table__.c[name] == value for name, value in asked.items() if value is not None)  # type: ignore[attr-defined]
        )
        is_timed = since is not None or until is not None
        if since is not None:
            wanted = wanted.where(at >= since)
        if until is not None:
            wanted = wanted.where(at < until)
        if is_timed and cursor is not None:
            last = select(at).where(seq == before).scalar_subquery()
            wanted = wanted.where(tuple_(at, seq) < tuple_(last, before))
        elif not is_timed:
            wanted = wanted.where(seq < before)
        order = (at.desc(), seq.desc()) if is_timed else (seq.desc(),)
        found = self._transaction.rows(wanted.order_by(*order).limit(limit + 1))
        return page(TABLE, [(row["seq"], from_row(row)) for row in found], limit)
