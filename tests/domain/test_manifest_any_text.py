"""Whatever a developer commits, reading it ends in a value or in `Rejected`."""

import json
import re
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from controller.domain.bindings import read_bindings
from controller.domain.errors import Rejected
from controller.domain.manifest import (
    EnvironmentFile,
    Problem,
    environment_schema,
    format_duration,
    from_normal_form,
    normal_form,
    parse_duration,
    read_environment,
)

ENVIRONMENTS = Path(__file__).parents[2] / "environments"
FILES = [(ENVIRONMENTS / f"{name}.yaml").read_text() for name in ("dev", "staging", "prod")]
SIGNS = [
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "\t",
    "'",
    '"',
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "#",
    "%",
    "@",
    "? ",
    "<<",
    "\\U",
]
WORDS = [
    "\n",
    "\n  ",
    "---\n",
    "...\n",
    "~",
    "null",
    "0",
    "1e9",
    "é",
    "\ufeff",
    "\u2028",
    "\x85",
    "\x00",
    "%YAML 1.1\n",
]
LINES = ["environment: dev", "environments:", "services:", "%TAG ! x\n"]


def outcome(text: str) -> EnvironmentFile | tuple[Problem, ...]:
    """The value or the problems; anything else escapes."""
    try:
        return read_environment.__wrapped__(text, "environments/x.yaml")
    except Rejected as rejected:
        problems = tuple(problem for problem in rejected.problems if isinstance(problem, Problem))
    assert problems
    for problem in problems:
        assert "\n" not in str(problem)
        assert 1 <= problem.line <= len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text)) + 1
    return problems


@given(st.text())
def test_no_text_is_a_crash(text: str) -> None:
    outcome(text)


@given(st.lists(st.sampled_from([*SIGNS, *WORDS, *LINES]), max_size=30).map("".join))
def test_no_heap_of_yaml_signs_is_a_crash(text: str) -> None:
    outcome(text)
    with suppress(Rejected):
        read_bindings(text, "tidegate.yaml")


@given(st.sampled_from(FILES), st.data())
def test_no_slip_of_the_hand_is_a_crash(file: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(file)))
    end = data.draw(st.integers(start, min(len(file), start + 40)))
    outcome(file[:start] + data.draw(st.text(string.printable, max_size=8)) + file[end:])


words = st.sampled_from(["5m", "70%", "prod", "canary", "", "/a", "x"])
keys = st.sampled_from(["type", "path", "task", "min", "a", "<a>"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def places_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in steps for place in places_in(inner, (*path, key)))]


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


FORMS = [normal_form(read_environment(file, "shipped")) for file in FILES]


@given(st.sampled_from(FORMS), st.lists(values, min_size=1, max_size=3), st.data())
def test_no_value_in_the_wrong_place_is_a_crash_or_a_strange_word(
    form: Any, news: list[Any], data: st.DataObject
) -> None:
    for new in news:
        form = replaced(form, data.draw(st.sampled_from(places_in(form))), new)

    found = outcome(json.dumps(form))

    if isinstance(found, tuple):
        told = " ".join(f"{problem.found} {problem.wanted}" for problem in found)
        assert "Input should" not in told
        assert "reference of the format" not in told, "an error without words of its own"


@given(st.sampled_from(FORMS), values, st.data())
def test_whatever_is_read_reads_back_the_same(form: Any, new: Any, data: st.DataObject) -> None:
    found = outcome(json.dumps(replaced(form, data.draw(st.sampled_from(places_in(form))), new)))

    if isinstance(found, EnvironmentFile):
        assert from_normal_form(normal_form(found)) == found
        assert read_environment(json.dumps(normal_form(found)), "again") == found
        assert _is_fine_with_editors(normal_form(found))


def _is_fine_with_editors(form: Any) -> bool:
    return bool(Draft202012Validator(environment_schema()).is_valid(form))


@given(st.timedeltas(min_value=parse_duration("0"), max_value=parse_duration("3652d")))
def test_every_time_in_milliseconds_reads_back_the_same(time: Any) -> None:
    rounded = time - time % parse_duration("1ms")

    assert parse_duration(format_duration(rounded)) == rounded
