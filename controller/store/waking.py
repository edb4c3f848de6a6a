"""What one process tells the others, within the transaction that makes it true.

PostgreSQL sends it when the transaction commits, and never when it does not; equal words of one transaction are sent
once (https://www.postgresql.org/docs/current/sql-notify.html). On SQLite there is nobody else to tell.
"""

from enum import StrEnum

from sqlalchemy import func, select

from controller.store.transaction import Transaction

CHANNEL = "tidegate"


class Call(StrEnum):
    LOOK = "look"  # somebody must look at this environment now
    HINT = "hint"  # something there may look different, if it moves
    FREE = "free"  # its lease was given back: whoever waited for it may have it
    ECHO = "echo"  # said by a listener, to hear whether it hears


class Waking:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def say(self, call: Call, environment: str = "") -> None:
        """`origin` is said along, because a process hears itself as well."""
        if self._transaction.is_postgres:
            told = f"{self._transaction.origin} {call} {environment}"
            self._transaction.change(select(func.pg_notify(CHANNEL, told)))
