"""The directory of `tidegate up`: one owner at a time, old ones moved aside."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOCK = "up.lock"
KEPT = 3
SANDBOX_FILE = "sandbox.json"


class InTheWay(Exception):
    """Why the directory can't be taken, and what to do."""


class StateDirectory:
    """Taken by `take`, until the process ends: the kernel lets go of the lock however that happens."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def take(self, *, keep: bool) -> Path | None:
        """Make it ours, and empty unless `keep`; where an old one was moved to. Raises `InTheWay`."""
        self._must_be_ours()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_it()
        if keep or not self._is_used():
            (self.path / SANDBOX_FILE).unlink(missing_ok=True)
            return None
        moved = self._move_aside()
        self.path.mkdir(mode=0o700)
        self._lock_it()
        return moved

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """In one piece, and readable by its owner only: it may hold tokens."""
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self.path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(temporary).replace(self.path / name)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def release(self) -> None:
        """Somebody else may take it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _must_be_ours(self) -> None:
        """What `up` did not make, it neither moves nor fills."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise InTheWay(f"{self.path} is not a directory: choose another one with --state-dir")
        if any(self.path.iterdir()) and not (self.path / LOCK).is_file():
            told = "holds files that `tidegate up` did not put there: choose another directory with --state-dir"
            raise InTheWay(f"{self.path} {told}")

    def _lock_it(self) -> None:
        file = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 20).decode(errors="replace").strip() or "unknown"
            os.close(file)
            told = f"is in use by another `tidegate up` (process {holder}): end it with Ctrl-C or `kill {holder}`"
            raise InTheWay(f"{self.path} {told}, or choose another directory with --state-dir") from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        if self._lock is not None:
            os.close(self._lock)
        self._lock = file

    def _is_used(self) -> bool:
        return any(entry.name != LOCK for entry in self.path.iterdir())

    def _move_aside(self) -> Path:
        """The newest gets number 1; those beyond the last number go."""
        places = [self.path.with_name(f"{self.path.name}.{number}") for number in range(1, KEPT + 1)]
        if (places[-1] / LOCK).is_file():
            shutil.rmtree(places[-1])
        for older, newer in zip(reversed(places), [*reversed(places[:-1]), self.path], strict=True):
            if newer.exists() and not older.exists():
                newer.rename(older)
        if self.path.exists():
            raise InTheWay(f"{self.path} can't be moved aside: {places[0]} and those after it are in the way")
        return places[0]
