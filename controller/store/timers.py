"""Timers: when an environment wants to be looked at again. One each; whoever sets it last wins."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import col

from controller.store.tables import TimerRow
from controller.store.transaction import Transaction

LONGEST_WAIT = timedelta(minutes=10)
"""Nothing is put off longer: a time beyond was written by a wall clock that has been set back since."""

ROWS = select(TimerRow).order_by(col(TimerRow.due_at), col(TimerRow.environment))


@dataclass(frozen=True)
class Timer:
    environment: str
    due_at: datetime


class Timers:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def set(self, environment: str, due_at: datetime | None) -> None:
        """None takes the timer away."""
        if due_at is None:
            self._transaction.change(delete(TimerRow).where(col(TimerRow.environment) == environment))
        else:
            values = {"environment": environment, "due_at": due_at}
            self._transaction.put(TimerRow, values, unique=["environment"])

    def due(self, now: datetime) -> tuple[str, ...]:
        """Environments whose time has come, longest due first. Their timers stay until they are set anew."""
        found = self._transaction.rows(ROWS.where(col(TimerRow.due_at) <= now))
        return tuple(row["environment"] for row in found)

    def next(self) -> Timer | None:
        row = self._transaction.row(ROWS.limit(1))
        return None if row is None else Timer(**row)

    def all(self) -> tuple[Timer, ...]:
        return tuple(Timer(**row) for row in self._transaction.rows(ROWS))
