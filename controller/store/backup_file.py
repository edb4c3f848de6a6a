"""The file of a backup: lines of JSON, compressed, the same from either database.

    {"tidegate": "backup", "format": 1, "schema": "0003", "taken_at": "…", "program": "0.1.0", "tables": {"…": 2}}
    {"table": "revisions", "columns": ["environment", "sha", …]}
    ["dev", "4f2c…", …]
    …
    {"sha256": "…"}

The last line is the checksum of every line before it: a file that is cut off has none. It can only be known at the end,
because rows are written as they are read, and never held all at once.
"""

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from controller.domain.errors import Blocked

FORMAT = 1
BATCH = 500
"""So many rows are in memory at the same moment."""

WEAK_COMPRESSION = 3
"""Most of what more would bring, in a third of the time."""


@dataclass(frozen=True)
class Header:
    """`schema` is the migration that the tables were at, `taken_at` RFC 3339, `program` the Tidegate that wrote it;
    `tables` counts rows, in an order in which they can be stored."""

    schema: str
    taken_at: str
    program: str
    tables: Mapping[str, int]


@dataclass(frozen=True)
class Batch:
    """Some rows of one table: times are RFC 3339, documents are what JSON makes of them."""

    table: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Rows:
    """A table on its way into a file; each row has the columns' values in their order."""

    table: str
    columns: Sequence[str]
    values: Iterable[Sequence[Any]]


def write(path: Path, header: Header, tables: Iterable[Rows]) -> str:
    """The checksum. The file is there only when it is whole and on the disk, and only its owner may read it.

    `Blocked` when there is one already, or it can't be written.
    """
    if path.exists():
        raise Blocked(f"{path} exists already: a backup never replaces another; name a new file", code="backup.exists")
    with _refused(f"writing {path}"):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                digest = _write(file, header, tables)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).rename(path)
            _sync_directory(path.parent)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    return digest


def _write(file: IO[bytes], header: Header, tables: Iterable[Rows]) -> str:
    digest = hashlib.sha256()
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=WEAK_COMPRESSION, mtime=0) as packed:

        def say(value: object) -> None:
            line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            packed.write(line)

        say({"tidegate": "backup", "format": FORMAT, **asdict(header)})
        for table in tables:
            say({"table": table.table, "columns": list(table.columns)})
            for values in table.values:
                say(list(values))
        told = digest.hexdigest()
        say({"sha256": told})
    return told


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> Iterator[Header | Batch]:
    """First the header, then every row. Whoever reads to the end has read exactly what was written: anything else is
    `Blocked` with `backup.damaged`, at the latest there."""
    with _refused(f"reading {path}"), path.open("rb") as file, gzip.GzipFile(fileobj=file, mode="rb") as packed:
        try:
            yield from _Reading(packed).everything()
        except (EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError, _Damage) as error:
            told = str(error) if isinstance(error, _Damage) else "it is cut off, or not a backup"
            text = f"{path} is not whole: {told}; take another backup, or another copy of this one"
            raise Blocked(text, code="backup.damaged") from error


def check(path: Path) -> tuple[Header, str]:
    """What the file says of itself, once every line of it was read, and its checksum; `Blocked` when it is damaged."""
    found = read(path)
    header = next(found)
    assert isinstance(header, Header), "a backup begins with its header"
    for _ in found:
        pass
    return header, checksum(path)


def checksum(path: Path) -> str:
    """SHA-256 of the file as it lies there, for people who copy it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Damage(Exception):
    """What is wrong with the file, for people."""


class _Reading:
    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed
        self._digest = hashlib.sha256()
        self._counts: dict[str, int] = {}

    def everything(self) -> Iterator[Header | Batch]:
        header = self._header()
        yield header
        table, columns = "", list[str]()
        rows: list[Mapping[str, Any]] = []
        while True:
            line, before = self._line()
            if isinstance(line, list):
                rows.append(dict(zip(columns, line, strict=True)))
                if len(rows) < BATCH:
                    continue
            if rows:
                yield self._batch(table, rows)
                rows = []
            if isinstance(line, dict) and "sha256" in line:
                break
            if isinstance(line, dict):
                table, columns = line["table"], line["columns"]
        self._insist_on_the_end(header, line["sha256"], before)

    def _header(self) -> Header:
        line, _ = self._line()
        if not isinstance(line, dict) or line.get("tidegate") != "backup":
            raise _Damage("it does not begin as a backup of Tidegate's")
        if line["format"] != FORMAT:
            raise _Damage(f"it has format {line['format']}, and this Tidegate reads format {FORMAT}")
        return Header(line["schema"], line["taken_at"], line["program"], line["tables"])

    def _line(self) -> tuple[Any, str]:
        """The next line, and the checksum of all before it."""
        before = self._digest.hexdigest()
        line = self._packed.readline()
        if not line.endswith(b"\n"):
            raise _Damage("it is cut off")
        self._digest.update(line)
        return json.loads(line), before

    def _batch(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Batch:
        self._counts[table] = self._counts.get(table, 0) + len(rows)
        return Batch(table, rows)

    def _insist_on_the_end(self, header: Header, promised: str, found: str) -> None:
        if promised != found:
            raise _Damage("its checksum is another one: something in it was changed")
        if self._packed.read(1):
            raise _Damage("something follows its end")
        if {**dict.fromkeys(header.tables, 0), **self._counts} != dict(header.tables):
            raise _Damage(f"it holds {self._counts} rows, and says that it holds {dict(header.tables)}")


@contextmanager
def _refused(doing: str) -> Iterator[None]:
    try:
        yield
    except gzip.BadGzipFile:
        raise
    except OSError as error:
        text = f"{doing}: {error.strerror or error}; check that the place exists, has room, and is yours"
        raise Blocked(text, code="backup.unreadable") from error
