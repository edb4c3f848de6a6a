"""How a field says what it wants, so that every complaint is in our words and none in a library's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

WANTED = "wanted"


def wanted(words: str, found: str | None = None) -> PydanticCustomError:
    """The error of a value that is not `words`; `found` says it better than the value itself would."""
    return PydanticCustomError(WANTED, "wanted {words}", {"words": words, "found": found})


def listed(words: list[str], joint: str = "or") -> str:
    """
    >>> listed(["a", "b", "c"])
    'a, b or c'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


@dataclass(frozen=True)
class Text:
    """A string of one form: `Annotated[str, Text("a port name", r"[a-z]+", longest=15)]`."""

    words: str
    pattern: str = r"[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*"
    longest: int = 255

    def check(self, value: object) -> str:
        if isinstance(value, bool | int | float):
            raise wanted(f"{self.words}, in quotes")
        if not isinstance(value, str):
            raise wanted(self.words)
        if len(value) > self.longest:
            raise wanted(f"{self.words}, at most {self.longest} characters", f"{len(value)} characters")
        if re.fullmatch(self.pattern, value, re.ASCII) is None:
            raise wanted(self.words)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True)
class Number:
    """A whole number within bounds; `true` and `5.0` are not numbers here. `recorded` is the least one that was taken
    once: such texts stay readable, and `agreement` refuses it in new ones."""

    least: int
    most: int
    words: str = "a whole number"
    recorded: int | None = None

    def check(self, value: object) -> int:
        least = self.least if self.recorded is None else self.recorded
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= self.most:
            raise wanted(f"{self.words} from {self.least} to {self.most}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


def without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """An `AfterValidator` for lists in which the same entry twice can only be a slip."""
    for repeated in _repeats(values):
        raise wanted("each entry once", f"{repeated} twice")
    return values


def _repeats(values: tuple[Any, ...]) -> Iterator[Any]:
    seen = set()
    for value in values:
        if value in seen:
            yield value
        seen.add(value)
