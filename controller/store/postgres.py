"""PostgreSQL through psycopg 3: a pool, READ COMMITTED to write with row locks, one snapshot to read."""

from __future__ import annotations

import selectors
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from controller.domain.errors import Blocked
from controller.store.connecting import transaction
from controller.store.failures import GONE, failure, translated
from controller.store.waking import CHANNEL

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 10
"""One for each environment that advances at the same moment, and the doors' readers. A server's default is 100 in
all."""

CONNECT_SECONDS = 5
RECYCLE_SECONDS = 1800


def open_engine(url: URL, patience_seconds: float) -> Engine:
    """Connections are tried before use, so that a restarted server costs nothing but time.

    Commits wait for the disk whatever the server's default says: 202 and "recorded" mean durable.
    """
    patience = int(patience_seconds * 1000)
    options = {
        "timezone": "UTC",
        "synchronous_commit": "on",
        "lock_timeout": patience,
        "statement_timeout": 6 * patience,
        "idle_in_transaction_session_timeout": 12 * patience,
    }
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience_seconds,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_SECONDS,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args={
                "application_name": "tidegate",
                "connect_timeout": CONNECT_SECONDS,
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            },
        )
    except ImportError as error:
        raise Blocked("PostgreSQL needs psycopg: pip install 'tidegate[postgres]'", code="database.refused") from error


class Postgres:
    is_ours_alone = False

    def __init__(self, url: URL, patience_seconds: float) -> None:
        self._writers = open_engine(url, patience_seconds)
        self._readers = self._writers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def reading(self) -> AbstractContextManager[Connection]:
        return transaction(self._readers)

    def writing(self) -> AbstractContextManager[Connection]:
        return transaction(self._writers)

    def line(self) -> AbstractContextManager[ListeningLine]:
        return listening(self._writers)

    def close(self) -> None:
        self._writers.dispose()


class ListeningLine:
    """One connection that has said LISTEN, and is nobody else's."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._raw.fileno(), selectors.EVENT_READ)

    def words(self, seconds: float) -> Sequence[str]:
        """https://www.psycopg.org/psycopg3/docs/advanced/async.html#asynchronous-notifications"""
        import psycopg  # only where PostgreSQL is used: it is nine megabytes

        self._readable.select(seconds)
        try:
            return [notice.payload for notice in self._raw.notifies(timeout=0)]
        except psycopg.Error as error:
            raise failure(GONE, "listening", str(error).strip()) from error

    def close(self) -> None:
        self._readable.close()


@contextmanager
def listening(engine: Engine) -> Iterator[ListeningLine]:
    """Taken out of the pool for good, and closed at the end."""
    with translated("listening"):
        connection = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    try:
        with translated("listening"):
            raw = connection.connection.driver_connection
            assert raw is not None, "it was opened just now"
            connection.detach()
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        line = ListeningLine(raw)
        try:
            yield line
        finally:
            line.close()
    finally:
        with suppress(SQLAlchemyError):
            connection.close()
