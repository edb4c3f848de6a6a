"""The reference of the environment file's keys, drawn from the models: what `environments/README.md` must say."""

from collections.abc import Iterator
from datetime import timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.domain.manifest import EnvironmentFile, Percent, Rolling, format_duration
from controller.domain.manifest.values import Within
from controller.domain.manifest.wanted import Number, listed

Model = type[BaseModel]

_COMPUTED = {
    "max": "as `min`",
    "health": "with a `route`: its defaults",
    "env": "`{}`",
    "secrets": "`{}`",
    "parameters": "`{}`",
}


def reference() -> str:
    """A heading and a table for every mapping of the file, outermost first."""
    return "\n\n".join(_section(path, kind, model) for path, kind, model in mappings())


def mappings(path: str = "", kind: str = "", model: Model = EnvironmentFile) -> Iterator[tuple[str, str, Model]]:
    """Every mapping of the format: its key path (`*` is a name, `[]` an entry), its kind where it has several."""
    yield path, kind, model
    for key, field in fields(model):
        models = _models_in(field.annotation)
        for inner in models:
            step = "[]" if _has(tuple, field.annotation) else ".*" if key == "services" else ""
            below = _kind(inner) if len(models) > 1 else kind
            yield from mappings(f"{path}.{key}{step}".removeprefix("."), below, inner)


def _section(path: str, kind: str, model: Model) -> str:
    head = f"### `{path}`" if path else "### The file"
    rows = [_row(key, field) for key, field in fields(model)]
    return "\n".join([f"{head} ({kind})" if kind else head, "", _HEAD, *rows])


_HEAD = "| key | what | default | meaning |\n|---|---|---|---|"


def _row(key: str, field: FieldInfo) -> str:
    return f"| `{key}` | {_what(field)} | {_default(key, field)} | {field.description} |"


def fields(model: Model) -> Iterator[tuple[str, FieldInfo]]:
    return ((field.alias or name, field) for name, field in model.model_fields.items())


def _what(field: FieldInfo) -> str:
    return _of(field.annotation, tuple(field.metadata))


def _of(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    for mark in metadata:
        if isinstance(mark, Within):
            return f"time, {mark.least} to {mark.most}"
        if isinstance(mark, Number):
            return f"number, {mark.least} to {mark.most}"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(inner[0], inner[1:])
    if origin is Literal:
        return listed([f"`{word}`" for word in inner])
    if origin in (Union, UnionType):
        kinds = dict.fromkeys(_of(kind) for kind in inner if kind is not NoneType)
        return " or ".join(kinds)
    if origin is tuple:
        return "days" if inner[0] is int else f"list of {_of(inner[0])}"
    if origin is not None and origin.__name__ == "Mapping":
        return f"mapping by name to {_of(inner[1])}"
    return _plain(annotation)


def _plain(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "number or mapping" if annotation.__name__ == "Count" else "mapping"
    names = {
        "str": "text",
        "bool": "`true` or `false`",
        "int": "time of the day",
        "Percent": "share",
        "Span": "window",
        "LocalMoment": "day and time",
    }
    return names[annotation.__name__]


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if field.default_factory is not None:
        return _COMPUTED[key]
    return _written(field.default)


def _written(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{format_duration(value)}`"
        case ():
            return "`[]`"
        case (0, 1, 2, 3, 4, 5, 6):
            return "`Mon-Sun`"
        case Rolling():
            return "`{type: rolling}`"
        case BaseModel():
            return "its defaults"
        case Percent() | int() | str():
            return f"`{value}`"
        case _:
            raise AssertionError(f"no word for the default {value!r}")


def _models_in(annotation: Any) -> list[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _has(wanted: type, annotation: Any) -> bool:
    return get_origin(annotation) is wanted or any(_has(wanted, part) for part in get_args(annotation))


def _kind(model: Model) -> str:
    kind = model.model_fields.get("type")
    return f"type {get_args(kind.annotation)[0]}" if kind else f"with `{next(iter(model.model_fields))}`"
