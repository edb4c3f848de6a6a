"""The workload's rehearsal file: one line for each way to misbehave, edited by a commit.

Light to import: the command line reads the kinds of fault from here.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

DEFAULTS = {
    "CRASH": "False",
    "UNHEALTHY": "False",
    "NOT_READY": "False",
    "ERROR_RATE": "0.0",
    "SLOW_MS": "0",
    "EXEC_FORMAT": "False",
    "NO_IMAGE": "False",
    "MIGRATION_FAILS": "False",
}
FLAGS = {
    "crash": "CRASH",
    "unhealthy": "UNHEALTHY",
    "smoke": "NOT_READY",
    "no-image": "NO_IMAGE",
    "exec-format": "EXEC_FORMAT",
    "migration": "MIGRATION_FAILS",
}
HINTS = {"errors": "a share from above 0 to 1, as errors=0.2", "slow": "whole milliseconds, as slow=300"}
KINDS = ", ".join([*FLAGS, "errors=RATE", "slow=MS"])
MAX_SLOW_MS = 600_000


@dataclass(frozen=True)
class Fault:
    """What to break: `text` as it was asked for, and the constant that gets another value."""

    text: str
    constant: str
    value: str

    @property
    def kind(self) -> str:
        return self.text.partition("=")[0]


def parse_fault(text: str) -> Fault:
    """A fault by name; ValueError lists the kinds.

    >>> parse_fault("errors=0.2").value
    '0.2'
    >>> parse_fault("slow=300")
    Fault(text='slow=300', constant='SLOW_MS', value='300')
    """
    kind, equals, value = text.partition("=")
    if kind in FLAGS and not equals:
        return Fault(text, FLAGS[kind], "True")
    if kind == "errors" and re.fullmatch(r"\d*\.?\d+", value) and 0 < float(value) <= 1:
        return Fault(text, "ERROR_RATE", str(float(value)))
    if kind == "slow" and re.fullmatch(r"\d{1,6}", value) and 1 <= int(value) <= MAX_SLOW_MS:
        return Fault(text, "SLOW_MS", str(int(value)))
    raise ValueError(f"{text!r} is no fault: use {HINTS.get(kind, f'one of {KINDS}')}")


def edited(source: str, fault: Fault | None) -> str:
    """The file with everything healthy but the fault; LookupError when it has no line for that."""
    for constant, value in DEFAULTS.items():
        wanted = fault.value if fault and fault.constant == constant else value
        source, edits = re.subn(rf"(?m)^{constant} = .*$", f"{constant} = {wanted}", source, count=1)
        if edits == 0 and fault and fault.constant == constant:
            raise LookupError(f"there is no line `{constant} = …`")
    return source


def constants(source: str) -> dict[str, Any]:
    """What the file says, empty when it is not Python."""
    try:
        parsed = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    return {
        target.id: statement.value.value
        for statement in parsed.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
