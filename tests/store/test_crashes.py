"""Writers that are killed, as processes of their own: what they said was stored is stored, and nothing by halves."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.store import Store
from tests.support.database import MovedClock

ROOT = Path(__file__).parents[2]


@contextmanager
def writer(database: str, how: str) -> Iterator[subprocess.Popen[str]]:
    """It is killed at the end of the block, wherever it is then."""
    command = [sys.executable, "-m", "tests.store.writer", database, how]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def stored(database: str, clock: MovedClock) -> tuple[list[str], list[str], list[str]]:
    """Numbers of deliveries, messages and lines of audit, each in the order in which they were written."""
    store = Store(database, clock)
    with store.read() as unit:
        deliveries = [delivery.id for delivery in unit.deliveries.received(10_000)]
        messages = [row["key"] for row in unit.outbox._transaction.rows(text("SELECT key FROM outbox ORDER BY seq"))]
        lines = [entry.text for entry in reversed(unit.audit.page(limit=10_000).items)]
    store.close()
    return deliveries, messages, lines


@pytest.mark.parametrize("told", [1, 25])
def test_every_commit_that_was_told_of_outlives_a_kill(database: str, clock: MovedClock, told: int) -> None:
    with writer(database, "commits") as process:
        for number in range(told):
            assert said(process) == str(number)
    deliveries, messages, lines = stored(database, clock)
    assert deliveries == messages == lines == [str(number) for number in range(len(lines))]
    assert len(lines) >= told


def test_a_unit_that_was_killed_in_the_middle_was_never_there(database: str, clock: MovedClock) -> None:
    with writer(database, "hangs") as process:
        assert said(process) == "open"
    assert stored(database, clock) == ([], [], [])


def test_a_killed_writer_leaves_no_lock(database: str, clock: MovedClock) -> None:
    with writer(database, "hangs") as process:
        assert said(process) == "open"
    store = Store(database, clock)
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    store.close()
