"""The doors, over the usual rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.world import GLASS, Doors, opened
from tests.support.database import migrated_file

__all__ = ["doors", "migrated_file"]


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file, glass=GLASS)
    yield made
    made.close()
