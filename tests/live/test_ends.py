"""However a process ends, deployments go on from their rows, and nothing is left running."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.live.conftest import users_of
from tests.support.live import Pair, a_pair
from tests.support.processes import gone

STOPPED = {0, -signal.SIGTERM}
"""uvicorn raises the signal again once it has finished; a shell calls that 143."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Pair]:
    with a_pair(tmp_path) as pair:
        pair.controller.settled(pair.sandbox.merge()["commit"])
        yield pair


def test_a_rollout_goes_on_when_the_controller_was_killed_while_traffic_was_split(fresh: Pair) -> None:
    with users_of(fresh) as users:
        merged = fresh.sandbox.merge()
        fresh.controller.reaches(merged["commit"], {"shift"})
        fresh.controller.child.kill()
        fresh.controller.start()
        deployed = fresh.controller.settled(merged["commit"])
        report = users.end()
    assert deployed["phase"] == "succeeded", deployed["reason"]
    assert report.by_version[merged["version"]] > 0
    assert report.failed == 0, report


def test_a_controller_that_is_asked_to_stop_ends_its_pass_first(fresh: Pair) -> None:
    merged = fresh.sandbox.merge()
    fresh.controller.reaches(merged["commit"], {"warm", "smoke", "shift"})
    assert fresh.controller.child.ask_to_stop(10.0) in STOPPED
    assert "controller stopped" in fresh.controller.child.last_lines()


def test_no_task_outlives_a_sandbox_that_is_killed(fresh: Pair) -> None:
    tasks = [psutil.Process(pid) for pid in fresh.sandbox.task_pids()]
    assert len(tasks) == 4
    fresh.sandbox.child.kill()
    assert gone(tasks) == []
    assert fresh.controller.child.ask_to_stop(10.0) in STOPPED
