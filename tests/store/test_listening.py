"""Hearing other processes: words arrive when their transaction commits, and a line that is dead is found out."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from controller.adapters.clock import SystemClock
from controller.domain.errors import Transient
from controller.domain.orders import Order, OrderKind
from controller.store import Call, Lease, Store, listening
from controller.store.listening import Listener
from tests.support.builders import NOON
from tests.support.database import MovedClock, PostgresServer

PATIENCE_SECONDS = 10


@dataclass
class Notes:
    """What was heard, in order; «again» is a sweep."""

    said: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def heard(self, call: Call, environment: str) -> None:
        self.add(f"{call} {environment}")

    def again(self) -> None:
        self.add("again")

    def add(self, word: str) -> None:
        with self.changed:
            self.said.append(word)
            self.changed.notify_all()

    def wait_for(self, is_so: Callable[[list[str]], bool]) -> list[str]:
        with self.changed:
            assert self.changed.wait_for(lambda: is_so(self.said), PATIENCE_SECONDS), self.said
            return list(self.said)


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.wiped_database()


@pytest.fixture
def speaker(url: str) -> Iterator[Store]:
    store = Store(url, SystemClock())
    with store.write() as unit:
        unit.environments.ensure(["dev", "prod"])
    yield store
    store.close()


@pytest.fixture
def notes(url: str) -> Iterator[Notes]:
    """Another process that hears."""
    store, notes = Store(url, SystemClock()), Notes()
    ear = store.listen(notes.heard, notes.again)
    notes.wait_for(lambda said: "again" in said)
    yield notes
    ear.close()
    store.close()


def look(store: Store, *names: str) -> None:
    with store.write() as unit:
        unit.environments.request_look(names)


def test_requests_orders_and_leases_are_heard_in_other_processes(speaker: Store, notes: Notes) -> None:
    look(speaker, "dev")
    with speaker.write() as unit:
        unit.orders.leave(Order(0, OrderKind.UNHOLD, "prod", None, "because", "ada", NOON))
    with speaker.write() as unit:
        lease = unit.leases.claim("dev", "one", 60)
        assert isinstance(lease, Lease)
        unit.leases.release(lease)
    heard = notes.wait_for(lambda said: "free dev" in said)
    assert heard == ["again", "look dev", "look prod", "free dev"]


def test_what_is_taken_back_is_never_said(speaker: Store, notes: Notes) -> None:
    def change_and_fail() -> None:
        with speaker.write() as unit:
            unit.environments.request_look(["dev"])
            raise ValueError("taken back")

    with pytest.raises(ValueError, match="taken back"):
        change_and_fail()
    look(speaker, "prod")
    assert notes.wait_for(lambda said: len(said) > 1) == ["again", "look prod"]


def test_a_process_does_not_hear_itself(url: str) -> None:
    store, notes = Store(url, SystemClock()), Notes()
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    ear = store.listen(notes.heard, notes.again)
    notes.wait_for(lambda said: "again" in said)
    look(store, "dev")
    ear.close()
    store.close()
    assert notes.said == ["again"]


def test_a_cut_line_is_opened_again_and_what_was_missed_is_swept(
    quick: None, speaker: Store, notes: Notes, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle'"
        )
    notes.wait_for(lambda said: said.count("again") == 2)
    look(speaker, "dev")
    assert notes.wait_for(lambda said: "look dev" in said) == ["again", "again", "look dev"]


def test_words_without_a_listener_cost_nothing(speaker: Store) -> None:
    look(speaker, "dev")
    with speaker.read() as unit:
        assert unit.environments.get("dev").must_look


def test_on_a_file_there_is_nobody_to_hear(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "tidegate.db"
    shutil.copyfile(migrated_file, path)
    store, notes = Store(f"sqlite:///{path}", SystemClock()), Notes()
    store.listen(notes.heard, notes.again).close()
    store.close()
    assert notes.said == []


# Below, lines are made of nothing, and time passes when a line is waited on.


@dataclass
class Wire:
    """What a line carries; `is_deaf` is a pooler that gives each transaction another connection."""

    clock: MovedClock
    is_deaf: bool = False
    is_cut: bool = False
    opened: int = 0
    carried: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def open(self) -> Iterator["Wire"]:
        self.opened += 1
        self.is_cut = False
        yield self

    def words(self, seconds: float) -> list[str]:
        self.clock.sleep(seconds)
        if self.is_cut:
            raise Transient("cut")
        if self.opened > 3:
            self.ended.set()
        carried, self.carried = self.carried, []
        return [] if self.is_deaf else carried

    def echo(self) -> None:
        self.carried.append("me echo ")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two attempts no real time passes."""
    monkeypatch.setattr(listening, "FIRST_RETRY_SECONDS", 0.0)


def listener(wire: Wire, notes: Notes) -> Listener:
    return Listener("me", wire.open, wire.echo, wire.clock, notes.heard, notes.again)


def test_a_line_that_carries_nothing_is_given_up_and_warned_of_once(
    quick: None, clock: MovedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    wire, notes = Wire(clock, is_deaf=True), Notes()
    ear = listener(wire, notes)
    assert wire.ended.wait(PATIENCE_SECONDS)
    ear.close()
    told = capsys.readouterr().out
    assert wire.opened > 3 and notes.said == []
    assert told.count("not hearing other controllers") == 1 and "a transaction pooler cannot LISTEN" in told


def test_a_line_that_falls_silent_later_is_found_out_by_its_echo(quick: None, clock: MovedClock) -> None:
    wire, notes = Wire(clock), Notes()
    ear = listener(wire, notes)
    notes.wait_for(lambda said: said == ["again"])
    wire.is_deaf = True
    assert wire.ended.wait(PATIENCE_SECONDS)
    wire.is_deaf = False
    notes.wait_for(lambda said: said == ["again", "again"])
    ear.close()


@pytest.mark.parametrize("word", ["", "other", "other shout dev", "other echo ", "me look dev"])
def test_a_word_that_is_not_for_us_wakes_nobody(quick: None, clock: MovedClock, word: str) -> None:
    wire, notes = Wire(clock), Notes()
    ear = listener(wire, notes)
    notes.wait_for(lambda said: said == ["again"])
    wire.carried.append(word)
    wire.carried.append("other free dev")
    notes.wait_for(lambda said: len(said) > 1)
    ear.close()
    assert notes.said == ["again", "free dev"]
