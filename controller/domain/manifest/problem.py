"""What is wrong with a file, in words that let its author mend it."""

import json
from dataclasses import dataclass

# What stands here may be a secret that somebody wrote into the wrong file: say what it is, never show it.
HIDDEN = frozenset({"env", "secrets", "parameters"})
_LONGEST = 60


@dataclass(frozen=True, order=True)
class Problem:
    """One complaint. `line` and `column` count from 1, or are 0 when the place is unknown; `key` may be empty."""

    file: str
    line: int
    column: int
    key: str
    found: str
    wanted: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {key}found {self.found}; wanted {self.wanted}"


def quoted(text: str) -> str:
    """The text in quotes on one line, cut when it is long."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def described(value: object) -> str:
    """A value of a file as its author would recognize it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return quoted(value)
        case _:
            return kind_of(value)


def kind_of(value: object) -> str:
    """What a value is, without showing it: for places where secrets end up by mistake."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false without quotes"
        case int() | float():
            return "a number without quotes"
        case str():
            return "text that is not shown here"
        case dict():
            return "a mapping"
        case _:
            return "a list"
