"""GitHub's own webhook payloads: the npm package @octokit/webhooks-examples (MIT), nine megabytes, not shipped here.

`make samples` runs this file, which puts them into .venv; TIDEGATE_WEBHOOK_SAMPLES names another directory.
"""

import json
import os
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.npm import Package, archive_of

PACKAGE = Package(
    "@octokit/webhooks-examples@7.6.1",
    "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
)
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
    with archive_of(PACKAGE) as archive:
        servers = dict(_servers(archive))
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f"{FILE}.part"
    unfinished.write_text(json.dumps(servers))
    unfinished.replace(target / FILE)


def _servers(archive: Path) -> Iterator[tuple[str, Any]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(f"/{FILE}") else None
            if file is not None:
                yield Path(member.name).parent.name, json.load(file)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
