"""What the models refuse, told in our words by a table: the path in the file, what was found there, what was wanted."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.domain.counting import counted
from controller.domain.manifest.problem import HIDDEN, described, kind_of
from controller.domain.manifest.tree import Path
from controller.domain.manifest.wanted import WANTED, listed

_SHAPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "too_short": "at least one entry",
}


@dataclass(frozen=True)
class Complaint:
    """`of_key`: it is the key that is wrong, not what stands under it. `meant`: how an unknown key should be spelt."""

    path: Path
    found: str
    wanted: str
    of_key: bool = False
    meant: str | None = None


def complaints_in(error: ValidationError, model: type[BaseModel], data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Every line of the error that is about something the author wrote or left out."""
    for line in error.errors(include_url=False):
        if not _follows_from_another(line):
            yield _complaint(line, model, data)


def _follows_from_another(line: ErrorDetails) -> bool:
    """A default made from a value that is wrong, or a list that is too short only without its wrong entries."""
    return line["type"] == "default_factory_not_called" or (line["type"] == "too_short" and bool(line["input"]))


def _complaint(line: ErrorDetails, model: type[BaseModel], data: Mapping[str, Any]) -> Complaint:
    kind, ctx = line["type"], line.get("ctx", {})
    path = _path_in(data, line["loc"])
    found: Any = line["input"]
    if kind == "missing":
        return Complaint((*path, str(line["loc"][-1])), "nothing", "this key, which has no default")
    if kind == "extra_forbidden":
        wanted, meant = _known_keys(model, data, path)
        return Complaint(path, "an unknown key", wanted, of_key=True, meant=meant)
    if kind.startswith("union_tag"):
        return _unknown_kind(ctx["discriminator"].strip("'"), model, path, found)
    if kind == "literal_error":
        choices = [word.strip(" '") for word in ctx["expected"].replace(" or ", ", ").split(",")]
        return Complaint(path, _shown(path, found), _choice(choices, found))
    if kind == "too_long":
        return Complaint(path, counted(len(found), "entry", "entries"), f"at most {ctx['max_length']}")
    of_key = line["loc"][-1:] == ("[key]",)
    words = ctx["words"] if kind == WANTED else _SHAPES.get(kind, "a value as the reference of the format says")
    return Complaint(path, ctx.get("found") or _found(kind, path, found), words, of_key)


def _path_in(data: Any, loc: tuple[str | int, ...]) -> Path:
    """The part of the location that is written in the file, without the library's own signposts."""
    path: Path = ()
    for part in loc:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int)):
            data, path = data[part], (*path, part)  # type: ignore[index]
    return path


def _found(kind: str, path: Path, value: object) -> str:
    return "none" if kind == "too_short" else _shown(path, value)


def _shown(path: Path, value: object) -> str:
    return kind_of(value) if HIDDEN & set(path) else described(value)


def _choice(words: list[str], found: object) -> str:
    return listed(words) + _did_you_mean(found, words)


def _unknown_kind(key: str, model: type[BaseModel], path: Path, mapping: Mapping[str, Any]) -> Complaint:
    """A mapping of one of several kinds, whose `key` (`type`) does not say a kind that there is."""
    schema = _schema_of(model)
    kinds = [choice["properties"][key]["const"] for choice in _mappings_at(schema, schema, path)]
    return Complaint((*path, key), described(mapping.get(key)), _choice(kinds, mapping.get(key)))


# ---------------------------------------------------------------- misspelt keys


def _known_keys(model: type[BaseModel], data: Mapping[str, Any], path: Path) -> tuple[str, str | None]:
    """What could stand there, in words, and which of it was meant."""
    schema = _schema_of(model)
    mappings = list(_mappings_at(schema, schema, path[:-1]))
    fitting = [mapping for mapping in mappings if _fits(mapping, value_at(data, path[:-1]))] or mappings
    keys = sorted({key for mapping in fitting for key in mapping["properties"]})
    owners = [_kind(mapping) for mapping in mappings if path[-1] in mapping["properties"]]
    if owners:
        return f"{listed(keys)}; {path[-1]} belongs to {listed(owners)}", None
    return listed(keys) + _did_you_mean(path[-1], keys), _closest(path[-1], keys)


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _did_you_mean(found: object, known: list[str]) -> str:
    close = _closest(found, known)
    return f"; did you mean {close}?" if close else ""


def _closest(found: object, known: list[str]) -> str | None:
    if not isinstance(found, str) or len(found) >= 60:
        return None
    return next(iter(difflib.get_close_matches(found, known, n=1, cutoff=0.6)), None)


def _mappings_at(root: Mapping[str, Any], schema: Mapping[str, Any], path: Path) -> Iterator[Mapping[str, Any]]:
    """The JSON Schemas of the mappings that may stand at the path."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _mappings_at(root, choice, path)
    if not path:
        yield from [schema] if "properties" in schema else []
    elif isinstance(path[0], int):
        yield from _mappings_at(root, schema.get("items", {}), path[1:])
    else:
        named = schema.get("properties", {}).get(path[0])
        for inner in [named] if named else schema.get("patternProperties", {}).values():
            yield from _mappings_at(root, inner, path[1:])


def _fits(mapping: Mapping[str, Any], value: Any) -> bool:
    required = set(mapping.get("required", ()))
    constants = {key: field["const"] for key, field in mapping["properties"].items() if "const" in field}
    return required <= value.keys() and all(value.get(key, constant) == constant for key, constant in constants.items())


def _kind(mapping: Mapping[str, Any]) -> str:
    """What tells this kind of mapping from the others in its place: a key's constant, else the key it cannot lack."""
    constants = (f"{key}: {field['const']}" for key, field in mapping["properties"].items() if "const" in field)
    return next(constants, f"a mapping with {mapping['required'][0]}")


def value_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data
