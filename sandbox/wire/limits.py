"""What a model allows of a request's values, and boto3 does not look at: enumerations, patterns, the larger bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def problems(shape: Shape | None, value: Any) -> list[str]:
    """What AWS would say against the values, empty when nothing. Types and required members are checked elsewhere."""
    return [] if shape is None else list(_problems(shape, value, ""))


def _problems(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members and member is not None:
                yield from _problems(shape.members[name], member, f"{where}.{name}" if where else name)
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        yield from _bounds(shape, len(value), where)
        for index, member in enumerate(value):
            yield from _problems(shape.member, member, f"{where}.{index}")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        yield from _bounds(shape, len(value), where)
        for key, member in value.items():
            yield from _problems(shape.key, key, where)
            yield from _problems(shape.value, member, f"{where}.{key}")
    else:
        yield from _scalar(shape, value, where)


def _scalar(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(value, str):
        allowed, pattern = shape.metadata.get("enum"), _pattern(shape.metadata.get("pattern", ""))
        if allowed and value not in allowed:
            yield f"'{value}' at '{where}' must be one of {sorted(allowed)}"
        if pattern is not None and not pattern.fullmatch(value):
            yield f"'{value}' at '{where}' must match {pattern.pattern}"
        yield from _bounds(shape, len(value), where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(shape, value, where)


def _bounds(shape: Shape, size: float, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{size} at '{where}' must be between {least} and {most}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Models write patterns for Java: one with classes that Python does not know is not looked at."""
    if not text:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None
