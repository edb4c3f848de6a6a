"""A pass: what counts as watched, and what makes two attempts the same effect."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.actions import Action, EmptySlot, SetCount
from controller.domain.deployment import Deployment
from controller.domain.slot import Slot
from controller.domain.step import StepKind
from controller.loop.reconcile import _token
from tests.progress.steps import in_step
from tests.support.builders import FILE
from tests.support.stage import PACE, Stage

BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 1m}")
BLUE = EmptySlot("backend", Slot.BLUE)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def test_a_step_knows_what_took_effect_in_it(stage: Stage) -> None:
    stage.push()
    stage.run(lambda: bool(stage.passes) and stage.passes[-1].action == "RunSlot")
    warming = stage.deployment(1).step
    assert warming is not None and warming.did("RunSlot", "backend", Slot.BLUE)
    assert not warming.did("RunSlot", "frontend")


def test_a_night_in_which_nobody_looked_bakes_nothing(stage: Stage) -> None:
    stage.push(BAKED, content="first")
    stage.settle()
    stage.push(BAKED, content="second")
    stage.run(lambda: stage.passes[-1].reason.code == "bake.running")
    stage.clock.advance(8 * 60 * 60)
    stage.passes.append(stage.reconciler.run_pass("dev"))
    baking = stage.deployment(2).step
    assert baking is not None and baking.kind is StepKind.BAKE and baking.observed <= 4 * PACE


def test_every_attempt_at_one_effect_has_the_same_token() -> None:
    once = in_step("shift 50")
    again = replace(once, version=once.version + 7)
    assert _token(once, BLUE) == _token(again, BLUE)


def test_another_effect_has_another_token() -> None:
    deployment, later = in_step("shift 50"), in_step("shift 100")
    effects: list[tuple[Deployment, Action]] = [
        (deployment, BLUE),
        (later, BLUE),
        (replace(deployment, id="dev-3"), BLUE),
        (deployment, EmptySlot("backend", Slot.GREEN)),
        (deployment, EmptySlot("frontend", Slot.BLUE)),
        (deployment, SetCount("backend", Slot.BLUE, 1)),
    ]
    assert len({_token(*effect) for effect in effects}) == len(effects)
