"""Copies of the repository, as far as tests need it: mistakes are made in them and never here."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("controller", "webhooks", "sandbox", "workload", "migrations", "tests")
OTHERS = ("environments", "docs", "pyproject.toml")
HALF_WRITTEN = shutil.ignore_patterns("*.pyc.*")
"""What Python compiles comes along, but for the names under which it is being written at this moment."""
MEMORY = Path("/dev/shm")
"""Where Linux keeps files that need no disk."""


@contextmanager
def copied(source: Path = ROOT) -> Iterator[Path]:
    """A copy that is gone when the block ends."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="teeth-", dir=place, ignore_cleanup_errors=True) as made:
        for name in (*ROOMS, *OTHERS):
            path = source / name
            if path.is_dir():
                shutil.copytree(path, Path(made) / name, ignore=HALF_WRITTEN)
            else:
                shutil.copy2(path, made)
        yield Path(made).resolve()
