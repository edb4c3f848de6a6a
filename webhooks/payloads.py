"""JSON from somebody who may be hostile, read strictly. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

Payload = Mapping[str, Any]


def parsed(text: str) -> Payload:
    """`ValueError` or `RecursionError` for anything but one JSON object of modest depth without repeated keys."""
    found = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - as for every other body that is none
    return found


def fitting(form: re.Pattern[str], payload: Payload, *path: str) -> str | None:
    """The text at `path` when it is there and of this form."""
    found: object = payload
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) and form.fullmatch(found) else None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of a repeated key may each believe another value, so none is believed."""
    together = dict(pairs)
    if len(together) != len(pairs):
        raise ValueError("a key is repeated")
    return together


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
