"""How ready earlier versions are, over real looks at a sandbox's AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.candidates import Answer, Candidates
from controller.domain.orders import OrderKind
from controller.loop.ways_back import WaysBack
from tests.support.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def deployed(stage: Stage, *contents: str) -> Candidates:
    for content in contents:
        stage.push(content=content)
        stage.settle()
    return WaysBack(stage.world)("dev")


def test_each_earlier_version_is_named_once_the_newest_first(stage: Stage) -> None:
    found = deployed(stage, "one", "two", "three")
    assert [each.deployment.id for each in found.items] == ["dev-2", "dev-1"]
    assert found.looked_at == stage.world.clock.now() and found.unlooked == ""


def test_what_is_in_the_registry_and_registered_is_ready(stage: Stage) -> None:
    (found,) = deployed(stage, "one", "two").items
    assert (found.answer, found.images.text) == (Answer.YES, "in the registry")
    assert (found.definitions.answer, found.migration.answer) == (Answer.YES, Answer.YES)


def test_before_anything_is_live_there_is_nothing_to_look_up(stage: Stage) -> None:
    assert WaysBack(stage.world)("dev") == Candidates(why_none="nothing was live here yet")


def test_what_was_rolled_back_is_said_to_have_been_live(stage: Stage) -> None:
    deployed(stage, "one", "two")
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    found = WaysBack(stage.world)("dev")
    assert found.items == () and found.why_none.startswith("dev-2 (") and "dev-3 rolled it back" in found.why_none


def test_without_asking_only_what_others_had_looked_up_is_told(stage: Stage) -> None:
    deployed(stage, "one", "two")
    ways_back = WaysBack(stage.world)
    (unasked,) = ways_back("dev", asks=False).items
    assert unasked.images.answer is Answer.UNKNOWN and "not looked up" in unasked.images.text
    ways_back("dev")
    (known,) = ways_back("dev", asks=False).items
    assert known.images.answer is Answer.YES
