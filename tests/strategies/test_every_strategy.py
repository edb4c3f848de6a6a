"""Each strategy is registered under its name, says what it does, and ends with all of the traffic."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest

from controller import strategies
from controller.domain.manifest import BlueGreen, Canary, CanaryStep, Rolling
from controller.domain.step import StepKind
from controller.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "rolling": Rolling(type="rolling"),
    "blue_green": BlueGreen(type="blue_green", bake=timedelta(minutes=5)),
    "canary": Canary(
        type="canary",
        steps=(
            CanaryStep(weight=10, bake=timedelta(minutes=5)),
            CanaryStep(weight=50),
            CanaryStep(weight=100, bake=timedelta(minutes=15)),
        ),
    ),
}
EVERY, ROUTED = ("backend", "frontend", "worker"), ("backend", "frontend")


def test_every_file_in_the_room_is_registered_under_its_name() -> None:
    files = {path.stem for path in Path(strategies.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(STRATEGIES) == set(SETTINGS)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_told_of(name: str) -> None:
    module = inspect.getmodule(STRATEGIES[name])
    assert module is not None and module.__doc__
    assert f"\n## {name}\n" in (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_only_raises_and_ends_with_all_of_the_traffic(name: str) -> None:
    steps = STRATEGIES[name](SETTINGS[name], EVERY, ROUTED)
    shares = [step.percent for step in steps if step.kind is StepKind.SHIFT]
    assert shares == sorted(set(shares)) and shares[-1] == 100


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_warms_everything_first_and_moves_only_what_has_traffic(name: str) -> None:
    steps = STRATEGIES[name](SETTINGS[name], EVERY, ROUTED)
    assert steps[0].kind is StepKind.WARM and steps[0].services == EVERY
    assert {step.services for step in steps if step.kind in {StepKind.SHIFT, StepKind.BAKE}} == {ROUTED}


def test_a_canary_bakes_where_its_file_says_so() -> None:
    titles = [step.title for step in STRATEGIES["canary"](SETTINGS["canary"], EVERY, ROUTED)]
    assert titles == ["warm", "shift 10", "bake 5m", "shift 50", "shift 100", "bake 15m"]


def test_rolling_within_150_percent_never_runs_more_than_half_beside_the_old_tasks() -> None:
    steps = STRATEGIES["rolling"](Rolling(type="rolling", max=150), EVERY, ROUTED)
    assert [step.title for step in steps] == ["warm 50", "shift 50", "shrink 50", "warm", "shift 100"]
