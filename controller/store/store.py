"""The facade: where transactions begin and end."""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import URL, Connection, make_url, select
from sqlalchemy.exc import ArgumentError

from controller.domain.anchor import Anchor
from controller.domain.chain import UNKEYED, Keyring, Report
from controller.domain.errors import Blocked
from controller.domain.ports import Clock
from controller.store.chain import verify_chain
from controller.store.connecting import Database
from controller.store.failures import GONE, failure
from controller.store.leases import Lease
from controller.store.listening import Deaf, Ear, Heard, Listener
from controller.store.postgres import Postgres
from controller.store.remembered import Remembered
from controller.store.sqlite import Sqlite
from controller.store.transaction import Transaction
from controller.store.unit import Unit
from controller.store.waking import Call, Waking

PATIENCE_SECONDS = 5.0
"""How long a statement waits for somebody else's lock before it is `Transient`."""


WANTED = "write sqlite:////absolute/path/tidegate.db or postgresql://user@host/name"


def database_url(text: str) -> URL:
    """`Blocked` for anything but a SQLite or PostgreSQL URL, which is not repeated: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise Blocked(f"the database URL cannot be read; {WANTED}", code="database.refused") from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise Blocked(f"{url.get_backend_name()} is not a database for Tidegate; {WANTED}", code="database.refused")
    return url


class Store:
    """Rows behind verbs. Synchronous, and safe to use from many threads; keep units short and never call out of one."""

    def __init__(
        self, url: str, clock: Clock, patience_seconds: float = PATIENCE_SECONDS, keys: Keyring = UNKEYED
    ) -> None:
        """Makes no tables: `schema.migrate` does. `Blocked` when another process has the SQLite file. `keys` seal the
        audit."""
        self._clock, self._keys = clock, keys
        self._database = open_database(database_url(url), patience_seconds)
        self._this_thread = threading.local()
        self._origin = secrets.token_hex(8)
        self._remembered = Remembered()
        self._is_closed = False
        self._watching: Callable[[], None] = lambda: None

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """One consistent picture."""
        with self._open_database().reading() as connection:
            yield Unit(self._transaction(connection, writes=False), self._keys)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """One transaction, durable when the block has ended; an exception takes everything back."""
        with self._one_at_a_time(), self._open_database().writing() as connection:
            unit = Unit(self._transaction(connection, writes=True), self._keys)
            yield unit
            unit.write_down()
        self._watching()

    def watch(self, told: Callable[[], None]) -> None:
        """`told` is called after each of this process's transactions that may have changed something, on its thread,
        and must neither wait nor fail. There is one who watches; other processes' transactions nobody tells of."""
        self._watching = told

    @contextmanager
    def fenced(self, lease: Lease) -> Iterator[Unit]:
        """As `write`, under a lease: `Conflict` (`lease.lost`) before the block begins when it is no longer held."""
        with self.write() as unit:
            unit.leases.lock(lease)
            yield unit

    def verify_audit(self, anchors: Sequence[Anchor] = ()) -> Report:
        """Every entry, one after the other; `anchors` were kept outside. A minute's work for a million."""
        return verify_chain(self._picture, self._keys, anchors)

    @contextmanager
    def _picture(self) -> Iterator[Transaction]:
        with self._open_database().reading() as connection:
            yield self._transaction(connection, writes=False)

    def inherit(self) -> None:
        """Call once at start. Whoever has a SQLite file knows that the holders of its leases are dead, and waits for
        none of them to run out; on PostgreSQL they may be alive, and nothing happens.
        """
        if self._database.is_ours_alone:
            with self.write() as unit:
                unit.leases.lapse()

    def listen(self, heard: Heard, again: Callable[[], None]) -> Ear:
        """Hear what other processes say, until it is closed; `again` whenever words may have been missed, also at the
        beginning. Both are called on a thread of their own and must not wait. On SQLite nobody else can speak.
        """
        if self._database.is_ours_alone:
            return Deaf()
        return Listener(self._origin, self._database.line, self._say_echo, self._clock, heard, again)

    def _say_echo(self) -> None:
        with self._open_database().writing() as connection:
            Waking(self._transaction(connection, writes=True)).say(Call.ECHO)

    def _transaction(self, connection: Connection, writes: bool) -> Transaction:
        return Transaction(connection, self._clock, writes, self._origin, self._remembered)

    def ping(self) -> None:
        """Whether the database answers: returns, or raises as everything else would."""
        with self._open_database().reading() as connection:
            self._transaction(connection, writes=False).row(select(1))

    def close(self) -> None:
        """Units that are open may end; no other one begins."""
        self._is_closed = True
        self._database.close()

    def _open_database(self) -> Database:
        if self._is_closed:
            raise failure(GONE, "using the database", "this process has closed it and is about to end")
        return self._database

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """A write within a write would wait for itself."""
        assert not getattr(self._this_thread, "writes", False), "this thread is writing already: use the unit it has"
        self._this_thread.writes = True
        try:
            yield
        finally:
            self._this_thread.writes = False


def open_database(url: URL, patience_seconds: float) -> Database:
    if url.get_backend_name() == "sqlite":
        return Sqlite(url, patience_seconds)
    return Postgres(url, patience_seconds)
