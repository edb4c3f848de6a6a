"""Processes that `tidegate up` starts, and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from controller.cli.time import Clock

LAST_LINES = 15
SPLIT_SECOND = 0.1


class Child:
    """One process in a session of its own, so that Ctrl-C reaches only the parent; its words go to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Again, too, once it has ended."""
        self._let_go()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                self._command,
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.log.parent,
            )

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or was never started."""
        return self._process.poll() if self._process else None

    def last_words(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number) if number is signal.SIGKILL else self._process.send_signal(number)

    def ended_within(self, seconds: float, clock: Clock, is_urgent: Callable[[], bool] = bool) -> bool:
        """Whether it ended in time; nobody waits on when it becomes urgent."""
        until = clock.monotonic() + seconds
        while self.exit_code is None and self._process is not None:
            if clock.monotonic() >= until or is_urgent():
                return False
            clock.sleep(SPLIT_SECOND)
        self._let_go()
        return True

    def _let_go(self) -> None:
        """Of the leash: whatever still hangs on it ends."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


def leashed(module: str, *arguments: str) -> list[str]:
    """A command that runs one of our modules until its parent ends.

    `-P` keeps the working directory out of the module search: what lies about there is not ours.
    """
    return [sys.executable, "-P", "-m", "controller.cli.leash", module, *arguments]
