"""axe-core, which finds what keeps people from using a page: the npm package axe-core (MPL-2.0), not shipped here.

`make samples` runs this file, which puts it into .venv; TIDEGATE_AXE names another directory.
"""

import os
import sys
import tarfile
from pathlib import Path

from tests.support.npm import Package, archive_of

PACKAGE = Package(
    "axe-core@4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
FILE = "axe.min.js"


def file() -> Path:
    given = os.environ.get("TIDEGATE_AXE")
    return (Path(given) if given else Path(sys.prefix) / "share" / "axe-core") / FILE


def fetch(target: Path) -> None:
    with archive_of(PACKAGE) as archive, tarfile.open(archive) as tar:
        found = tar.extractfile(f"package/{FILE}")
        assert found is not None, f"{PACKAGE.name} has no {FILE}"
        script = found.read()
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f"{FILE}.part"
    unfinished.write_bytes(script)
    unfinished.replace(target / FILE)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
