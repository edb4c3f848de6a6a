"""Child processes for tests and benchmarks: started with an environment made for them, watched, and surely ended.

The one place where tests wait on real time: short polls with a deadline, which says what the children said last.
"""

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import psutil

from controller.adapters.clock import SystemClock
from controller.cli import surroundings

ROOT = Path(__file__).resolve().parents[2]
CLOCK = SystemClock()
POLL_SECONDS = 0.05
END_SECONDS = 30.0
"""A machine that is busy with other tests ends a process when it comes to it."""
LAST_LINES = 15

_HELD = ExitStack()
atexit.register(_HELD.close)

T = TypeVar("T")


class Child:
    """One of our modules with its arguments, in a process that ends when this one does, however this one ends.

    What it says goes to a file.
    """

    def __init__(self, name: str, words: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name, self.log = name, log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller.cli.leash", *words],
                cwd=ROOT,
                env=bare_environment() | environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def family(self) -> list[psutil.Process]:
        """The process and all that come from it."""
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"--- {self.name} said last:", *lines])

    def ask_to_stop(self, seconds: float = END_SECONDS, number: signal.Signals = signal.SIGTERM) -> int:
        """A signal, and the exit code. AssertionError when it takes longer; then it is killed."""
        self._process.send_signal(number)
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s\n{self.last_lines()}") from error
        self._let_go()
        return code

    def kill(self) -> None:
        """SIGKILL: it can do nothing more."""
        self._process.kill()
        self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()


def bare_environment() -> dict[str, str]:
    """What a child needs of ours; nobody's proxy, AWS profile or settings of Tidegate's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return kept | {"HOME": "/nonexistent", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    """A port that nobody else is given while this process lives, and that nobody listens on until its server does."""
    return _HELD.enter_context(surroundings.free_port())


def until(
    what: str, is_so: Callable[[], T | None], children: Sequence[Child], seconds: float, may_end: bool = False
) -> T:
    """What `is_so` gives as soon as that is something.

    AssertionError when it takes too long or, unless `may_end`, when a child ends meanwhile.
    """
    deadline = CLOCK.monotonic() + seconds
    while True:
        if found := is_so():
            return found
        gone = [child.name for child in children if not child.is_running]
        if (gone and not may_end) or CLOCK.monotonic() > deadline:
            why = f"{', '.join(gone)} ended" if gone and not may_end else f"not so within {seconds} s"
            raise AssertionError("\n".join([f"{what}: {why}", *(child.last_lines() for child in children)]))
        CLOCK.sleep(POLL_SECONDS)


def gone(processes: Sequence[psutil.Process], seconds: float = 5.0) -> list[psutil.Process]:
    """Those that still run after so long: none, hopefully."""
    return [process for process in psutil.wait_procs(processes, timeout=seconds)[1] if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
