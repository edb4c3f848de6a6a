"""The sandbox's last will: a small process that waits for the sandbox to die and then kills its tasks.

Its standard input is a pipe whose other end only the sandbox holds; that end closes when the sandbox ends,
however it ends, on every Unix. Argument: the ledger's path.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sandbox.runtime.ledger import clear


class Reaper:
    """The sandbox's side: while this object lives, so may the tasks."""

    def __init__(self, ledger: Path) -> None:
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", "sandbox.runtime.reaper", str(ledger)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=root,
            env={"PATH": os.defpath, "PYTHONPATH": str(root)},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Let it do its work and end: call when all tasks are gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=5)


def main(ledger: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clear(ledger)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
