"""Restoring a backup: the rows of the file, made safe to go on with.

Here is how they come into the database, whole or not at all; `restored_rows.py` says what becomes of them there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, TIMESTAMP, Connection, Engine, MetaData, Table, event, func, inspect, select, text

from controller.domain.chain import UNKEYED, Keyring
from controller.domain.errors import Blocked
from controller.domain.ports import Clock
from controller.store import sqlite
from controller.store.backup import count, take_your_time
from controller.store.backup_file import Batch, Header, check, read
from controller.store.connecting import transaction
from controller.store.failures import translated
from controller.store.places import audit_head, places
from controller.store.restored_rows import Restored, make_safe
from controller.store.schema import (
    EMPTY,
    LATEST,
    alone_on_server,
    alone_with_file,
    configuration,
    open_engine,
    refuse_unknown,
)
from controller.store.store import database_url
from controller.store.tables import Row

GOODBYE_TRIES = 10
"""So often, every fifth of a second, it is looked whether the connections of a process that just ended are gone."""


def restore(url: str, path: Path, clock: Clock, *, replace_all: bool = False, keys: Keyring = UNKEYED) -> Restored:
    """All of it in one transaction: when it fails, the database is as it was. `keys` seal the audit.

    `Blocked`: the file is damaged or of a newer Tidegate; a controller uses the database; there is something in it and
    `replace_all` is not said.
    """
    header, sha256 = check(path)
    refuse_unknown(header.schema)
    with alone_with(url) as connection:
        replaced, replaced_head = places(connection), audit_head(connection)
        make_room(connection, header, replace_all)
        load(connection, path)
        move(connection, LATEST)
        insist_whole(connection)
        number_on(connection)
        return make_safe(connection, header, sha256, clock, replaced, replaced_head, keys)


# ------------------------------------------------------------ nobody else


@contextmanager
def alone_with(url: str) -> Iterator[Connection]:
    """A transaction in a database that no controller uses, and nobody migrates."""
    address = database_url(url)
    engine = open_engine(address, writes=True)
    doing = f"restoring into {address.render_as_string()}"
    try:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _without_foreign_keys)
            with alone_with_file(sqlite.file_of(address)), translated(doing), transaction(engine) as connection:
                yield connection
        else:
            insist_nobody_is_connected(engine)
            with translated(doing), alone_on_server(engine) as connection:
                take_your_time(connection)
                yield connection
    finally:
        engine.dispose()


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    """SQLite changes tables by copying them, which foreign keys would not survive; they are checked at the end.

    https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"
    """
    connection.execute("PRAGMA foreign_keys=OFF").close()


def insist_nobody_is_connected(engine: Engine) -> None:
    """A controller keeps connections open as long as it lives. One that is frozen has them too."""
    for _ in range(GOODBYE_TRIES):
        with translated("looking for running controllers"), transaction(engine) as connection:
            others = connection.execute(
                text(
                    "SELECT pid, coalesce(host(client_addr), 'this host') FROM pg_stat_activity WHERE application_name"
                    " LIKE 'tidegate%' AND datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).all()
            if not others:
                return
            connection.execute(text("SELECT pg_sleep(0.2)"))
    told = ", ".join(f"process {pid} from {host}" for pid, host in others)
    raise Blocked(
        f"a controller uses this database ({told}): end every one of them, and try again. What is left of one that died"
        " without a word goes away by SELECT pg_terminate_backend(process)",
        code="database.in_use",
    )


# ------------------------------------------------------------------- rows


def make_room(connection: Connection, header: Header, replace_all: bool) -> None:
    """Empty tables at the backup's version."""
    found = MigrationContext.configure(connection).get_current_revision()
    refuse_unknown(found)
    is_empty = not any(_count_if_there(connection, table) for table in Row.metadata.sorted_tables)
    if not is_empty and not replace_all:
        raise Blocked(
            "there are rows in this database already: restore into an empty one, or say --replace to lose them;"
            " `tidegate backup` first keeps them",
            code="database.not_empty",
        )
    if found is None or not is_empty or found != header.schema:
        move(connection, EMPTY)
        move(connection, header.schema)


def _count_if_there(connection: Connection, table: Table) -> int:
    return count(connection, table) if inspect(connection).has_table(table.name) else 0


def move(connection: Connection, to: str) -> None:
    """Migrate within this very transaction: alembic leaves one alone that is open already."""
    settings = configuration()
    settings.attributes |= {"connection": connection, "is_alone": True}
    if to == EMPTY:
        command.downgrade(settings, to)
    else:
        command.upgrade(settings, to)


def load(connection: Connection, path: Path) -> None:
    """Store every row as it was. The tables are the backup's, which this program's rows need not describe."""
    known = MetaData()
    for found in read(path):
        if isinstance(found, Batch):
            table = known.tables.get(found.table)
            if table is None:
                table = _as_it_is(connection, found.table, known)
            connection.execute(table.insert(), [_row(table, values) for values in found.rows])


def _as_it_is(connection: Connection, name: str, known: MetaData) -> Table:
    table = Table(name, known, autoload_with=connection, resolve_fks=False)
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type.none_as_null = True
    return table


def _row(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(table, name, value) for name, value in values.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    """Times are times on PostgreSQL only."""
    if value is not None and isinstance(table.columns[name].type, TIMESTAMP):
        return datetime.fromisoformat(value)
    return value


def insist_whole(connection: Connection) -> None:
    """On SQLite foreign keys were not looked at meanwhile."""
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            told = f"{len(broken)} rows of the backup refer to rows that it does not have, the first in {broken[0][0]}"
            raise Blocked(f"{told}; take another backup", code="backup.damaged")


def number_on(connection: Connection) -> None:
    """PostgreSQL's sequences go on after the highest number; SQLite looks for it by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in Row.metadata.sorted_tables:
        key = next(iter(table.primary_key))
        sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, key.name))).scalar_one()
        if sequence is not None:
            highest = connection.execute(select(func.max(key)).select_from(table)).scalar_one()
            connection.execute(select(func.setval(sequence, highest or 1, highest is not None)))
