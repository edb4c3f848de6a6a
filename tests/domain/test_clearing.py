"""Every code that a reason can have says who or what can clear it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import controller
from controller.adapters.aws.errors import BY_STATUS, MEANINGS, UNKNOWN, WITHOUT_ANSWER
from controller.domain.clearing import CLEARED_BY, PATIENT, cleared_by, known

ROOM = Path(controller.__file__).parent
CODE = re.compile(r"[a-z]+\.[a-z_]+")
DOORS = ("api", "cli", "dashboard")
"""What these refuse is told to whoever asked, and is nobody's state."""


def reasons() -> set[str]:
    """Of `Reason("code", …)`, `held("code", …)`, `self.because("code", …)` and of each error's `code=`."""
    modules = [
        path
        for path in sorted(ROOM.rglob("*.py"))
        if path.relative_to(ROOM).parts[0] not in DOORS and path.name != "events.py"
    ]
    return {code for path in modules for code in _codes(ast.parse(path.read_text(encoding="utf-8")))}


def _codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from _spelled(node.value)
        if isinstance(node, ast.Call):
            named = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if named in {"Reason", "held", "refused", "unknown", "because", "_Answer"} and node.args:
                yield from _spelled(node.args[0])
            yield from (code for keyword in node.keywords if keyword.arg == "code" for code in _spelled(keyword.value))


def _spelled(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value


MADE = (
    "before.running",
    "before.failed",
    "before.lost",
    "test.timeout",
    "test.not_started",
    "step.warm",
    "smoke.red",
    "verify.red",
    "transient",
    "conflict",
    "alarm.rang_late",
    "analysis.failed_late",
    "approval.stale",
)
"""Codes that are put together, as from a step's kind."""

VENDOR = {meaning.code for meaning in (*MEANINGS, UNKNOWN, *(meaning for _, meaning in BY_STATUS))} | {
    code for _, _, code, _ in WITHOUT_ANSWER
}


def test_the_walk_finds_what_is_there() -> None:
    assert {"tasks.failed", "environment.held", "alarm.red", "foundation.output_missing", "order.aborted"} <= reasons()
    assert len(reasons()) > 90


@pytest.mark.parametrize("code", sorted(reasons() | VENDOR | set(MADE)))
def test_every_code_names_who_or_what_can_clear_it(code: str) -> None:
    assert known(code), f"{code}: add it, or what stands before its point, to controller/domain/clearing.py"
    assert "{" not in cleared_by(code, "dev", "dev-2")


def test_every_entry_is_of_a_code_that_there_is() -> None:
    codes = reasons() | VENDOR | set(MADE)
    subjects = {code.partition(".")[0] for code in codes}
    assert [code for code in CLEARED_BY if code not in codes and code not in subjects] == []


def test_a_code_that_nobody_knows_is_for_an_operator() -> None:
    assert cleared_by("never.heard", "dev") == PATIENT
