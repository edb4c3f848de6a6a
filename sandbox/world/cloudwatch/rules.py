"""The rule of a composite alarm: read once, then asked again and again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sandbox.world.cloudwatch.model import State, refuse, require

CHILDREN = 100
ELEMENTS = 500

StateOf = Callable[[str], State]
Test = Callable[[StateOf], bool]

TOKEN = re.compile(
    r'\s*(?:(?P<function>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^()"\s][^()"]*?))\s*\)'
    r"|(?P<word>\(|\)|AND\b|OR\b|NOT\b|TRUE\b|FALSE\b))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rule:
    children: tuple[str, ...]
    """The alarms' names, each once, in the order of the text."""
    holds: Test


@cache
def rule_of(text: str) -> Rule:
    """Raises ValidationException for what is no rule, or more than CloudWatch takes."""
    require(text == text.strip(), "AlarmRule must not contain leading or trailing whitespace or be null")
    reader = _Reader(text)
    test = reader.either()
    reader.require_end()
    children = tuple(dict.fromkeys(reader.children))
    require(len(children) <= CHILDREN, f"An AlarmRule can have {CHILDREN} children, found {len(children)}")
    require(reader.elements <= ELEMENTS, f"An AlarmRule can have {ELEMENTS} elements, found {reader.elements}")
    return Rule(children, test)


class _Reader:
    """OR binds least, then AND, then NOT."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._match = TOKEN.match(text)
        self.children: list[str] = []
        self.elements = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._took("OR"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda states: any(test(states) for test in tests)

    def require_end(self) -> None:
        require(self._at == len(self._text), self._complaint())

    def _both(self) -> Test:
        tests = [self._one()]
        while self._took("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda states: all(test(states) for test in tests)

    def _one(self) -> Test:
        if self._took("NOT"):
            inner = self._one()
            return lambda states: not inner(states)
        if self._took("("):
            inner = self.either()
            require(self._took(")"), self._complaint())
            return inner
        if self._took("TRUE"):
            return lambda _: True
        if self._took("FALSE"):
            return lambda _: False
        return self._child()

    def _child(self) -> Test:
        match = self._match
        if match is None or match["function"] is None:
            raise refuse(self._complaint())
        wanted, name = match["function"].upper(), name_of(match["quoted"] or match["bare"])
        self.children.append(name)
        self._step()
        return lambda states: states(name) == wanted

    def _took(self, word: str) -> bool:
        if self._match is None or (self._match["word"] or "").upper() != word:
            return False
        self._step()
        return True

    def _step(self) -> None:
        assert self._match is not None
        self.elements += 1
        self._at = self._match.end()
        self._match = TOKEN.match(self._text, self._at)

    def _complaint(self) -> str:
        rest = self._text[self._at :].strip() or "its end"
        known = "ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, AND, OR and NOT"
        return f"AlarmRule cannot be read from {rest!r}: the sandbox knows {known}"


def name_of(alarm: str) -> str:
    """Of a name or an ARN."""
    return alarm.partition(":alarm:")[2] if alarm.startswith("arn:") else alarm
