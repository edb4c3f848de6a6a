"""Taking a backup: every row at one moment, into a file that either database can be restored from.

A controller may go on meanwhile, on both databases: it is one transaction that only reads. What makes rows of the past
safe to go on with is told in `restore.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, func, select, text

from controller.domain.ports import Clock
from controller.store.backup_file import BATCH, Header, Rows, check, write
from controller.store.columns import spelled
from controller.store.connecting import transaction
from controller.store.failures import CORRUPT, failure, translated
from controller.store.schema import check_schema, open_engine
from controller.store.store import database_url
from controller.store.tables import Row


@dataclass(frozen=True)
class Backup:
    """`sha256` is of the file as it lies there."""

    path: Path
    header: Header
    sha256: str
    bytes: int


def back_up(url: str, path: Path, clock: Clock, program: str) -> Backup:
    """A new file at `path`, readable by its owner only, and read again from its first line to its last.

    `program` is the version of this Tidegate. `Blocked` when the tables are not at the version that it knows, when the
    database is damaged, or when the file can't be written.
    """
    check_schema(url)
    with one_moment(url) as connection:
        insist_intact(connection)
        header = Header(
            schema=MigrationContext.configure(connection).get_current_revision() or "",
            taken_at=clock.now().isoformat(),
            program=program,
            tables={table.name: count(connection, table) for table in Row.metadata.sorted_tables},
        )
        write(path, header, (Rows(*everything(connection, table)) for table in Row.metadata.sorted_tables))
    found, sha256 = check(path)
    assert found == header, f"{path} says {found} of itself, and {header} was written"
    return Backup(path, header, sha256, path.stat().st_size)


@contextmanager
def one_moment(url: str) -> Iterator[Connection]:
    """A transaction that sees the database as it is now, however long it takes, and changes nothing.

    On SQLite it needs no lock: readers and the controller's writer don't wait for each other.
    """
    address = database_url(url)
    engine = open_engine(address, writes=False)
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    try:
        with translated(f"backing up {address.render_as_string()}"), transaction(engine) as connection:
            take_your_time(connection)
            yield connection
    finally:
        engine.dispose()


def take_your_time(connection: Connection) -> None:
    """The limits are for the loop's short transactions."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def insist_intact(connection: Connection) -> None:
    """PostgreSQL's own checksums speak up by themselves; SQLite has to be asked."""
    if connection.dialect.name != "sqlite":
        return
    found = [row[0] for row in connection.execute(text("PRAGMA integrity_check(3)"))]
    if found != ["ok"]:
        raise failure(CORRUPT, "checking the database before it is backed up", "; ".join(found))


def count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def everything(connection: Connection, table: Table) -> tuple[str, Sequence[str], Iterator[Sequence[Any]]]:
    """Name, columns and rows of a table, in the order of its key; the rows come a few at a time."""
    rows = connection.execution_options(yield_per=BATCH).execute(select(table).order_by(*table.primary_key))
    return table.name, [column.name for column in table.columns], (list(map(portable, row)) for row in rows)


def portable(value: Any) -> Any:
    """Times as text of one width; everything else is JSON already."""
    return spelled(value) if isinstance(value, datetime) else value
