"""Each gate says what it asks, and answers with a reason."""

import inspect
from pathlib import Path

import pytest

from controller import gates
from controller.domain.electorate import Electorate
from controller.domain.environment import Environment
from controller.domain.snapshot import Resolved
from controller.gates import BEFORE_PLAN, WITH_PLAN
from controller.gates.base import Case, Gate
from tests.support.builders import NOON, a_binding, a_deployment, a_plan

EVERY = {**BEFORE_PLAN, **WITH_PLAN}


def test_every_file_in_the_room_is_registered_under_its_name() -> None:
    files = {path.stem for path in Path(gates.__file__).parent.glob("*.py")} - {"__init__", "base"}
    assert files == set(EVERY)


@pytest.mark.parametrize("gate", EVERY.values(), ids=EVERY.keys())
def test_every_gate_says_what_it_asks(gate: Gate) -> None:
    module = inspect.getmodule(gate.judge)
    assert module is not None and module.__doc__ and gate.judge.__doc__


@pytest.mark.parametrize("name", EVERY)
def test_every_gate_has_its_heading(name: str) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "gates.md"
    assert f"\n## {name}\n" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("gate", EVERY.values(), ids=EVERY.keys())
def test_every_gate_answers_with_a_stable_code_and_a_sentence(gate: Gate) -> None:
    case = Case(
        a_deployment(), Environment("dev"), a_binding(), None, Resolved(), a_plan(), electorate=Electorate(NOON, ())
    )
    verdict = gate.judge(case, NOON)
    assert verdict.is_open
    assert verdict.reason.code.count(".") == 1 and " " in verdict.reason.text
