"""Does an answer have the shape that AWS promises?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime,
    "blob": (bytes, bytearray),
}


class Deviation(AssertionError):
    """An answer of the world that no AWS would give; its place is put together on the way up."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.where = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def check(shape: Shape | None, value: Any, where: str) -> None:
    """Raise Deviation for an unknown member, a wrong type, a missing required member or a value off its enum."""
    try:
        _check(shape, value)
    except Deviation as deviation:
        deviation.where = where + deviation.where
        raise


def _check(shape: Shape | None, value: Any) -> None:
    if shape is None:
        if value:
            raise Deviation(f"the operation has no output, found {value!r}")
    elif isinstance(shape, StructureShape):
        _check_structure(shape, value)
    elif isinstance(shape, ListShape):
        _demand(isinstance(value, list), shape, value)
        for index, member in enumerate(value):
            _check_member(shape.member, member, index)
    elif isinstance(shape, MapShape):
        _demand(isinstance(value, dict), shape, value)
        for key, member in value.items():
            _check_member(shape.key, key, key)
            _check_member(shape.value, member, key)
    else:
        _check_scalar(shape, value)


def _check_structure(shape: StructureShape, value: Any) -> None:
    _demand(isinstance(value, dict), shape, value)
    members = shape.members
    for name, member in value.items():
        if name not in members:
            raise Deviation(f"{shape.name} has no member {name!r}")
        _check_member(members[name], member, name)
    for name in shape.required_members:
        if name not in value:
            raise Deviation(f"{shape.name} needs a member {name!r}, found {sorted(value)}")


def _check_member(shape: Shape, value: Any, step: str | int) -> None:
    try:
        _check(shape, value)
    except Deviation as deviation:
        deviation.where = (f"[{step}]" if isinstance(step, int) else f".{step}") + deviation.where
        raise


def _check_scalar(shape: Shape, value: Any) -> None:
    kind = shape.type_name
    _demand(isinstance(value, SCALARS[kind]), shape, value)
    if isinstance(shape, StringShape):
        if value not in (shape.enum or (value,)):
            raise Deviation(f"{shape.name} is one of {shape.enum}, found {value!r}")
    elif kind == "timestamp":
        _demand(value.tzinfo is not None, shape, value)
    elif kind != "boolean":
        _demand(not isinstance(value, bool), shape, value)


def _demand(holds: bool, shape: Shape, value: Any) -> None:
    if not holds:
        raise Deviation(f"{shape.name} is a {shape.type_name}, found {value!r}")
