"""What processes use of this machine, as Linux tells in `/proc`; elsewhere nothing is known, and none is used.

A container's first process stands for all of it: an image of the sandbox starts no others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sandbox.clock import Clock
from sandbox.world.ports import Usage

PROC = Path("/proc")
USER_TIME, SYSTEM_TIME, RESIDENT = 11, 12, 21
"""Fields of `/proc/PID/stat`, counted from the one after the name: clock ticks, and pages. proc_pid_stat(5)"""
BYTES_PER_MEBIBYTE = 1024 * 1024


class Meters:
    """Cores are measured from one reading of a task to the next; the first one starts at nothing."""

    def __init__(self, clock: Clock, proc: Path = PROC) -> None:
        self._clock = clock
        self._proc = proc
        self._before: dict[str, tuple[float, float]] = {}

    def read(self, task_id: str, pids: Iterable[int]) -> Usage:
        found = [self._of(pid) for pid in pids]
        at, seconds = self._clock.monotonic(), sum(spent for spent, _ in found)
        before_at, before = self._before.get(task_id, (at, seconds))
        self._before[task_id] = at, seconds
        cores = max(0.0, seconds - before) / (at - before_at) if at > before_at else 0.0
        return Usage(cores, sum(resident for _, resident in found) / BYTES_PER_MEBIBYTE)

    def forget(self, task_id: str) -> None:
        self._before.pop(task_id, None)

    def _of(self, pid: int) -> tuple[float, float]:
        """Seconds of processor time, and bytes of memory; a process that is gone has neither."""
        try:
            text = (self._proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 0.0, 0.0
        fields = text.rpartition(")")[2].split()
        ticks = int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])
        return ticks / os.sysconf("SC_CLK_TCK"), float(int(fields[RESIDENT]) * os.sysconf("SC_PAGE_SIZE"))
