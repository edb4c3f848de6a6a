"""What Slack adds to blocks that it takes: the ids that were left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
HAVE_ACTION_ID = ("button", "static_select", "radio_buttons", "checkboxes", "plain_text_input")


def filled(blocks: list[Json], seed: str) -> list[Json]:
    """The blocks with an id each; the same for the same seed."""
    return [_with_ids(block, f"{seed}/{number}") for number, block in enumerate(blocks)]


def _with_ids(block: Json, seed: str) -> Json:
    made = {name: value for name, value in block.items() if value is not None}
    made.setdefault("block_id", _id(seed))
    if "elements" in made:
        made["elements"] = [_element(each, f"{seed}/{number}") for number, each in enumerate(made["elements"])]
    for name in ("accessory", "element"):
        if name in made:
            made[name] = _element(made[name], f"{seed}/{name}")
    return made


def _element(element: Json, seed: str) -> Json:
    made = {name: value for name, value in element.items() if value is not None}
    return {**made, "action_id": made.get("action_id") or _id(seed)} if made["type"] in HAVE_ACTION_ID else made


def _id(seed: str) -> str:
    """Five characters, as Slack's."""
    return hashlib.sha256(seed.encode()).hexdigest()[:5]


def elements(block: Json) -> Iterator[Json]:
    """Everything in a block that can be pressed, chosen or filled in."""
    parts = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
    yield from (part for part in parts if isinstance(part, dict) and part.get("action_id"))


def texts(block: Json) -> Iterator[str]:
    """Every text that a person reads in a block."""
    for name in ("text", "label", "hint", "title"):
        if isinstance(block.get(name), dict):
            yield block[name]["text"]
    for part in (*block.get("fields", ()), *block.get("elements", ())):
        if isinstance(part.get("text"), str):
            yield part["text"]
        elif isinstance(part.get("text"), dict):
            yield part["text"]["text"]
