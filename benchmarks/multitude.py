"""A history as years of work leave it, made quickly: rows of the store's own, put into the tables in bulk."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from controller.adapters.clock import SystemClock
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.revision import Author, Commit, Revision
from controller.domain.search import terms_of
from controller.domain.secret import Secret
from controller.domain.summary import Before, summary_of
from controller.store import Store
from controller.store.bodies import SUMMARIES
from controller.store.columns import spelled
from controller.store.deployments import line_of, to_row
from controller.store.postings import BLOCK, block_of, pack
from controller.store.revisions import to_row as revision_row

BEGUN = datetime(2023, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)

ENVIRONMENTS: Mapping[str, int] = {"dev": 45, "staging": 28, "prod": 20, "demo": 4, "sandbox": 2, "eu-prod": 1}
"""Name → share. `museum` has a few of the oldest alone."""

MUSEUM = "museum"
PHASES: Mapping[Phase, int] = {
    Phase.SUCCEEDED: 780,
    Phase.SUPERSEDED: 120,
    Phase.ROLLED_BACK: 50,
    Phase.FAILED: 30,
    Phase.ABORTED: 15,
    Phase.REJECTED: 4,
    Phase.EXPIRED: 1,
}
KINDS: Mapping[Kind, int] = {Kind.DEPLOY: 940, Kind.ROLLBACK: 40, Kind.CORRECT: 19, Kind.PRUNE: 1}
SERVICES = {name: ("backend", "frontend", f"ledger-of-{name}") for name in (*ENVIRONMENTS, MUSEUM)}
"""The third of each environment is in no other one: common, and never together with another environment."""

LOGINS = tuple(f"person-{number}" for number in range(400))
PIONEER = "pioneer"
"""Made a few of the oldest, and nothing since."""

WORDS = tuple(
    f"{first}{last}"
    for first in ("pay", "cap", "ton", "led", "log", "sig", "que", "ret", "for", "bac", "wor", "mig", "sch", "lim")
    for last in ("ment", "tion", "ger", "nal", "ue", "ry", "mat", "end", "ker", "rate", "ema", "it", "ing", "er")
)
"""The first ones are common, the last ones rare: each is as frequent as its place is low."""

FILE = """\
environment: {environment}
branch: {environment}
services:
  backend:
    image: {{repository: made-backend, tag: "{{sha}}"}}
    port: 8000
    task: {{cpu: 256, memory: 512}}
    count: 1
"""


@dataclass(frozen=True)
class Made:
    """One deployment, and the number of its row."""

    seq: int
    deployment: Deployment
    services: tuple[str, ...]
    before: Before | None


class Multitude:
    """`count` deployments, the same for the same seed, oldest first."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self._seed = count, seed
        self._commits = max(20, count // 50)

    def revisions(self) -> Iterator[Revision]:
        chance = Random(self._seed)
        for name in (*ENVIRONMENTS, MUSEUM):
            for number in range(self._commits):
                yield self._revision(name, number, chance)

    def _revision(self, environment: str, number: int, chance: Random) -> Revision:
        sha = f"{chance.getrandbits(160):040x}"
        picked = [WORDS[min(int(chance.paretovariate(0.7)) - 1, len(WORDS) - 1)] for _ in range(6)]
        login = LOGINS[min(int(chance.paretovariate(0.8)) - 1, len(LOGINS) - 1)]
        author = Author(1, PIONEER if number < 2 and environment == MUSEUM else login, login)
        message = f"{' '.join(picked).capitalize()} (PAY-{number})"
        commit = Commit(sha, sha, message, (author,), BEGUN)
        images = {"backend": f"made-backend@sha256:{sha}{sha[:24]}"}
        return Revision(environment, environment, commit, FILE.format(environment=environment), BEGUN, images)

    def deployments(self) -> Iterator[Made]:
        chance = Random(self._seed + 1)
        of = {name: [each for each in self.revisions() if each.environment == name] for name in (*ENVIRONMENTS, MUSEUM)}
        numbers = dict.fromkeys(of, 0)
        lives: dict[str, Before] = {}
        names = list(ENVIRONMENTS)
        for seq in range(1, self.count + 1):
            is_old = seq <= self.count // 20
            name = MUSEUM if is_old and chance.random() < 0.01 else _one_of(ENVIRONMENTS, chance)
            assert name in names or name == MUSEUM
            numbers[name] += 1
            place = min(len(of[name]) - 1, len(of[name]) * seq // self.count + chance.randrange(3))
            deployment = self._deployment(name, numbers[name], of[name][place], seq, chance)
            moved = tuple(service for service in SERVICES[name] if chance.random() < 0.6)
            yield Made(seq, deployment, moved, lives.get(name))
            if deployment.phase is Phase.SUCCEEDED:
                lives[name] = Before(deployment.id, deployment.revision.version)

    def _deployment(self, name: str, number: int, revision: Revision, seq: int, chance: Random) -> Deployment:
        phase, at = _one_of(PHASES, chance), BEGUN + YEARS * (seq / self.count)
        waited, moved = timedelta(seconds=chance.randrange(9000)), timedelta(seconds=chance.randrange(60, 3000))
        reason = Reason(f"deployment.{phase}", f"it came to {phase.words}, {chance.choice(WORDS)}")
        return Deployment(
            id=f"{name}-{number}",
            number=number,
            environment=name,
            kind=_one_of(KINDS, chance),
            phase=phase,
            reason=reason,
            revision=revision,
            secret=Secret("made"),
            created_at=at,
            started_at=at + waited,
            finished_at=at + waited + moved,
            requester=Person(2, chance.choice(LOGINS)) if chance.random() < 0.1 else None,
        )


def _one_of(shares: Mapping[Any, int], chance: Random) -> Any:
    return chance.choices(tuple(shares), tuple(shares.values()))[0]


def rows(multitude: Multitude) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Each row, and its terms."""
    for made in multitude.deployments():
        deployment = made.deployment
        summary = replace(summary_of(deployment, made.before), services=made.services, strategy="canary")
        values = to_row(deployment) | {"seq": made.seq, "version": 0, "summarized": 0}
        values["summary"] = SUMMARIES.dump(summary)
        yield values, terms_of(line_of(made.seq, deployment, summary))


def fill(url: str, multitude: Multitude) -> None:
    """The tables are there, and empty."""
    store = Store(url, SystemClock())
    with store.write() as unit:
        unit.environments.ensure([*ENVIRONMENTS, MUSEUM])
    store.close()
    put: _Bulk = _Sqlite(url) if url.startswith("sqlite") else _Postgres(url)
    put.all("revisions", [_plain(revision_row(revision)) for revision in multitude.revisions()])
    batch: list[dict[str, Any]] = []
    terms: dict[str, int] = {}
    block = 0
    for values, found in rows(multitude):
        if block_of(values["seq"]) != block:
            put.all("deployments", batch)
            put.all("terms", _packed(terms, block))
            batch, terms, block = [], {}, block_of(values["seq"])
        batch.append(_plain(values))
        for term in found:
            terms[term] = terms.get(term, 0) | 1 << values["seq"] % BLOCK
    put.all("deployments", batch)
    put.all("terms", _packed(terms, block))
    put.finish()


def _packed(terms: Mapping[str, int], block: int) -> list[dict[str, Any]]:
    return [{"term": term, "block": block, "rows": pack(rows)} for term, rows in terms.items()]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else None if value is None else _text(value)
        for name, value in values.items()
    }


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


class _Bulk:
    def all(self, table: str, found: Sequence[Mapping[str, Any]]) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        raise NotImplementedError


class _Sqlite(_Bulk):
    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(Path(url.removeprefix("sqlite:///")))
        self._connection.execute("PRAGMA synchronous=OFF")

    def all(self, table: str, found: Sequence[Mapping[str, Any]]) -> None:
        if found:
            names = tuple(found[0])
            places = ", ".join("?" * len(names))
            values = [[spelled(each) if isinstance(each, datetime) else each for each in row.values()] for row in found]
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", values)
            self._connection.commit()

    def finish(self) -> None:
        self._connection.close()


class _Postgres(_Bulk):
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)

    def all(self, table: str, found: Sequence[Mapping[str, Any]]) -> None:
        if found:
            names = sql.SQL(", ").join(map(sql.Identifier, found[0]))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in found:
                    copy.write_row(tuple(row.values()))

    def finish(self) -> None:
        """As it would be after a night: counted, and its map of what everybody can see is drawn."""
        self._connection.execute(
            "SELECT setval(pg_get_serial_sequence('deployments', 'seq'), max(seq)) FROM deployments"
        )
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE")
        self._connection.close()
