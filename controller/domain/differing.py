"""What differs between two environment files, defaults filled in. Pure."""

import json
from collections.abc import Iterator, Mapping

from controller.domain.manifest import EnvironmentFile, normal_form
from controller.domain.proposal import Change

MOST_CHANGES = 200
LONGEST_VALUE = 120
HIDDEN = ("env",)
"""Keys of a service whose values may be secrets that somebody wrote into the wrong place: that they change is said."""


def changes(live: EnvironmentFile | None, new: EnvironmentFile) -> tuple[Change, ...]:
    """Every field that differs, also those that neither file spells out."""
    old, after = _leaves(live), _leaves(new)
    order = dict.fromkeys((*after, *old))
    differing = [key for key in order if old.get(key) != after.get(key)]
    return tuple(_change(key, old.get(key), after.get(key)) for key in differing[:MOST_CHANGES])


def _change(key: str, old: str | None, new: str | None) -> Change:
    parts = key.split(".")
    if parts[0] == "services" and len(parts) > 3 and parts[2] in HIDDEN:
        return Change(key, *_hidden(old, new))
    return Change(key, _cut(old), _cut(new))


def _hidden(old: str | None, new: str | None) -> tuple[str, str]:
    return "" if old is None else "a value", "" if new is None else "another value" if old else "a value"


def _cut(value: str | None) -> str:
    if value is None:
        return ""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def _leaves(file: EnvironmentFile | None) -> dict[str, str]:
    return dict(_walk("", normal_form(file))) if file is not None else {}


def _walk(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Mappings are gone into; a list is one value. An absent value and an empty list are no field.

    >>> dict(_walk("", {"a": {"b": 1, "c": []}, "d": ["x"], "e": None}))
    {'a.b': '1', 'd': '["x"]'}
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(f"{key}.{name}" if key else str(name), inner)
    elif value is not None and value != []:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
