"""How long an environment stands still when its controller is killed, and when it is asked to stop."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most
from benchmarks.watched import WatchedSandbox
from tests.support.database import running_postgres
from tests.support.live import LiveController, SandboxDoor
from tests.support.processes import free_port, until

LIMIT_SECONDS = 75.0
HOW = (
    "Two `tidegate serve` on one PostgreSQL, a sandbox, a rolling deployment. Whoever holds dev's lease gets SIGKILL\n"
    "(or SIGTERM) while it warms or shifts; the time is from then until the other's first changing call reaches AWS."
)


@dataclass
class Two:
    sandbox: WatchedSandbox
    door: SandboxDoor
    both: list[LiveController]
    database: str

    def holder(self) -> LiveController | None:
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT lease_owner FROM environments WHERE name = 'dev'").fetchone()
        pid = int(row[0].split(":")[-2]) if row and row[0] else None
        return next((one for one in self.both if one.child.pid == pid), None)

    def changes(self) -> int:
        return sum(call.mutating and call.service not in {"sts", "ecr"} for call in self.sandbox.calls())


def run(given: Given) -> Result:
    with two_controllers(given) as two:
        killed = [_stood_still(two, kills=True) for _ in range(given.kills)]
        stopped = [_stood_still(two, kills=False) for _ in range(given.kills)]
    return Result(
        f"Takeover, {given.kills} times each",
        HOW,
        (
            Figure("after SIGKILL: each", ", ".join(amount(seconds, "s") for seconds in killed)),
            at_most("after SIGKILL: most", max(killed), LIMIT_SECONDS, "s"),
            Figure("after SIGTERM: each", ", ".join(amount(seconds, "s") for seconds in stopped)),
        ),
    )


def _stood_still(two: Two, kills: bool) -> float:
    merged = two.door.merge()["commit"]
    two.both[0].reaches(merged, {"warm", "shift"})
    holder = until("somebody holds dev", two.holder, [one.child for one in two.both], 30)
    heir = next(one for one in two.both if one is not holder)
    began = time.monotonic()
    if kills:
        holder.child.kill()
    else:
        holder.child.ask_to_stop()
    before = two.changes()
    heir.until("the other one changes something", lambda: two.changes() > before, 120)
    took = time.monotonic() - began
    assert heir.settled(merged)["phase"] == "succeeded"
    holder.start()
    two.both[0].until("dev is at rest", lambda: two.both[0].environment()["deployment"] is None)
    return took


@contextmanager
def two_controllers(given: Given) -> Iterator[Two]:
    database, port = running_postgres().wiped_database(), free_port()
    with ExitStack() as ends:
        sandbox = WatchedSandbox(_made(given.directory), f"http://127.0.0.1:{port}/webhooks", given.seed)
        ends.callback(sandbox.close)
        door = SandboxDoor(sandbox.endpoints)
        ends.callback(door.close)
        both = []
        for name, where in (("first", port), ("second", free_port())):
            directory = _made(given.directory / name)
            both.append(LiveController(directory, where, sandbox.endpoints, TIDEGATE_DATABASE_URL=database))
            ends.callback(both[-1].close)
        yield Two(sandbox, door, both, database)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory
