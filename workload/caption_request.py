"""What may be asked for, and the one place that says no: every wrong field is named at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workload.pictures import FORMATS, Picture, read_header
from workload.problems import Problem

TONES = ("friendly", "professional", "playful", "inspiring")
LENGTHS = ("short", "medium", "long")
MAX_HASHTAGS = 10
MAX_DESCRIPTION = 1000
MAX_VARIATION = 1_000_000
FIELDS = ("description", "tone", "length", "hashtags", "variation", "picture")


@dataclass(frozen=True)
class CaptionRequest:
    """At least one of description and picture is there. Another `variation` (from 0) asks for another caption."""

    description: str
    tone: str
    length: str
    hashtags: int
    variation: int
    picture: Picture | None


def from_fields(fields: Mapping[str, Any]) -> CaptionRequest:
    """Read the fields of a JSON object or a form (whose numbers are text; `picture` is bytes).

    Raises Problem 415 for a picture of an unknown format, 422 with all wrong fields otherwise.
    """
    reader = _Reader(fields)
    picture = _picture(fields.get("picture"))
    request = CaptionRequest(
        description=reader.text("description", MAX_DESCRIPTION),
        tone=reader.choice("tone", TONES),
        length=reader.choice("length", LENGTHS, default="medium"),
        hashtags=reader.number("hashtags", MAX_HASHTAGS, default=3),
        variation=reader.number("variation", MAX_VARIATION, default=0),
        picture=picture,
    )
    if not request.description and picture is None and not reader.errors:
        reader.complain("description", "nothing", "a description, a picture, or both")
    if reader.errors:
        raise Problem(422, f"{len(reader.errors)} of the given fields cannot be used", reader.errors)
    return request


def _picture(data: Any) -> Picture | None:
    if not isinstance(data, bytes) or not data:
        return None
    picture = read_header(data)
    if picture is None:
        wanted = ", ".join(FORMATS)
        raise Problem(415, f"the file of {len(data)} bytes is not a picture that can be read; wanted {wanted}")
    return picture


class _Reader:
    """Takes fields out one by one and remembers each complaint."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.errors: list[dict[str, Any]] = []
        for name in fields:
            if name not in FIELDS:
                self.complain(name, "an unknown field", "one of " + ", ".join(FIELDS))
        if fields.get("picture") is not None and not isinstance(fields["picture"], bytes):
            self.complain("picture", fields["picture"], "a file part of a multipart/form-data body")

    def complain(self, field: str, found: Any, wanted: str) -> None:
        self.errors.append({"field": _shown(field), "found": _shown(found), "wanted": wanted})

    def text(self, name: str, longest: int) -> str:
        """One line: runs of white space become one space, what cannot be shown is dropped."""
        value = self._fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.complain(name, value, "text")
            return ""
        if len(value) > longest:
            self.complain(name, f"{len(value)} characters", f"at most {longest} characters")
            return ""
        shown = "".join(char for char in value if char.isprintable() or char.isspace())
        return " ".join(shown.split())

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self._fields.get(name, default or allowed[0])
        if value not in allowed:
            self.complain(name, value, "one of " + ", ".join(allowed))
            return allowed[0]
        return str(value)

    def number(self, name: str, largest: int, default: int) -> int:
        value = self._fields.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            self.complain(name, value, f"a whole number from 0 to {largest}")
            return default
        return value


def _shown(found: Any) -> str:
    """A wrong value as short text that can always be sent back."""
    if isinstance(found, list | dict | bytes):
        return {list: "a list", dict: "an object", bytes: "a file"}[type(found)]
    text = found if isinstance(found, str) else json.dumps(found)
    return text[:80].encode(errors="replace").decode()
