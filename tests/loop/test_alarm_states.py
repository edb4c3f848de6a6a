"""How alarms are now, for people who look."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.loop.alarm_states import AlarmStates
from tests.support.builders import FILE
from tests.support.stage import Stage

WATCHED = FILE.replace("verify:", 'watch: {alarms: ["{environment}-5xx"]}\nverify:')


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def test_before_anything_is_live_there_is_no_alarm_to_ask_about(stage: Stage) -> None:
    assert AlarmStates(stage.world)("dev").value == {}


def test_a_file_that_watches_none_has_none(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    heard = AlarmStates(stage.world)("dev")
    assert (heard.value, heard.at) == ({}, stage.world.clock.now())


def test_one_that_is_watched_and_is_not_there_is_told_as_such(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    live = stage.deployment(1)
    with stage.store.write() as unit:
        unit.deployments.save(replace(live, revision=replace(live.revision, text=WATCHED)))
    assert AlarmStates(stage.world)("dev").value == {"dev-5xx": None}
