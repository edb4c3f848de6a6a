"""A story, played: what people do, what the controllers do, and the time between gone in an instant."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from controller.domain.bindings import Binding
from controller.domain.delivery import PULL_REQUEST, Delivery
from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment
from controller.domain.errors import TidegateError
from controller.domain.orders import OrderKind, Wish
from controller.domain.people import Caller
from controller.domain.revision import Commit
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.polls import Polls
from controller.store import Store
from tests.exhaustive.process import Process
from tests.support.builders import a_binding
from tests.support.outside import Outside, VirtualTime
from tests.support.sites import Gate
from tests.support.stage import SWEEP, migrated_file
from tests.support.town import PROGRAM

LONGEST = timedelta(hours=2)
MOST_STEPS = 3000
DATABASE = "tidegate.db"
WAITING = """
    SELECT count(*) FROM deliveries WHERE state = 'received'
    UNION ALL SELECT count(*) FROM outbox WHERE due_at IS NOT NULL
    UNION ALL SELECT count(*) FROM orders WHERE state = 'received'
    UNION ALL SELECT count(*) FROM environments WHERE head_requested > head_seen
"""
"""What somebody has left, and the loop has not looked at."""

KEPT: list[Any] = []
"""Connections that belong to the process that this one was forked from: closing them here would end them there."""


@dataclass(frozen=True)
class Cue:
    """When `when` holds, somebody does `what`."""

    when: Callable[["Play"], bool]
    what: Callable[["Play"], None]


class NeverAtRest(AssertionError):
    """It went on and on."""


class Play:
    """`store` is for the people in the story and for those who check: it is no site, and no fault reaches it."""

    def __init__(self, directory: Path, binding: Binding | None = None) -> None:
        self.outside = Outside()
        self.time = VirtualTime(self.outside.clock)
        shutil.copy(migrated_file(), directory / DATABASE)
        self.store = Store(f"sqlite:///{directory / DATABASE}", self.time)
        self.database: Any = self.store._database
        self.binding = binding or a_binding()
        self.cues: list[Cue] = []
        self.told: list[tuple[str, str, Mapping[str, object]]] = []
        self.processes: list[Process] = []
        self.verbs: set[str] | None = None
        self.on_work: Callable[[Process], None] | None = None
        self.on_time: Callable[[], None] | None = None
        self.at_work: list[Process] = []
        """Whose code is running, the innermost last."""
        self._tokens = 0
        self._deliveries = 0

    # --- processes

    def start(self, gate: Gate, inherits: bool = False) -> Process:
        """A controller comes up. `inherits`: it knows that whoever held leases is dead."""
        process = Process(gate, self.outside, self.store, self.binding, self._token, self.told, self.verbs)
        if inherits:
            self.store.inherit()
        with self.store.write() as unit:
            unit.environments.ensure([self.binding.name])
        self.processes.append(process)
        self._working(process, process.start)
        return process

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def _working(self, process: Process, do: Callable[[], None]) -> None:
        """Let a process run. If it dies, the next one comes up in its place."""
        self.at_work.append(process)
        try:
            do()
        finally:
            self.at_work.pop()
        if process.gate.is_dead and process in self.processes:
            self.processes.remove(process)
            self.start(Gate(f"{process.gate.owner}'s successor"), inherits=True)

    def step(self) -> bool:
        """People first; then one piece of work; when there is none, time goes on. Whether anybody worked."""
        self.act()
        awake = [process for process in self.processes if process.is_up]
        for process in awake:
            self._working(process, process.ring)
        busy = [process for process in self.processes if process.is_up and process.pool.waiting]
        if busy:
            if self.on_work is not None:
                self.on_work(busy[0])
            self._working(busy[0], busy[0].work)
            return True
        due = [process.next_due() for process in self.processes if process.is_up]
        self.outside.clock.advance_to(max(min(due), self.outside.clock.now()))
        if self.on_time is not None:
            self.on_time()
        return False

    def act(self) -> None:
        while self.cues and self.cues[0].when(self):
            cue = self.cues.pop(0)
            cue.what(self)

    def run(self, until: Callable[[], bool], limit: timedelta = LONGEST) -> None:
        end, steps = self.outside.clock.now() + limit, 0
        while not until():
            if self.outside.clock.now() >= end or steps >= MOST_STEPS:
                raise NeverAtRest(f"not within {limit} and {MOST_STEPS} steps: {self.environment}")
            self.step()
            steps += 1

    def settle(self) -> None:
        """Until nobody has anything to do but to sweep."""
        self.run(lambda: self.is_at_rest)

    @property
    def is_at_rest(self) -> bool:
        if self.cues or not all(process.is_idle for process in self.processes if process.is_up):
            return False
        return not any(count for (count,) in self.rows(WAITING))

    def rows(self, *statements: str) -> list[tuple[Any, ...]]:
        """Of all statements, one after the other, in one picture."""
        with self.store.read() as unit:
            connection = unit.orders._transaction.connection
            return [tuple(row) for each in statements for row in connection.exec_driver_sql(each)]

    def sweep(self, times: int) -> None:
        """So many rounds in which there is nothing to do."""
        end = self.outside.clock.now() + SWEEP * times
        self.run(lambda: self.outside.clock.now() > end and self.is_at_rest)

    def sleep(self, process: Process, seconds: float, until: Callable[[], bool]) -> None:
        """The process stops where it is, in the middle of its work. Another one comes up, and works `until` then."""
        process.is_asleep = True
        self.outside.clock.advance(seconds)
        self.start(Gate("two"))
        self.run(until)
        process.is_asleep = False

    # --- people

    def push(self, *given: Any, **how: Any) -> None:
        """A commit and its webhook, to whichever process is up."""
        self.tell_of(self.outside.commit(*given, **how))

    def tell_of(self, commit: Commit) -> None:
        branch = self.binding.branch
        self._tell("push", None, f"refs/heads/{branch}", branch, commit.sha)

    def publish(self, tag: str) -> None:
        """A release of the newest commit, and its webhook."""
        self.outside.repository.publish(tag)
        self._tell("release", "published", f"refs/tags/{tag}")

    def propose(self, number: int) -> None:
        """The webhook of a pull request; what is written about it is no pass's doing."""
        self._tell(PULL_REQUEST, "opened", f"refs/pull/{number}/head", self.binding.branch)

    def _tell(
        self, event: str, action: str | None, ref: str, branch: str | None = None, commit: str | None = None
    ) -> None:
        self._deliveries += 1
        delivery = Delivery(
            id=f"delivery-{self._deliveries}",
            source="github",
            event=event,
            action=action,
            repository=self.binding.repository,
            ref=ref,
            branch=branch,
            commit=commit,
            body_sha256="0" * 64,
            received_at=self.outside.clock.now(),
        )
        self.deliver(delivery)

    def deliver(self, delivery: Delivery) -> None:
        """What the door does; a sender that is not answered 202 does not come again."""
        awake = [process for process in self.processes if process.is_up]
        if awake:
            self._working(awake[0], lambda: awake[0].guarded(lambda: _accepted(awake[0], delivery)))

    def order(self, kind: OrderKind, deployment: str | None = None, by: Caller = PROGRAM, **wish: Any) -> None:
        rights = Rights(Polls(self.outside.town, self.store), {self.binding.name: self.binding}, self.time)
        orders = Orders(self.store, self.time, rights, self._wake)
        wanted = {"wish": Wish(**wish)} if wish else {}
        orders.leave(kind, "dev", deployment, "because", by, **wanted)

    def _wake(self, name: str) -> None:
        for process in self.processes:
            if process.is_up:
                process.loop.wake(name)

    # --- what is so

    @property
    def environment(self) -> Environment:
        with self.store.read() as unit:
            return unit.environments.get("dev")

    def find(self, number: int) -> Deployment | None:
        with self.store.read() as unit:
            return unit.deployments.get(f"dev-{number}")

    def deployment(self, number: int) -> Deployment:
        found = self.find(number)
        assert found is not None, f"there is no dev-{number}"
        return found

    def phase(self, number: int) -> Phase | None:
        found = self.find(number)
        return found.phase if found else None

    def now(self) -> datetime:
        return self.outside.clock.now()

    # --- forks

    def checkpoint(self) -> None:
        """Put all that was written into the one file that `move` copies."""
        with self.database._writer.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def move(self, directory: Path) -> None:
        """In a forked child: go on with a copy of the database as the parent's last checkpoint left it."""
        old = self.database._path
        new = directory / DATABASE
        for suffix in ("", "-wal", "-shm"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)
        shutil.copy(old, new)
        for engine in (self.database._writer, self.database._readers):
            KEPT.append(engine.pool)
            engine.dispose(close=False)

            @event.listens_for(engine, "do_connect")
            def elsewhere(_dialect: Any, _record: Any, given: list[Any], _named: Any) -> None:
                given[0] = str(new)

        self.database._path = new
        self.database._inode = new.stat().st_ino


def _accepted(process: Process, delivery: Delivery) -> None:
    try:
        process.inbox.accept(delivery)
    except TidegateError:
        return
