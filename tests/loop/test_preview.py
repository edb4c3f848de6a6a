"""What would run now, and why it does or doesn't."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.domain.deployment import Phase
from controller.domain.errors import Blocked
from controller.domain.orders import OrderKind
from controller.loop.preview import Preview
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.stage import PACE, Stage

HELD = FILE.replace("hold: next_commit", "hold: person")
WITHOUT_FRONTEND = FILE.split("  frontend:")[0]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def planned(stage: Stage) -> Mapping[str, Any]:
    return Preview(stage.world, PACE)("dev")


def titles(plan: Mapping[str, Any]) -> list[str]:
    return [step["title"] for step in plan["steps"]]


def test_a_running_deployment_s_plan_is_the_one_it_follows(stage: Stage) -> None:
    stage.push()
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    plan = planned(stage)
    assert (plan["deployment"], plan["standing"]["code"]) == ("dev-1", "deployment.running")
    assert titles(plan) == [step.title for step in stage.deployment(1).steps]


def test_where_nothing_is_asked_for_nothing_rolls_and_no_deployment_is_named(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    plan = planned(stage)
    assert (plan["deployment"], plan["steps"]) == (None, [])
    assert "nothing else is asked for" in plan["standing"]["text"]


def test_after_a_removal_it_is_not_the_removal_that_would_run(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    stage.push(WITHOUT_FRONTEND, content="one")
    stage.settle()
    stage.order(OrderKind.PRUNE, service="frontend")
    stage.settle()
    assert stage.deployment(3).pruned == "frontend"
    plan = planned(stage)
    assert (plan["deployment"], plan["steps"]) == (None, [])
    assert plan["commit"] == stage.deployment(2).revision.commit.sha


def test_what_turned_back_would_run_again_and_is_held(stage: Stage) -> None:
    stage.push(HELD, content="one")
    stage.settle()
    stage.push(HELD, Script(health=lambda _: 500), content="two")
    stage.settle()
    plan = planned(stage)
    assert (plan["deployment"], plan["standing"]["code"]) == (None, "environment.held")
    assert "shift 100" in titles(plan) and plan["commit"] == stage.deployment(2).revision.commit.sha


def test_a_broken_file_is_why_nothing_runs(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    stage.push("count: nonsense", content="two")
    stage.settle()
    plan = planned(stage)
    assert (plan["deployment"], plan["standing"]["code"], plan["steps"]) == (None, "file.invalid", [])


def test_before_anything_was_recorded_there_is_no_plan_and_it_says_why(stage: Stage) -> None:
    with pytest.raises(Blocked, match=r"push to develop$") as caught:
        planned(stage)
    assert caught.value.code == "plan.no_revision"
    stage.push("count: nonsense")
    stage.settle()
    with pytest.raises(Blocked, match="the newest commit isn't taken"):
        planned(stage)


def test_a_new_command_that_would_not_run_is_named(stage: Stage) -> None:
    stage.push(HELD, content="one")
    stage.settle()
    stage.push(HELD, Script(health=lambda _: 500), content="two")
    stage.settle()
    assert planned(stage)["unrun"] == []
    hooked = HELD.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate]}\n")
    stage.push(hooked, content="one")
    stage.run(lambda: stage.phase(3) is Phase.WAITING)
    plan = planned(stage)
    assert (plan["deployment"], plan["steps"], plan["unrun"]) == ("dev-3", [], ["backend"])
