"""The tables' own version: bringing it up to date, and refusing to run on another one.

Migrations are the package `migrations`; `migrations/README.md` has their rules. alembic is imported only to migrate:
whoever serves would carry its ten megabytes for nothing, so the version is read without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, inspect, text

import migrations
from controller.domain.errors import Blocked
from controller.store import postgres, sqlite
from controller.store.connecting import transaction
from controller.store.failures import translated
from controller.store.store import PATIENCE_SECONDS, database_url

if TYPE_CHECKING:
    from alembic.config import Config

LATEST = "head"
EMPTY = "base"
ADVISORY_LOCK = 0x71DE6A7E
"""Any number will do, as long as nobody else locks it in the same database."""


def migrate(url: str, to: str = LATEST) -> None:
    """Bring the tables to a version. Two at once wait for each other; one that dies half-way is simply run again.

    `Blocked` on SQLite while a controller runs on the file: there only one process may write.
    """
    address = database_url(url)
    engine = open_engine(address, writes=True)
    try:
        with alone(address, engine), translated(f"migrating {address.render_as_string()}"):
            move(engine, to)
    finally:
        engine.dispose()


def move(engine: Engine, to: str) -> None:
    from alembic import command  # see above

    settings = configuration()
    with engine.connect() as connection:
        refuse_unknown(current(connection))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))  # filling in old rows may take its time
        connection.commit()
        settings.attributes["connection"] = connection
        if to == LATEST:
            command.upgrade(settings, to)
        else:
            command.downgrade(settings, to)


def check_schema(url: str) -> None:
    """`Blocked` unless the tables are exactly the ones that this program knows."""
    found = version_of(database_url(url))
    refuse_unknown(found)
    wanted = known()[-1]
    if found != wanted:
        raise Blocked(
            f"the database's tables are at version {found or 'none'}, and this Tidegate needs {wanted}; "
            "run `tidegate migrate`",
            code="database.schema_old",
        )


def refuse_unknown(found: str | None) -> None:
    if found is None or found in known():
        return
    raise Blocked(
        f"the database's tables are at version {found}, which this Tidegate does not know (its newest is "
        f"{known()[-1]}); a newer Tidegate has migrated them: run that one, or restore the backup "
        "from before",
        code="database.schema_unknown",
    )


def version_of(address: URL) -> str | None:
    """The migration that the tables are at; None when there are no tables yet."""
    if address.get_backend_name() == "sqlite" and not sqlite.file_of(address).exists():
        return None  # to connect would make the file
    engine = open_engine(address, writes=False)
    try:
        with translated(f"reading {address.render_as_string()}"), transaction(engine) as connection:
            return current(connection)
    finally:
        engine.dispose()


def current(connection: Connection) -> str | None:
    """What alembic has written down; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def known() -> list[str]:
    """The versions that this program has migrations to, oldest first: their files are named for them."""
    files = (Path(migrations.__file__).parent / "versions").glob("[0-9]*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def configuration() -> "Config":
    from alembic.config import Config  # see above

    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def open_engine(address: URL, writes: bool) -> Engine:
    if address.get_backend_name() == "sqlite":
        return sqlite.open_engine(address, writes, PATIENCE_SECONDS)
    return postgres.open_engine(address, PATIENCE_SECONDS)


@contextmanager
def alone(address: URL, engine: Engine) -> Iterator[None]:
    """Nobody else migrates this database meanwhile."""
    if address.get_backend_name() == "sqlite":
        with alone_with_file(sqlite.file_of(address)):
            yield
    else:
        with alone_on_server(engine):
            yield


@contextmanager
def alone_with_file(path: Path) -> Iterator[None]:
    """Waits for another migration, but not for a controller, which may run for months."""
    others = sqlite.FileLock(path.with_name(path.name + ".migrate.lock"))
    others.take(wait=True)
    try:
        controller = sqlite.claim_file(path)
        try:
            yield
        finally:
            controller.let_go()
    finally:
        others.let_go()


@contextmanager
def alone_on_server(engine: Engine) -> Iterator[Connection]:
    """A transaction of its own holds the lock: it ends with its connection, and works through transaction poolers.

    Each attempt is a transaction, too. One that waited for its turn would be waited for in turn, without an end, by
    whoever makes an index beside others: that waits for all transactions that have looked at the database before.
    """
    while True:
        with transaction(engine) as connection:
            if _takes_its_turn(connection):
                yield connection
                return


def _takes_its_turn(connection: Connection) -> bool:
    """Else a moment has passed. What is said last lets go of the picture that the question had of the database."""
    with translated("waiting for another migration"):
        asked = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        is_ours: bool = asked.scalar_one()
        if not is_ours:
            connection.execute(text("SELECT pg_sleep(0.1)"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        return is_ours
