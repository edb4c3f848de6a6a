"""What processes use, as `/proc` tells."""

import os
from pathlib import Path

import pytest

from sandbox.clock import VirtualClock
from sandbox.runtime.meters import Meters
from sandbox.world.ports import Usage

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def process(proc: Path, pid: int, seconds: float, mebibytes: float) -> None:
    """A program whose name is as awkward as names get."""
    spent, pages = round(seconds * TICKS), round(mebibytes * 1024 * 1024 / PAGE)
    before = ["R", "1", "1", "1", "0", "-1", "0", "0", "0", "0", "0"]
    fields = [*before, str(spent // 2), str(spent - spent // 2), "0", "0", "20", "0", "1", "0", "5", "99", str(pages)]
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(f"{pid} (a) (b) {' '.join(fields)} 0\n")


def test_cores_are_what_was_spent_since_the_last_reading(tmp_path: Path) -> None:
    clock = VirtualClock()
    meters = Meters(clock, tmp_path)
    process(tmp_path, 7, seconds=100.0, mebibytes=64)
    assert meters.read("task", [7]) == Usage(0.0, 64.0)
    process(tmp_path, 7, seconds=103.0, mebibytes=96)
    clock.advance(6)
    assert meters.read("task", [7]) == Usage(0.5, 96.0)


def test_a_tasks_processes_count_together_and_one_that_is_gone_counts_no_more(tmp_path: Path) -> None:
    clock = VirtualClock()
    meters = Meters(clock, tmp_path)
    process(tmp_path, 7, seconds=0.0, mebibytes=64)
    assert meters.read("task", [7, 8]).mebibytes == 64.0
    assert meters.read("other", []) == Usage()


def test_a_task_that_has_ended_is_forgotten(tmp_path: Path) -> None:
    clock = VirtualClock()
    meters = Meters(clock, tmp_path)
    process(tmp_path, 7, seconds=5.0, mebibytes=64)
    meters.read("task", [7])
    meters.forget("task")
    clock.advance(1)
    process(tmp_path, 7, seconds=6.0, mebibytes=64)
    assert meters.read("task", [7]).cores == 0.0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells in /proc")
def test_this_very_process_uses_memory() -> None:
    assert Meters(VirtualClock()).read("task", [os.getpid()]).mebibytes > 1
