"""Which processes a sandbox has started: a file that outlives it, so that none of them does.

One file per sandbox, `tasks-<pid>.ledger`, append-only: the first line is the sandbox itself, then
`+ pid started` for each task and `- pid` when it has ended. A process is known by its id *and* the time of
its start, since ids are used again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

PROCESSES = Path("/proc")


def started(pid: int) -> str | None:
    """When a process started, as an opaque text; None when there is no such process.

    >>> started(os.getpid()) == started(os.getpid())
    True
    """
    if PROCESSES.is_dir():
        try:
            stat = (PROCESSES / str(pid) / "stat").read_text(encoding="utf-8")
        except OSError:
            return None
        # proc(5): the 22nd field, counted after the name in parentheses, which may hold anything.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    asked = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words and a number
    return shown.stdout.strip() or None


class Ledger:
    """The file, as its own sandbox writes it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        pid = os.getpid()
        self.path = directory / f"tasks-{pid}.ledger"
        self.path.unlink(missing_ok=True)
        self._append(f"= {pid} {started(pid)}")

    def add(self, pid: int) -> None:
        self._append(f"+ {pid} {started(pid)}")

    def remove(self, pid: int) -> None:
        self._append(f"- {pid}")

    def close(self) -> None:
        self.path.unlink(missing_ok=True)

    def _append(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def owner(path: Path) -> int | None:
    """The process id of the sandbox that a ledger belongs to, if that still runs."""
    for sign, pid, when in _lines(path):
        if sign == "=":
            return pid if started(pid) == when else None
    return None


def listed(path: Path) -> dict[int, str]:
    """The tasks that have not ended as far as a ledger says: process id → start."""
    tasks: dict[int, str] = {}
    for sign, pid, when in _lines(path):
        if sign == "+":
            tasks[pid] = when
        elif sign == "-":
            tasks.pop(pid, None)
    return tasks


def clear(path: Path) -> list[int]:
    """Kill what a dead sandbox left behind, with all its children, and remove its ledger; whom it killed."""
    killed = [pid for pid, when in listed(path).items() if started(pid) in (when, None) and kill_group(pid)]
    path.unlink(missing_ok=True)
    return killed


def kill_group(pid: int) -> bool:
    """SIGKILL to a task and everything that it has started; whether there was anything left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
        return True
    return False


def _lines(path: Path) -> list[tuple[str, int, str]]:
    """(sign, process id, start); a line cut off by a crash is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    found = []
    for line in text.splitlines(keepends=True):
        sign, _, rest = line.rstrip("\n").partition(" ")
        pid, _, when = rest.partition(" ")
        if line.endswith("\n") and pid.isdecimal():
            found.append((sign, int(pid), when))
    return found
