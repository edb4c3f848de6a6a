"""The migrations themselves: they run on both databases, both ways, and make what the program expects."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, text

import migrations
from controller.domain.errors import Blocked
from controller.store import Store, schema
from controller.store.schema import EMPTY, check_schema, configuration, migrate
from controller.store.store import database_url
from controller.store.tables import Row
from tests.store.recorded import deployment, record
from tests.support.database import MovedClock


@pytest.fixture
def engine(empty_database: str) -> Iterator[Engine]:
    made = schema.open_engine(database_url(empty_database), writes=True)
    yield made
    made.dispose()


def fill(url: str, clock: MovedClock) -> None:
    store = Store(url, clock)
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    record(store, deployment(1), deployment(2))
    store.close()


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_migrations_make_exactly_what_the_rows_describe(empty_database: str, engine: Engine) -> None:
    migrate(empty_database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []


def test_the_comparison_notices_a_column_that_no_migration_makes(empty_database: str, engine: Engine) -> None:
    migrate(empty_database)
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE timers ADD COLUMN forgotten TEXT"))
        assert len(compare_metadata(MigrationContext.configure(connection), Row.metadata)) == 1


def test_up_down_and_up_again_with_rows_in_the_tables(empty_database: str, engine: Engine, clock: MovedClock) -> None:
    migrate(empty_database)
    fill(empty_database, clock)
    migrate(empty_database, EMPTY)
    assert tables(engine) == set()
    migrate(empty_database)
    fill(empty_database, clock)
    check_schema(empty_database)


def test_migrating_what_is_up_to_date_changes_nothing(empty_database: str, clock: MovedClock) -> None:
    migrate(empty_database)
    fill(empty_database, clock)
    migrate(empty_database)
    store = Store(empty_database, clock)
    with store.read() as unit:
        assert [one.number for one in unit.deployments.page().items] == [2, 1]
    store.close()


class Killed(Exception):
    pass


def statements_of(url: str) -> int:
    """How many statements a whole migration takes."""
    migrate(url)
    migrate(url, EMPTY)
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", note)
    migrate(url)
    event.remove(Engine, "before_cursor_execute", note)
    migrate(url, EMPTY)
    return count


LATER = {"ignored_commits"}
"""Tables that the first migration did not make: each migration is whole in itself."""


def test_a_migration_that_dies_anywhere_leaves_nothing_by_halves_and_is_run_again(
    empty_database: str, engine: Engine
) -> None:
    whole = tables_of_every_version(empty_database, engine)
    for last in range(0, statements_of(empty_database), 5):
        die_after(last, empty_database)
        assert tables(engine) in whole
        migrate(empty_database)
        check_schema(empty_database)
        migrate(empty_database, EMPTY)


def tables_of_every_version(url: str, engine: Engine) -> list[set[str]]:
    """Each migration is a transaction of its own; the first one begins with nothing."""
    found: list[set[str]] = []
    migrate(url)
    for version in [*reversed(schema.known()), EMPTY]:
        migrate(url, version)
        found.append(tables(engine))
    assert found[0] == set(Row.metadata.tables) and not found[-1]
    return found


def die_after(last: int, url: str) -> None:
    left = last

    def die(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    event.listen(Engine, "before_cursor_execute", die)
    try:
        with pytest.raises(Killed):
            migrate(url)
    finally:
        event.remove(Engine, "before_cursor_execute", die)


def test_an_empty_database_is_told_to_migrate_and_stays_empty(empty_database: str) -> None:
    with pytest.raises(Blocked, match="run `tidegate migrate`") as caught:
        check_schema(empty_database)
    assert caught.value.code == "database.schema_old"
    address = database_url(empty_database)
    assert address.get_backend_name() != "sqlite" or not Path(address.database or "").exists()


def test_a_database_from_a_newer_tidegate_is_refused(empty_database: str, engine: Engine) -> None:
    migrate(empty_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refuse in (check_schema, migrate):
        with pytest.raises(Blocked, match="9999") as caught:
            refuse(empty_database)
        assert caught.value.code == "database.schema_unknown"


def test_there_is_one_head_and_every_file_is_numbered_in_order() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert len(scripts.get_heads()) == 1
    names = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("0*.py"))
    in_order = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert in_order == [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", name) for name in names)
