"""Large tables change while controllers of the version before go on writing; what died half-way is done again."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, event, text

from controller.store import Store, schema
from controller.store.schema import migrate
from controller.store.store import database_url
from migrations import beside
from tests.store.recorded import deployment, record
from tests.support.database import MovedClock, PostgresServer

BEFORE = "0012"


def with_history(url: str, clock: MovedClock, count: int) -> None:
    """As the version before has left it."""
    migrate(url)
    store = Store(url, clock)
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    record(store, *(deployment(number) for number in range(1, count + 1)))
    store.close()
    migrate(url, BEFORE)


@contextmanager
def heard() -> Iterator[list[str]]:
    """The statements that are carried out meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement.strip())

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def asked_of(url: str, question: str) -> list[tuple[object, ...]]:
    engine = schema.open_engine(database_url(url), writes=False)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(question))]
    engine.dispose()
    return found


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.make_database()
    yield postgres.url(name)
    postgres.drop_database(name)


def test_old_deployments_have_contents_of_which_nobody_asks_github(
    empty_database: str, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "BATCH", 2)
    with_history(empty_database, clock, 5)
    migrate(empty_database)
    found = asked_of(empty_database, "SELECT deployment FROM contents WHERE due_at IS NULL ORDER BY seq")
    assert found == [(f"dev-{number}",) for number in range(1, 6)]


def test_no_index_on_a_large_table_is_made_while_its_writers_wait(postgres_database: str, clock: MovedClock) -> None:
    with_history(postgres_database, clock, 1)
    with heard() as asked:
        migrate(postgres_database)
    made = [one for one in asked if one.startswith("CREATE") and " INDEX " in one]
    blocking = [one for one in made if "CONCURRENTLY" not in one]
    assert [one for one in blocking if " ON deployments " in one or " ON audit " in one] == []
    assert len([one for one in made if " ON deployments " in one or " ON audit " in one]) == 6


def test_old_rows_are_put_in_a_few_at_a_time(
    postgres_database: str, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "BATCH", 2)
    with_history(postgres_database, clock, 5)
    with heard() as asked:
        migrate(postgres_database)
    assert len([one for one in asked if one.startswith("INSERT INTO contents")]) == 3


def test_an_index_that_an_attempt_has_left_invalid_is_made_again(postgres_database: str) -> None:
    migrate(postgres_database)
    migrate(postgres_database, "0013")
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("CREATE INDEX audit_of_actor ON audit (actor, seq)")
        connection.execute("CREATE INDEX audit_of_event ON audit (event, seq)")
        invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_of_actor'::regclass"
        connection.execute(invalid)
    with heard() as asked:
        migrate(postgres_database)
    assert asked_of(postgres_database, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == []
    dropped = [one.split()[-1] for one in asked if one.startswith("DROP INDEX") and "audit" in one]
    assert dropped == ["audit_of_actor"], "what is whole stays"


def test_whoever_waits_to_migrate_holds_up_nobody_who_makes_an_index(postgres_database: str) -> None:
    """Its transaction would be waited for by whoever it waits for."""
    engine = schema.open_engine(database_url(postgres_database), writes=True)
    with schema.alone(database_url(postgres_database), engine), engine.connect() as other:
        assert not schema._takes_its_turn(other)
        other.rollback()
        looking = "SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
        assert asked_of(postgres_database, f"{looking} AND datname = current_database()") == [(0,)]
    engine.dispose()
