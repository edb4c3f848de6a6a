from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A controller for `dev` with nothing deployed."""
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


@pytest.fixture
def live_stage(stage: Stage) -> Stage:
    """The same with a first version live."""
    stage.push(content="first")
    stage.settle()
    return stage
