"""Two controllers on one PostgreSQL share the work; on a SQLite file the second one says why it does not start."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from controller.store.schema import migrate
from controller.store.sqlite import claim_file
from tests.support.database import PostgresServer, postgres
from tests.support.live import LiveController, LiveSandbox
from tests.support.processes import Child, free_port, until

__all__ = ["postgres"]

SECRET = "sixteen-characters-or-more"
BINDINGS = """\
environments:
  dev:
    repository: acme/captioncraft
    branch: develop
    aws: {account: "123456789012", region: eu-west-1, stack: captioncraft-dev}
"""
AT_ONCE_SECONDS = 15.0
"""On a machine with nothing else to do it is one. A lease that was not given back would take 55, and 15 more."""


@dataclass
class Two:
    """GitHub knows the first one only."""

    sandbox: LiveSandbox
    first: LiveController
    second: LiveController
    database: str

    def holder(self) -> LiveController | None:
        """Whose lease dev is under."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT lease_owner FROM environments WHERE name = 'dev'").fetchone()
        pid = int(row[0].split(":")[-2]) if row and row[0] else None
        return next((one for one in (self.first, self.second) if one.child.pid == pid), None)

    def other(self, controller: LiveController) -> LiveController:
        return self.second if controller is self.first else self.first


@pytest.fixture
def two(tmp_path: Path, postgres: PostgresServer) -> Iterator[Two]:
    database, port = postgres.wiped_database(), free_port()
    settings = {"TIDEGATE_DATABASE_URL": database, "TIDEGATE_SWEEP_SECONDS": "600"}
    sandbox = LiveSandbox(tmp_path, f"http://127.0.0.1:{port}/webhooks/github")
    started: list[LiveController] = []
    try:
        for name, where in (("first", port), ("second", free_port())):
            (tmp_path / name).mkdir()
            started.append(LiveController(tmp_path / name, where, sandbox.endpoints, **settings))
        yield Two(sandbox, *started, database)
    finally:
        for controller in started:
            controller.close()
        sandbox.child.ask_to_stop()
        sandbox.close()


def test_what_one_begins_another_finishes_and_what_one_hears_another_does(two: Two) -> None:
    """No sweep comes to help: it is ten minutes away."""
    merged = two.sandbox.merge()["commit"]
    two.first.reaches(merged, {"warm", "smoke", "shift"})
    holder: Any = until("somebody holds dev", two.holder, [two.first.child, two.second.child], AT_ONCE_SECONDS)
    heir = two.other(holder)
    holder.child.ask_to_stop()
    heir.until("the other one goes on at once", lambda: two.holder() is heir, AT_ONCE_SECONDS)
    assert heir.settled(merged)["phase"] == "succeeded"
    holder.start()
    bad = two.sandbox.merge(fault="smoke")["commit"]
    running = heir.reaches(bad, {"register", "warm", "smoke"})
    busy: Any = until("somebody holds dev", two.holder, [two.first.child, two.second.child], AT_ONCE_SECONDS)
    two.other(busy)._http.post(
        "/api/v1/environments/dev/orders",
        json={"order": "abort", "deployment": running["id"], "reason": "left where nobody can act on it"},
    ).raise_for_status()
    assert busy.settled(bad, seconds=AT_ONCE_SECONDS)["phase"] in {"aborted", "rolled_back"}


def refused(directory: Path, database: str) -> tuple[int, str]:
    """`tidegate serve` on a database that it cannot have: its exit code, and what it says."""
    config, log = directory / "tidegate.yaml", directory / "refused.log"
    config.write_text(BINDINGS)
    child = Child(
        "refused",
        ["controller", "serve"],
        log,
        {
            "TIDEGATE_CONFIG": str(config),
            "TIDEGATE_DATABASE_URL": database,
            "TIDEGATE_PORT": "0",
            "TIDEGATE_GITHUB_TOKEN": "token",
            "TIDEGATE_GITHUB_WEBHOOK_SECRETS": SECRET,
            "TIDEGATE_API_TOKEN": SECRET,
            "TIDEGATE_AUDIT_KEYS": SECRET,
        },
    )
    until("it gives up", lambda: not child.is_running, [child], 30, may_end=True)
    code = child.ask_to_stop()
    return code, log.read_text(encoding="utf-8")


def test_a_second_one_on_a_file_says_which_file_who_has_it_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "tidegate.db"
    migrate(f"sqlite:///{path}")
    lock = claim_file(path)
    try:
        code, said = refused(tmp_path, f"sqlite:///{path}")
    finally:
        lock.let_go()
    assert code == 1
    assert said == (
        f"{path} is in use by process {os.getpid()}: a SQLite file serves one controller. End that one first; "
        "two controllers side by side need PostgreSQL in TIDEGATE_DATABASE_URL\n"
    )


def test_a_database_that_is_not_there_ends_the_start_with_a_sentence(tmp_path: Path, postgres: PostgresServer) -> None:
    code, said = refused(tmp_path, postgres.url("nosuchdatabase"))
    assert code == 1
    assert 'database "nosuchdatabase" does not exist; check the address, name and password' in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


def test_a_server_that_is_not_there_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        code, said = refused(tmp_path, f"postgresql://tidegate:hunter2@127.0.0.1:{port}/tidegate")
    assert code == 1
    assert "refused" in said and "hunter2" not in said and "Traceback" not in said
