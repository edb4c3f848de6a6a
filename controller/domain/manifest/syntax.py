"""The YAML library's part: text to events, and its complaints in our words."""

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event

from controller.domain.errors import Rejected
from controller.domain.manifest.problem import Problem

# The library's sentences, by a piece of each, in our words. Its own would quote the line, and a line may hold a secret.
_SYNTAX = (
    ("'\\t'", "a tab", "spaces"),
    (
        "mapping values are not allowed",
        "a second `:` on the line",
        "one key on a line, or quotes around text with a `:`",
    ),
    ("could not find expected ':'", "text without a `:`", "a key, a `:` and a value"),
    (
        "expected <block end>",
        "something that fits neither the mapping nor the list around it",
        "the same indentation as its neighbours",
    ),
    ("did not find expected <document start>", "more after the end", "one mapping"),
    ("expected ',' or", "the next entry or the end of the file", "a `,` or the closing bracket"),
    ("quoted scalar", "a quoted text that is broken off or escapes badly", "a closing quote and known escapes"),
    ("that cannot start any token", "a text that begins with a special character", "quotes around it"),
    ("but found '<stream end>'", "the end of the file", "the closing bracket"),
    ("directive", "a directive", "none: the file is YAML 1.2"),
)


def events_of(text: str, file: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        raise Rejected([_syntax_problem(error, file)]) from None
    except YAMLError:
        raise Rejected([Problem(file, *_unprintable(text), "", "a control character", "printable text")]) from None
    except (ValueError, OverflowError):  # the library does not check that an escape such as \U99999999 is a character
        raise Rejected([Problem(file, 1, 1, "", "an escape that is no character", "text")]) from None


def _syntax_problem(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = f"{error.context} {error.problem}"
    for piece, found, wanted in _SYNTAX:
        if piece in said:
            return Problem(file, line, column, "", found, wanted)
    return Problem(file, line, column, "", "something that is not YAML", "a YAML mapping")


def _unprintable(text: str) -> tuple[int, int]:
    before = re.split(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text, maxsplit=1)[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
