"""One open transaction, as the tables use it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Interval, TextClause, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.sql.elements import SQLCoreOperations

from controller.domain.backlog import MOST_COUNTED
from controller.domain.ports import Clock
from controller.store.columns import UtcTime
from controller.store.failures import legible, translated
from controller.store.remembered import Remembered
from controller.store.tables import Row

READS_ONLY = "this unit only reads: open `store.write()` to change something"

StoredRow = dict[str, Any]
"""Column names and what is in them."""


class Transaction:
    """`origin` names this process among those that use the database. `remembered` are values of rows that were read
    before; None where nothing may be remembered, because it is not committed."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        writes: bool,
        origin: str = "?",
        remembered: Remembered | None = None,
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.writes = writes
        self.origin = origin
        self.remembered = None if writes else remembered

    @property
    def is_postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def rows(self, statement: Executable) -> Sequence[StoredRow]:
        """`Unreadable` where a value in one of them is not of its column's kind."""
        found = self._execute(statement)
        with legible("rows"):
            return [dict(row) for row in found.mappings()]

    def row(self, statement: Executable) -> StoredRow | None:
        return first(self._execute(statement))

    def count_some(self, table: type[Row], which: ColumnElement[bool] | TextClause) -> int:
        """How many there are, up to one more than `MOST_COUNTED`."""
        some = select(literal(1)).select_from(table).where(which).limit(MOST_COUNTED + 1).subquery()
        row = self.row(select(func.count().label("count")).select_from(some))
        return row["count"] if row else 0

    def change(self, statement: Executable) -> int:
        """How many rows it changed."""
        return self._write(statement).rowcount

    def change_each(self, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
        """The same statement once with each of the values."""
        assert self.writes, READS_ONLY
        with translated("talking to the database"):
            self.connection.execute(statement, values)

    def takes_turn(self, key: int) -> bool:
        """Whether nobody else who asks for this turn has it; then it is ours until the transaction ends."""
        if not self.is_postgres:
            return True
        row = self.row(select(func.pg_try_advisory_xact_lock(literal(key)).label("is_ours")))
        return row is not None and bool(row["is_ours"])

    def changed(self, statement: Executable) -> StoredRow | None:
        """What the statement's RETURNING says of the one row it changed; None when it changed none."""
        return first(self._write(statement))

    def insert_new(self, table: type[Row], values: Mapping[str, Any], unique: Sequence[str]) -> bool:
        """Whether the row is new; a row with the same `unique` columns is left as it is."""
        return self.inserted(table, values, unique, [literal(1)]) is not None

    def inserted(
        self, table: type[Row], values: Mapping[str, Any], unique: Sequence[str], told: Sequence[SQLCoreOperations[Any]]
    ) -> StoredRow | None:
        """What is `told` of the new row; None where there is a row with the same `unique` columns, which is left as it
        is."""
        insert = postgresql.insert if self.is_postgres else sqlite.insert
        statement = insert(table).values(values).on_conflict_do_nothing(index_elements=unique)
        return self.changed(statement.returning(*told))

    def put_each(self, table: type[Row], rows: Sequence[Mapping[str, Any]], unique: Sequence[str]) -> None:
        """As `put` of each, all of the same columns, in one go."""
        insert = postgresql.insert if self.is_postgres else sqlite.insert
        statement = insert(table)
        others = {name: statement.excluded[name] for row in rows[:1] for name in row if name not in unique}
        if rows:
            self.change_each(statement.on_conflict_do_update(index_elements=unique, set_=others), rows)

    def put(self, table: type[Row], values: Mapping[str, Any], unique: Sequence[str]) -> None:
        """The row has these values, whether it was there or not."""
        insert = postgresql.insert if self.is_postgres else sqlite.insert
        others = {name: value for name, value in values.items() if name not in unique}
        self.change(insert(table).values(values).on_conflict_do_update(index_elements=unique, set_=others))

    def moment(self, after: timedelta = timedelta(0)) -> ColumnElement[datetime]:
        """The database's own time as a statement sees it. SQLite's is this process's, the only one that may use the
        file."""
        if self.is_postgres:
            return func.clock_timestamp(type_=UtcTime()) + literal(after, Interval())
        return literal(self.clock.now() + after, UtcTime())

    def now(self) -> datetime:
        """The same time as a value; asked for anew each time, because a lock may have been waited for."""
        if not self.is_postgres:
            return self.clock.now()
        now: datetime = self._execute(select(func.clock_timestamp(type_=UtcTime()))).scalar_one()
        return now

    def _write(self, statement: Executable) -> CursorResult[Any]:
        assert self.writes, READS_ONLY
        return self._execute(statement)

    def _execute(self, statement: Executable) -> CursorResult[Any]:
        with translated("talking to the database"):
            return self.connection.execute(statement)


def first(result: CursorResult[Any]) -> StoredRow | None:
    with legible("a row"):
        row = result.mappings().first()
        return None if row is None else dict(row)
