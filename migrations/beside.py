"""What migrations do to large tables of PostgreSQL while controllers of the version before go on writing.

Each of these is steps that end by themselves, hold no lock for long, and can be done again: a migration may die between
two of them. SQLite's file belongs to the migration alone, and a restore does all of it in one transaction, in which
nobody waits: there each is one plain statement.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

BATCH = 2_000
"""So many rows are put in at once: some 50 ms, for which their environments are held against being deleted."""


def add_column(table: str, column: sa.Column[object]) -> None:
    op.add_column(table, column, if_not_exists=True if _is_beside() else None)


def make_index(name: str, table: str, columns: Sequence[str], where: str | None = None) -> None:
    """Writers go on while it is made. What an attempt that died has left is made again: it is invalid.

    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    which = None if where is None else sa.text(where)
    if not _is_beside():
        op.create_index(name, table, columns, sqlite_where=which, postgresql_where=which)
        return
    with _in_steps():
        if _is_invalid(name):
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_where=which, postgresql_concurrently=True, if_not_exists=True)


def drop_index(name: str, table: str) -> None:
    """If it is there."""
    if not _is_beside():
        op.drop_index(name, table, if_exists=True)
        return
    with _in_steps():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)


def put_in(insert: str, table: str, conflict: str) -> None:
    """`insert` is an INSERT … SELECT of the rows of `table`, without what follows FROM; a row that is there already, by
    its columns `conflict`, stays as it is. Rows that are written meanwhile are left out."""
    last = op.get_bind().execute(sa.text(f"SELECT max(seq) FROM {table}")).scalar()  # noqa: S608 - our own names
    statement = sa.text(
        f"{insert} FROM {table} WHERE seq > :after AND seq <= :until ORDER BY seq ON CONFLICT ({conflict}) DO NOTHING"
    )
    if last is None:
        return
    if not _is_beside():
        op.get_bind().execute(statement, {"after": 0, "until": last})
        return
    with _in_steps():
        after = 0
        for until in _ends(table, last):
            op.get_bind().execute(statement, {"after": after, "until": until})
            after = until


def _ends(table: str, last: int) -> Iterator[int]:
    """The number of the last row of each batch."""
    nth = sa.text(
        f"SELECT max(seq) FROM (SELECT seq FROM {table} WHERE seq > :after ORDER BY seq LIMIT {BATCH}) AS batch"  # noqa: S608
    )
    after = 0
    while after < last:
        after = min(op.get_bind().execute(nth, {"after": after}).scalar_one(), last)
        yield after


def _is_beside() -> bool:
    settings = op.get_context().config
    is_alone = settings is not None and settings.attributes.get("is_alone", False)
    return op.get_bind().dialect.name == "postgresql" and not is_alone


@contextmanager
def _in_steps() -> Iterator[None]:
    """What came before is committed. Nobody waits behind whoever waits to make an index, so it may wait for as long as
    a backup reads."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        try:
            yield
        finally:
            op.execute("RESET lock_timeout")


def _is_invalid(index: str) -> bool:
    found = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().execute(found, {"name": index}).scalar())
