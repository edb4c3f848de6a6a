"""Two recordings of the same scripts, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.oracles.play import Heard
from tests.oracles.script import OK, Script

KEYS = ("Key", "key", "name", "OutputKey", "Field", "serviceName", "logGroupName", "repositoryName")
"""Members by which the elements of a list are told apart, when each has another value there."""

WHOLE = frozenset(("events",))
"""Members that are compared as one value: histories, of which every entry would differ when one does."""

ABSENT = "(absent)"

Recording = dict[str, list[Heard]]
"""By script, what was heard at each of its steps."""


@dataclass(frozen=True)
class Difference:
    """One field that two sides answer differently: `where` is `ecs CreateService service.events`."""

    script: str
    step: int
    operation: str
    """`ecs CreateService`."""
    field: str
    """A path into the answer; `(outcome)` when one side refused or could not answer."""
    ours: str
    theirs: str

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What it is about, wherever in the scripts it shows."""
        return self.operation, self.field, self.ours, self.theirs


def differences(script: Script, ours: list[Heard], theirs: list[Heard]) -> Iterator[Difference]:
    """What differs at the steps that are compared."""
    for number, (step, mine, other) in enumerate(zip(script.steps, ours, theirs, strict=True)):
        if step.is_compared:
            for field, left, right in _of_step(mine, other):
                yield Difference(script.name, number, f"{step.service} {step.operation}", field, left, right)


def _of_step(ours: Heard, theirs: Heard) -> Iterator[tuple[str, str, str]]:
    if _ending(ours) != _ending(theirs):
        yield "(outcome)", _ending(ours), _ending(theirs)
    elif ours["outcome"] in (OK, "never"):
        yield from _of_values(ours["answer"], theirs["answer"], "")


def _ending(heard: Heard) -> str:
    if heard["outcome"] == "error":
        return f"{heard['code']} ({heard['status']})"
    if heard["outcome"] == "broken":
        return f"broken: {heard['message']}"
    return str(heard["outcome"])


def _of_values(ours: Any, theirs: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(ours, list) and isinstance(theirs, list):
        ours, theirs = _by_key(ours, theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(set(ours) | set(theirs), key=str):
            below = f"{path}.{name}" if path else str(name)
            left, right = ours.get(name, ABSENT), theirs.get(name, ABSENT)
            if name not in WHOLE:
                yield from _of_values(left, right, below)
            elif left != right:
                yield below, _short(left), _short(right)
    elif ours != theirs:
        yield path, _short(ours), _short(theirs)


def _by_key(ours: list[Any], theirs: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Lists as dictionaries: by a member that tells elements apart, else by position."""
    for key in KEYS:
        if all(isinstance(each, dict) and key in each for each in (*ours, *theirs)):
            left, right = ({each[key]: each for each in listed} for listed in (ours, theirs))
            if len(left) == len(ours) and len(right) == len(theirs):
                return left, right
    return dict(enumerate(ours)), dict(enumerate(theirs))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
