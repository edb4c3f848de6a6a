"""The whole of this GitHub: repositories, people, ids, and the events that have not left yet."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.github import deliveries
from sandbox.github.git.store import GitStore
from sandbox.github.people import People, Person
from sandbox.github.records import Records

FIRST_ID = 10_001


@dataclass
class Repository:
    """A repository: git, and what is remembered about it."""

    id: int
    owner: str
    name: str
    default_branch: str
    git: GitStore = field(repr=False)
    created_at: datetime
    pushed_at: datetime
    records: Records = field(default_factory=Records, repr=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class Event:
    """Something that Actions may hear of, and what its hooks shall get."""

    repository: Repository
    name: str
    action: str | None
    sender: Person
    payload: dict[str, Any] = field(repr=False)
    deliveries: list[deliveries.Prepared] = field(repr=False)


@dataclass
class State:
    """Only the desk's worker thread touches it (see `desk.py`).

    `origin` is this server's own address, written into everything that is sent out unasked.
    """

    directory: Path
    clock: Clock
    people: People
    origin: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    outbox: list[Event] = field(default_factory=list)
    tree_limit: int = 100_000
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_ID))

    def next_id(self) -> int:
        return next(self._ids)

    def now(self) -> datetime:
        return self.clock.now()

    def add_repository(self, full_name: str, default_branch: str) -> Repository:
        owner, name = full_name.split("/")
        git = GitStore(self.directory / owner / f"{name}.git", default_branch)
        now = self.now()
        repository = Repository(self.next_id(), owner, name, default_branch, git, now, now)
        self.repositories[full_name.lower()] = repository
        return repository

    def repository(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())

    def emit(self, repository: Repository, name: str, payload: dict[str, Any], sender: Person) -> None:
        """Note an event for the webhooks; it leaves after the call that caused it has ended."""
        prepared = deliveries.prepare(self, repository, name, payload)
        self.outbox.append(Event(repository, name, payload.get("action"), sender, payload, prepared))

    def deliver(self, repository: Repository, sender: Person, prepared: deliveries.Prepared) -> None:
        """Note one delivery to one hook: a ping, or something once more. Nothing new has happened."""
        delivery = prepared[1]
        self.outbox.append(Event(repository, "delivery", delivery.action, sender, delivery.payload, [prepared]))

    def take_events(self) -> list[Event]:
        taken, self.outbox = self.outbox, []
        return taken


def node_id(kind: str, number: int | str) -> str:
    """GitHub's older global id: base64 of the length of the type's name, the type and the number."""
    return base64.b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode()
