"""GitHub's own webhook payloads: the npm package @octokit/webhooks-examples (MIT), nine megabytes, not shipped here.

`make samples` runs this file, which puts them into .venv; TIDEGATE_WEBHOOK_SAMPLES names another directory.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/webhooks-examples@7.6.1"
INTEGRITY = "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ=="
COMMAND = "make samples"
TESTS = "test_github_samples.py"
FILE = "index.json"


@dataclass(frozen=True)
class Sample:
    """One payload, its event's name, and the kind of server that sends it (`api.github.com`, `ghes-35`)."""

    server: str
    event: str
    payload: dict[str, Any]


def directory() -> Path:
    given = os.environ.get("TIDEGATE_WEBHOOK_SAMPLES")
    return Path(given) if given else Path(sys.prefix) / "share" / "webhook-samples"


def are_left_out() -> bool:
    return not (directory() / FILE).exists() and not os.environ.get("CI")


def every() -> Iterator[Sample]:
    """`FileNotFoundError` when they have not been fetched."""
    for server, events in json.loads((directory() / FILE).read_bytes()).items():
        for event in events:
            yield from (Sample(server, event["name"], payload) for payload in event["examples"])


def fetch(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        archive = _pack(Path(scratch))
        _check(archive)
        servers = dict(_servers(archive))
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f"{FILE}.part"
    unfinished.write_text(json.dumps(servers))
    unfinished.replace(target / FILE)


def _pack(scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(f"{COMMAND}: npm is not on PATH, and {PACKAGE} comes with it. Debian: sudo apt-get install npm")
    subprocess.run(
        [npm, "pack", "--silent", "--ignore-scripts", PACKAGE], cwd=scratch, check=True, stdout=subprocess.DEVNULL
    )
    [archive] = scratch.glob("*.tgz")
    return archive


def _check(archive: Path) -> None:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        sys.exit(f"{COMMAND}: {PACKAGE} has the sha512 {found}, wanted {INTEGRITY}; nothing was unpacked")


def _servers(archive: Path) -> Iterator[tuple[str, Any]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(f"/{FILE}") else None
            if file is not None:
                yield Path(member.name).parent.name, json.load(file)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
