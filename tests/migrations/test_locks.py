"""Two at once, and one beside a running controller."""

import threading
from pathlib import Path

import psycopg
import pytest

from controller.domain.errors import Blocked
from controller.store import Store, schema
from controller.store.schema import check_schema, migrate
from controller.store.store import database_url
from tests.support.database import MovedClock, PostgresServer


def test_two_that_migrate_at_once_both_succeed(empty_database: str) -> None:
    failed: list[BaseException] = []
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        try:
            migrate(empty_database)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    check_schema(empty_database)


def test_a_second_one_waits_for_the_first(empty_database: str) -> None:
    address = database_url(empty_database)
    engine = schema.open_engine(address, writes=True)
    done = threading.Event()

    def second() -> None:
        migrate(empty_database)
        done.set()

    thread = threading.Thread(target=second)
    with schema.alone(address, engine):
        thread.start()
        waited = not done.wait(0.2)
    thread.join()
    engine.dispose()
    assert waited
    assert done.is_set()


def test_sqlite_is_not_migrated_under_a_running_controller(tmp_path: Path, clock: MovedClock) -> None:
    url = f"sqlite:///{tmp_path / 'tidegate.db'}"
    store = Store(url, clock)
    with pytest.raises(Blocked) as caught:
        migrate(url)
    store.close()
    assert caught.value.code == "database.in_use"
    migrate(url)


def test_postgresql_is_migrated_beside_a_running_controller(postgres: PostgresServer, clock: MovedClock) -> None:
    url = postgres.wiped_database()
    store = Store(url, clock)
    with store.read():
        migrate(url)
    store.close()
    check_schema(url)


def test_the_lock_on_the_server_ends_with_the_migration(postgres: PostgresServer) -> None:
    url = postgres.wiped_database()
    migrate(url)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [schema.ADVISORY_LOCK]).fetchone()
    assert row == (True,)
