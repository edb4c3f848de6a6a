"""What holds for PostgreSQL alone: servers restart, connections are cut, transactions deadlock."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from controller.domain.errors import TidegateError, Transient
from controller.store import Store, Unit
from tests.support.database import MovedClock, PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.wiped_database()


@pytest.fixture
def store(url: str, clock: MovedClock) -> Iterator[Store]:
    opened = Store(url, clock, patience_seconds=0.3)
    with opened.write() as unit:
        unit.environments.ensure(["dev", "prod"])
    yield opened
    opened.close()


def cut_every_connection(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'tidegate' AND pid <> pg_backend_pid()"
        )


def test_connections_cut_between_units_are_replaced_unseen(store: Store, url: str) -> None:
    cut_every_connection(url)
    with store.write() as unit:
        unit.environments.request_look(["dev"])
    cut_every_connection(url)
    with store.read() as unit:
        assert unit.environments.get("dev").must_look


def test_a_connection_cut_within_a_unit_is_transient_and_takes_it_back(store: Store, url: str) -> None:
    def cut_and_go_on() -> None:
        with store.write() as unit:
            unit.environments.request_look(["dev"])
            cut_every_connection(url)
            unit.environments.request_look(["prod"])

    with pytest.raises(Transient) as caught:
        cut_and_go_on()
    assert caught.value.code == "database.gone"
    with store.read() as unit:
        assert not any(environment.must_look for environment in unit.environments.all())


def test_a_connection_cut_before_the_answer_to_commit_leaves_the_outcome_unknown(store: Store, url: str) -> None:
    def cut_and_commit() -> None:
        with store.write() as unit:
            unit.environments.request_look(["dev"])
            cut_every_connection(url)

    with pytest.raises(Transient) as caught:
        cut_and_commit()
    assert caught.value.code == "database.outcome_unknown"


def test_a_row_locked_by_somebody_else_is_transient(store: Store, url: str) -> None:
    with psycopg.connect(url) as intruder:
        intruder.execute("SELECT 1 FROM environments WHERE name = 'dev' FOR UPDATE")
        with pytest.raises(Transient) as caught, store.write() as unit:
            unit.environments.request_look(["dev"])
        assert caught.value.code == "database.busy"


def test_of_two_that_deadlock_one_is_transient_and_the_other_goes_on(url: str, clock: MovedClock) -> None:
    store = Store(url, clock)
    with store.write() as unit:
        unit.environments.ensure(["dev", "prod"])
    both_hold_one = threading.Barrier(2)
    codes: list[str] = []

    def cross(first: str, second: str) -> None:
        try:
            with store.write() as unit:
                look_quickly_for_deadlocks(unit)
                unit.environments.request_look([first])
                both_hold_one.wait()
                unit.environments.request_look([second])
        except TidegateError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=cross, args=names) for names in (("dev", "prod"), ("prod", "dev"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert codes == ["database.busy"]


def look_quickly_for_deadlocks(unit: Unit) -> None:
    unit.environments._transaction.change(text("SET LOCAL deadlock_timeout = '20ms'"))


def test_commits_wait_for_the_disk_whatever_the_server_was_set_to(store: Store) -> None:
    with store.write() as unit:
        (row,) = unit.audit._transaction.rows(text("SHOW synchronous_commit"))
    assert row == {"synchronous_commit": "on"}


def test_an_exhausted_pool_is_transient(store: Store) -> None:
    held = [store._database._writers.connect() for _ in range(10)]  # type: ignore[attr-defined]
    with pytest.raises(Transient) as caught:
        store.ping()
    for connection in held:
        connection.close()
    assert caught.value.code == "database.busy"
