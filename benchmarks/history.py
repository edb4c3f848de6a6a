"""Any page of a long history: what the store takes for it, by what is asked for, on both databases."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psycopg

from benchmarks.given import Given
from benchmarks.multitude import LOGINS, MUSEUM, PIONEER, WORDS, Multitude, fill
from benchmarks.table import Figure, Result, amount, percentile
from controller.adapters.clock import SystemClock
from controller.domain.search import read_search
from controller.store import Store
from controller.store.cursor import cursor
from controller.store.deployments import TABLE
from controller.store.schema import migrate
from tests.support.database import running_postgres

ASKED = 30
ROWS = 25
LIMIT_MS = 50.0
HOW = (
    f"A page of {ROWS} from the store, {ASKED} times of each kind with other names and words each time: by turns the"
    " first page, one from the middle and one from the last hundredth. A time is that of one transaction."
)


@dataclass(frozen=True)
class Asks:
    """A kind of search, and how one of it is made."""

    kind: str
    make: Callable[[Random, "Known"], Mapping[str, str]]


@dataclass(frozen=True)
class Known:
    """Something of the made history that can be asked for."""

    rows: int
    shas: tuple[str, ...]
    ids: tuple[str, ...]


MIX: tuple[Asks, ...] = (
    Asks("nothing", lambda *_: {}),
    Asks("environment", lambda chance, _: {"environment": chance.choice(("dev", "prod", "eu-prod"))}),
    Asks(
        "environment, phase", lambda chance, _: {"environment": "prod", "phase": chance.choice(("succeeded", "failed"))}
    ),
    Asks("a rare phase", lambda *_: {"phase": "expired"}),
    Asks("a rare kind", lambda *_: {"kind": "prune", "environment": "dev"}),
    Asks("service", lambda chance, _: {"service": chance.choice(("backend", "ledger-of-dev"))}),
    Asks("common actor", lambda chance, _: {"actor": chance.choice(LOGINS[:5])}),
    Asks("rare actor", lambda chance, _: {"actor": chance.choice(LOGINS[200:])}),
    Asks("actor of old", lambda *_: {"actor": PIONEER}),
    Asks("environment of old", lambda *_: {"environment": MUSEUM, "kind": "deploy"}),
    Asks("nobody", lambda chance, _: {"actor": f"nobody-{chance.random()}"}),
    Asks("common word", lambda chance, _: {"text": chance.choice(WORDS[:3])}),
    Asks("rare word", lambda chance, _: {"text": chance.choice(WORDS[100:])}),
    Asks("two words", lambda chance, _: {"text": " ".join(chance.sample(WORDS[:40], 2))}),
    Asks("ticket", lambda chance, known: {"text": f"PAY-{chance.randrange(known.rows // 50)}"}),
    Asks("commit", lambda chance, known: {"text": chance.choice(known.shas)[:7]}),
    Asks("id", lambda chance, known: {"text": chance.choice(known.ids)}),
    Asks("common, never together", lambda *_: {"environment": "prod", "service": "ledger-of-dev"}),
    Asks("common words elsewhere", lambda *_: {"environment": MUSEUM, "text": WORDS[0], "phase": "succeeded"}),
    Asks("a day", lambda chance, _: {"since": (day := _day(chance)), "until": day}),
    Asks(
        "months, phase, service",
        lambda *_: {"since": "2024-02-10", "until": "2024-08-03", "phase": "failed", "service": "backend"},
    ),
    Asks("before the first", lambda *_: {"until": "2022-01-01", "environment": "dev"}),
    Asks(
        "everything at once",
        lambda chance, _: {
            "environment": "dev",
            "phase": "succeeded",
            "kind": "deploy",
            "service": "backend",
            "actor": chance.choice(LOGINS[:5]),
            "text": WORDS[0],
            "since": "2023-03-04T05:06:07Z",
        },
    ),
)


def _day(chance: Random) -> str:
    return f"{chance.randrange(2023, 2026)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"


def run(given: Given) -> Result:
    """SQLite, then PostgreSQL."""
    multitude = Multitude(given.searched, given.seed)
    given.directory.mkdir(parents=True, exist_ok=True)
    figures = [*_on_sqlite(given.directory / "history.db", multitude, given.seed), *_on_postgres(multitude, given.seed)]
    return Result(f"Searching {given.searched:,} deployments", HOW, tuple(figures))


def _on_sqlite(file: Path, multitude: Multitude, seed: int) -> Iterator[Figure]:
    url = f"sqlite:///{file}"
    yield from _measured("SQLite", url, multitude, seed, lambda: file.stat().st_size)
    file.unlink()


def _on_postgres(multitude: Multitude, seed: int) -> Iterator[Figure]:
    server = running_postgres()
    name = server.make_database()

    def size() -> int:
        with psycopg.connect(server.url(name)) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0

    yield from _measured("PostgreSQL", server.url(name), multitude, seed, size)
    server.drop_database(name)


def _measured(called: str, url: str, multitude: Multitude, seed: int, size: Callable[[], int]) -> Iterator[Figure]:
    began = time.perf_counter()
    migrate(url)
    fill(url, multitude)
    filled = time.perf_counter() - began
    store, chance, known = Store(url, SystemClock()), Random(seed), _known(multitude)
    every: list[float] = []
    for asks in MIX:
        took = [_timed(store, asks.make(chance, known), number, multitude.count) for number in range(ASKED)]
        every += took
        yield Figure(f"{called}, {asks.kind}: p50, p95, max", _told(took))
    store.close()
    slowest = percentile(every, 95)
    limit = f"p95 at most {LIMIT_MS:g} ms"
    yield Figure(f"{called}, all of them: p50, p95, max", _told(every), limit, slowest <= LIMIT_MS)
    yield Figure(f"{called}: size, time to make it", f"{size() / 1e6:,.0f} MB, {filled:,.0f} s")


def _known(multitude: Multitude) -> Known:
    shas = tuple(revision.commit.sha for revision, _ in zip(multitude.revisions(), range(1000), strict=False))
    return Known(multitude.count, shas, tuple(f"dev-{number}" for number in range(1, max(2, multitude.count // 4))))


def _timed(store: Store, asked: Mapping[str, str], number: int, rows: int) -> float:
    """Milliseconds."""
    after = (None, cursor(TABLE, rows // 2 + 1), cursor(TABLE, rows // 100 + 1))[number % 3]
    began = time.perf_counter()
    with store.read() as unit:
        unit.history.page(read_search(asked), ROWS, after)
    return (time.perf_counter() - began) * 1000


def _told(took: list[float]) -> str:
    return ", ".join(amount(value, "ms") for value in (percentile(took, 50), percentile(took, 95), max(took)))
