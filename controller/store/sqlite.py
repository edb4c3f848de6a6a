"""SQLite as the controller runs it: one process, one writer connection, readers beside it, every commit on the disk.

Why one writer that also makes every checkpoint: versions 3.7.0 to 3.51.2 can corrupt a WAL database when two
connections
write or checkpoint at the same moment (https://www.sqlite.org/wal.html, "The WAL-Reset Bug"), and Python links what
it links.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from controller.domain.errors import Blocked
from controller.store.connecting import transaction
from controller.store.failures import BUSY, GONE, failure, translated
from controller.store.listening import Line

READERS = 8
CACHE_KIB = 512
"""Of each connection; the default is four times as much, and the operating system keeps the file's pages as well."""


def file_of(url: URL) -> Path:
    """The database's file; `Blocked` for a database in memory, which no restart would find again."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise Blocked(f"{url} names no file; write sqlite:////absolute/path/tidegate.db", code="database.refused")
    return Path(url.database)


class FileLock:
    """Held by one process at a time, and let go of by the kernel however that process ends.

    It says which process that is. The file stays where it is: if it were deleted, two could hold a lock of the same
    name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None

    def take(self, wait: bool) -> bool:
        """Whether it is ours; without `wait`, no when somebody else holds it."""
        try:
            file = FileIO(self._path, "a+")
        except OSError as error:
            told = f"cannot open {self._path}: {error.strerror}; make its directory, and make it writable"
            raise Blocked(told, code="database.refused") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        return True

    def holder(self) -> int | None:
        """The process that has it; None when it has not said so yet."""
        try:
            return int(self._path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def claim_file(path: Path) -> FileLock:
    """The lock of whoever writes this database. A new file is for our own eyes: it holds the smoke tests' secrets."""
    lock = FileLock(path.with_name(path.name + ".lock"))
    if not lock.take(wait=False):
        pid = lock.holder()
        whose = f"process {pid}" if pid else "another process"
        raise Blocked(
            f"{path} is in use by {whose}: a SQLite file serves one controller. End that one first; "
            "two controllers side by side need PostgreSQL in TIDEGATE_DATABASE_URL",
            code="database.in_use",
        )
    path.touch(mode=0o600)
    return lock


def open_engine(url: URL, writes: bool, patience_seconds: float, connections: int = 1) -> Engine:
    """Python's own transaction handling is off (it opens none for SELECT): BEGIN is said here, and says what is
    meant."""
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience_seconds,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": patience_seconds},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        settings = ["foreign_keys=ON", "trusted_schema=OFF", "synchronous=FULL", "fullfsync=ON", "mmap_size=0"]
        settings += [f"cache_size=-{CACHE_KIB}"]
        settings += ["journal_mode=WAL"] if writes else ["query_only=ON", "wal_autocheckpoint=0"]
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Sqlite:
    is_ours_alone = True

    def __init__(self, url: URL, patience_seconds: float) -> None:
        self._path = file_of(url)
        self._patience_seconds = patience_seconds
        self._lock = claim_file(self._path)
        self._turn = threading.Lock()
        self._writer = open_engine(url, writes=True, patience_seconds=patience_seconds)
        self._readers = open_engine(url, writes=False, patience_seconds=patience_seconds, connections=READERS)
        try:
            with translated(f"opening {self._path}"), self._writer.connect():
                self._inode = self._path.stat().st_ino
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._check_file()
        with transaction(self._readers) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if not self._turn.acquire(timeout=self._patience_seconds):
            raise failure(BUSY, "waiting to write", f"another thread has been writing for {self._patience_seconds:g} s")
        try:
            self._check_file()
            with transaction(self._writer) as connection:
                yield connection
        finally:
            self._turn.release()

    def line(self) -> AbstractContextManager[Line]:
        raise NotImplementedError("SQLite serves one process: there is nobody to hear")

    def close(self) -> None:
        """Readers first: the last connection to close makes the final checkpoint, and that is the writer's."""
        is_our_turn = self._turn.acquire(timeout=self._patience_seconds)
        self._readers.dispose()
        self._writer.dispose()
        if is_our_turn:  # else somebody still writes, and nobody else may until this process has ended
            self._lock.let_go()
            self._turn.release()

    def _check_file(self) -> None:
        """An open file goes on working after it was deleted, and everything written to it would be lost."""
        try:
            is_there = self._path.stat().st_ino == self._inode
        except OSError:
            is_there = False
        if not is_there:
            raise failure(GONE, f"looking for {self._path}", "the file was deleted or replaced since it was opened")
