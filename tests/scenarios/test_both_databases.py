"""The same story on SQLite and on PostgreSQL."""

from pathlib import Path

from controller.domain.deployment import Phase
from sandbox.runtime.scripted import Script
from tests.support.database import *  # noqa: F403
from tests.support.stage import Stage


def test_a_merge_that_goes_well_and_one_that_turns_back(database: str, tmp_path: Path) -> None:
    directory = tmp_path / "stage"
    directory.mkdir()
    stage = Stage(directory, url=database)
    stage.push(content="first")
    stage.settle()
    stage.push(script=Script(status=503))
    stage.settle()
    phases = [stage.phase(1), stage.phase(2)]
    weights = stage.weights()["/api/*"]
    stage.store.close()
    assert phases == [Phase.SUCCEEDED, Phase.ROLLED_BACK]
    assert weights == {"captioncraft-dev-backend-blue": 100, "captioncraft-dev-backend-green": 0}
