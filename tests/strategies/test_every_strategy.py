"""Each strategy is registered under its name, says what it does, and ends with all of the traffic."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest

from controller import strategies
from controller.domain.manifest import BlueGreen, Rolling
from controller.domain.step import StepKind
from controller.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"rolling": Rolling(type="rolling"), "blue_green": BlueGreen(type="blue_green", bake=timedelta(minutes=5))}


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
    steps = STRATEGIES[name](SETTINGS[name], ("backend", "frontend"))
    shares = [step.percent for step in steps if step.kind is StepKind.SHIFT]
    assert shares == sorted(set(shares)) and shares[-1] == 100
    assert {step.services for step in steps} == {("backend", "frontend")}
