"""Holding JSON against rules, and saying what is wrong in Slack's words with a JSON pointer behind.

A rule is a function of a value and its pointer that yields sentences. The sentences are those that Slack was seen to
answer, as `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Rule = Callable[[Any, str], Iterator[str]]
WEB = ("http://", "https://", "mailto:")


def told(sentence: str, pointer: str) -> str:
    return f"{sentence} [json-pointer:{pointer}]"


def string(most: int, least: int = 0) -> Rule:
    """At most `most` characters, at least `least`."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield told("must provide a string", at)
        elif len(value) > most:
            yield told(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            yield told(f"must be more than {least - 1} characters", at)

    return rule


def boolean(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield told("must provide a boolean", at)


def whole(least: int, most: int) -> Rule:
    def rule(value: Any, at: str) -> Iterator[str]:
        if type(value) is not int:
            yield told("must provide an integer", at)
        elif value > most:
            yield told(f"must be less than {most + 1}", at)
        elif value < least:
            yield told(f"must be more than {least - 1}", at)

    return rule


def one_of(*values: str) -> Rule:
    def rule(value: Any, at: str) -> Iterator[str]:
        if value not in values:
            yield told(f"must be a valid enum value: {', '.join(values)}", at)

    return rule


def address(value: Any, at: str) -> Iterator[str]:
    """A URL that a person may follow."""
    problems = list(string(3000, 1)(value, at))
    yield from problems
    if not problems and not value.lower().startswith(WEB):
        yield told("must be a valid URL", at)


def items(rule: Rule, most: int, least: int = 1) -> Rule:
    """A list of `least` to `most` of something."""

    def checked(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield told("must provide an array", at)
        elif len(value) > most:
            yield told(f"no more than {most} items allowed", at)
        elif len(value) < least:
            yield told(f"must have at least {least} items", at)
        else:
            for number, item in enumerate(value):
                yield from rule(item, f"{at}/{number}")

    return checked


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    """An object with all of these, some of those and nothing else; None stands for absent."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield told("must provide an object", at)
            return
        given = {name: each for name, each in value.items() if each is not None}
        for name in required:
            if name not in given:
                yield told(f"missing required field: {name}", at)
        for name, each in given.items():
            known = required.get(name) or optional.get(name)
            if known is None:
                yield told(f"invalid additional property: {name}", at)
            else:
                yield from known(each, f"{at}/{name}")

    return rule


def kinds(table: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which rule it is held against."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield told("must provide an object", at)
        elif "type" not in value:
            yield told("missing required field: type", at)
        elif value["type"] not in table:
            yield told(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from table[value["type"]](value, at)

    return rule


def schema(rule: Rule) -> Rule:
    """One that Slack reports as a whole too, before its parts: text objects."""

    def checked(value: Any, at: str) -> Iterator[str]:
        problems = list(rule(value, at))
        if problems:
            yield told("failed to match all allowed schemas", at)
            yield from problems

    return checked


def every(*rules: Rule) -> Rule:
    def checked(value: Any, at: str) -> Iterator[str]:
        for rule in rules:
            yield from rule(value, at)

    return checked


def unique(elements: Sequence[Mapping[str, Any]], name: str, what: str, at: str) -> Iterator[str]:
    """No two have the same id of this name."""
    seen: set[str] = set()
    for number, element in enumerate(elements):
        found = element.get(name)
        if isinstance(found, str) and found in seen:
            yield told(f'`{name}` "{found}" already exists for another {what}', f"{at}/{number}/{name}")
        elif isinstance(found, str):
            seen.add(found)
