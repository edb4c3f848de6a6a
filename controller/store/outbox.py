"""The outbox: messages stored with the change that they tell of, and sent afterwards, at least once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import col

from controller.store.tables import OutboxRow
from controller.store.timers import LONGEST_WAIT
from controller.store.transaction import Transaction

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """`kind` says who sends it, `body` is plain JSON; `attempts` failed so far."""

    id: int
    kind: str
    key: str
    body: Mapping[str, Any]
    attempts: int


def from_row(row: Mapping[str, Any]) -> Message:
    return Message(row["seq"], row["kind"], row["key"], row["body"], row["attempts"])


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What is due, and what is due because nobody puts anything off so long: that clock was set back since. Each
    is a range of the index; asked as one they are a scan of everything that was ever sent."""
    due_at = col(OutboxRow.due_at)
    return due_at <= now, due_at > now + LONGEST_WAIT


class Outbox:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, kind: str, key: str, body: Mapping[str, Any]) -> bool:
        """Due at once. False when there was a message with this key before: it is never told twice."""
        now = self._transaction.clock.now()
        values = {"kind": kind, "key": key, "body": dict(body), "created_at": now, "due_at": now}
        return self._transaction.insert_new(OutboxRow, {**values, "attempts": 0, "detail": ""}, ["key"])

    def due(self, now: datetime, limit: int = 50) -> tuple[Message, ...]:
        """Unsent messages whose time has come, longest due first."""
        asked = select(OutboxRow).order_by(col(OutboxRow.due_at), col(OutboxRow.seq)).limit(limit)
        found = chain.from_iterable(self._transaction.rows(asked.where(which)) for which in _due(now))
        return tuple(map(from_row, islice(found, limit)))

    def waiting(self) -> tuple[int, datetime | None]:
        """How many messages are still to be sent, and when the oldest of them was put here."""
        created, is_due = col(OutboxRow.created_at), col(OutboxRow.due_at) >= BEFORE_ALL
        row = self._transaction.row(
            select(func.count().label("count"), func.min(created).label("oldest")).where(is_due)
        )
        return (row["count"], row["oldest"]) if row else (0, None)

    def claim(self, now: datetime, hold: timedelta) -> Message | None:
        """The message that is due for longest, and not due again before `hold` is over: one statement, so that of two
        who ask only one gets it. Whoever crashes while sending leaves it to be sent again."""
        return next((message for which in _due(now) if (message := self._claim(which, now + hold))), None)

    def sent(self, message_id: int) -> None:
        now = self._transaction.clock.now()
        self._transaction.change(
            update(OutboxRow).where(col(OutboxRow.seq) == message_id).values(sent_at=now, due_at=None)
        )

    def failed(self, message_id: int, retry_at: datetime | None, why: str = "") -> None:
        """Try again at `retry_at`, at most `LONGEST_WAIT` from now, or never when it is None; `why` is for people."""
        self._transaction.change(
            update(OutboxRow)
            .where(col(OutboxRow.seq) == message_id)
            .values(due_at=retry_at, attempts=col(OutboxRow.attempts) + 1, detail=why)
        )

    def _claim(self, which: ColumnElement[bool], until: datetime) -> Message | None:
        longest_due = (
            select(col(OutboxRow.seq))
            .where(which)
            .order_by(col(OutboxRow.due_at), col(OutboxRow.seq))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._transaction.changed(
            update(OutboxRow)
            .where(col(OutboxRow.seq) == longest_due.scalar_subquery())
            .values(due_at=until)
            .returning(*(col(getattr(OutboxRow, name)) for name in ("seq", "kind", "key", "body", "attempts")))
        )
        return None if row is None else from_row(row)
