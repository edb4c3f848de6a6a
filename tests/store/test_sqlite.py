"""What holds for the SQLite file alone."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.domain.errors import Blocked, Transient
from controller.store import Store
from controller.store.sqlite import Sqlite
from tests.support.database import MovedClock


@pytest.fixture
def path(migrated_file: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "tidegate.db"
    shutil.copyfile(migrated_file, copy)
    return copy


@pytest.fixture
def store(path: Path, clock: MovedClock) -> Iterator[Store]:
    opened = Store(f"sqlite:///{path}", clock, patience_seconds=0.2)
    with opened.write() as unit:
        unit.environments.ensure(["dev"])
    yield opened
    opened.close()


def request_look(store: Store) -> None:
    with store.write() as unit:
        unit.environments.request_look(["dev"])


def pragma(store: Store, name: str, writes: bool) -> object:
    with store.write() if writes else store.read() as unit:
        (row,) = unit.audit._transaction.rows(text(f"PRAGMA {name}"))
    return next(iter(row.values()))


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0), ("mmap_size", 0)],
)
def test_every_connection_is_set_for_safety(store: Store, name: str, wanted: object, writes: bool) -> None:
    assert pragma(store, name, writes) == wanted


def test_only_the_writer_makes_checkpoints(store: Store) -> None:
    assert pragma(store, "wal_autocheckpoint", writes=False) == 0
    assert pragma(store, "wal_autocheckpoint", writes=True) == 1000
    assert pragma(store, "query_only", writes=False) == 1


def test_a_second_store_on_the_same_file_is_refused_and_named(store: Store, path: Path, clock: MovedClock) -> None:
    with pytest.raises(Blocked, match=str(path)) as caught:
        Store(f"sqlite:///{path}", clock)
    assert caught.value.code == "database.in_use"
    request_look(store)


def test_a_second_process_on_the_same_file_is_refused(store: Store, path: Path) -> None:
    program = "import sys; from controller.adapters.clock import SystemClock; from controller.store import Store; "
    program += "Store(sys.argv[1], SystemClock())"
    second = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{path}"], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"{path} is in use by process {os.getpid()}: a SQLite file serves one controller" in second.stderr


def test_a_closed_file_can_be_opened_again(store: Store, path: Path, clock: MovedClock) -> None:
    store.close()
    Store(f"sqlite:///{path}", clock).close()


def test_a_refused_start_leaves_nothing_behind(tmp_path: Path, clock: MovedClock) -> None:
    with pytest.raises(Blocked, match="make its directory"):
        Store(f"sqlite:///{tmp_path}/missing/tidegate.db", clock)
    (tmp_path / "tidegate.db").write_text("this is no database, whatever its name says" * 100)
    for _ in range(2):  # were the lock still held, the second time would say so
        with pytest.raises(Blocked) as caught:
            Store(f"sqlite:///{tmp_path}/tidegate.db", clock)
        assert caught.value.code == "database.corrupt"


def test_a_new_file_is_for_our_own_eyes(tmp_path: Path, clock: MovedClock) -> None:
    store = Store(f"sqlite:///{tmp_path}/tidegate.db", clock)
    modes = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir() if file.suffix != ".lock"}
    store.close()
    assert modes
    assert set(modes.values()) == {0}


def test_a_file_locked_by_somebody_else_is_transient_and_heals(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient) as caught:
            request_look(store)
        assert caught.value.code == "database.busy"
        with store.read() as unit:
            assert not unit.environments.get("dev").must_look
        intruder.execute("ROLLBACK")
    request_look(store)


def test_a_unit_that_may_write_keeps_others_from_writing_before_it_has_written(store: Store, path: Path) -> None:
    """What it reads first is still so when it writes."""
    intruder = sqlite3.connect(path, timeout=0, isolation_level=None)
    with store.write() as unit, closing(intruder):
        unit.environments.get("dev")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            intruder.execute("BEGIN IMMEDIATE")


def test_a_full_disk_is_transient_and_takes_the_whole_unit_back(store: Store) -> None:
    with store.write() as unit:
        pages = unit.audit._transaction.rows(text("PRAGMA page_count"))[0]["page_count"]
        unit.audit._transaction.rows(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(Transient) as caught:
        fill(store)
    assert caught.value.code == "database.full"
    with store.write() as unit:
        assert unit.outbox.put("deployment", "first", {})


def fill(store: Store) -> None:
    with store.write() as unit:
        unit.outbox.put("deployment", "first", {})
        for number in range(1000):
            unit.outbox.put("deployment", f"{number}", {"long": "x" * 4000})


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_nothing_is_accepted_into_a_file_that_is_gone(store: Store, path: Path, how: str) -> None:
    aside = path.with_name("aside.db")
    path.replace(aside)
    if how == "replaced":
        shutil.copyfile(aside, path)
    with pytest.raises(Transient, match="deleted or replaced") as caught:
        request_look(store)
    assert caught.value.code == "database.gone"
    with pytest.raises(Transient):
        store.ping()


def test_a_writer_waits_its_turn_only_so_long(store: Store) -> None:
    database = store._database
    assert isinstance(database, Sqlite)
    with database._turn, pytest.raises(Transient) as caught:
        request_look(store)
    assert caught.value.code == "database.busy"
