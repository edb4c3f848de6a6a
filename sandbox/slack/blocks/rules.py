"""Block Kit's limits, as data.

https://docs.slack.dev/reference/block-kit/blocks, …/block-elements and …/composition-objects. What Slack has and this
sandbox lacks answers `unsupported type`, as a word unknown to Slack does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.blocks.check import (
    Rule,
    address,
    boolean,
    every,
    fields,
    items,
    kinds,
    one_of,
    schema,
    string,
    told,
    unique,
    whole,
)

MOST_MESSAGE_BLOCKS, MOST_VIEW_BLOCKS = 50, 100
ANY = string(10**9)
ID = string(255, 1)


def text(most: int, *types: str) -> Rule:
    """A text object of one of these types."""
    parts = fields({"type": one_of(*types), "text": string(most, 1)}, {"emoji": boolean, "verbatim": boolean})
    return schema(parts)


def plain(most: int) -> Rule:
    return text(most, "plain_text")


def either(most: int) -> Rule:
    return text(most, "plain_text", "mrkdwn")


CONFIRM = fields(
    {"title": plain(100), "text": either(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = fields({"text": either(75), "value": string(150, 1)}, {"description": either(75)})
IMAGE = fields({"type": ANY, "image_url": address, "alt_text": string(2000, 1)}, {})
BUTTON = fields(
    {"type": ANY, "text": plain(75)},
    {
        "action_id": ID,
        "url": address,
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
SELECT = fields(
    {"type": ANY, "options": items(OPTION, 100)},
    {
        "action_id": ID,
        "placeholder": plain(150),
        "initial_option": OPTION,
        "confirm": CONFIRM,
        "focus_on_load": boolean,
    },
)
RADIO = fields(
    {"type": ANY, "options": items(OPTION, 10)},
    {"action_id": ID, "initial_option": OPTION, "confirm": CONFIRM, "focus_on_load": boolean},
)
CHECKBOXES = fields(
    {"type": ANY, "options": items(OPTION, 10)},
    {"action_id": ID, "initial_options": items(OPTION, 10), "confirm": CONFIRM, "focus_on_load": boolean},
)
INPUT_TEXT = fields(
    {"type": ANY},
    {
        "action_id": ID,
        "placeholder": plain(150),
        "initial_value": string(3000),
        "multiline": boolean,
        "min_length": whole(0, 3000),
        "max_length": whole(1, 3000),
        "focus_on_load": boolean,
    },
)
CHOICES = {"static_select": SELECT, "radio_buttons": RADIO, "checkboxes": CHECKBOXES}
INTERACTIVE = {"button": BUTTON, **CHOICES}


def _section(value: Any, at: str) -> Iterator[str]:
    parts = {
        "text": either(3000),
        "fields": items(either(2000), 10),
        "accessory": kinds({**INTERACTIVE, "image": IMAGE}),
        "block_id": ID,
        "expand": boolean,
    }
    yield from fields({"type": ANY}, parts)(value, at)
    if value.get("text") is None and value.get("fields") is None:
        yield told("must define either `text` or `fields`", f"{at}/type")


def _actions(value: Any, at: str) -> Iterator[str]:
    problems = list(fields({"type": ANY, "elements": items(kinds(INTERACTIVE), 25)}, {"block_id": ID})(value, at))
    yield from problems
    if not problems:
        yield from unique(value["elements"], "action_id", "element", f"{at}/elements")


CONTEXT_PARTS = {"image": IMAGE, "plain_text": plain(3000), "mrkdwn": text(3000, "mrkdwn")}
BLOCKS: dict[str, Rule] = {
    "section": _section,
    "header": fields({"type": ANY, "text": plain(150)}, {"block_id": ID}),
    "context": fields({"type": ANY, "elements": items(kinds(CONTEXT_PARTS), 10)}, {"block_id": ID}),
    "divider": fields({"type": ANY}, {"block_id": ID}),
    "actions": _actions,
    "image": fields(
        {"type": ANY, "image_url": address, "alt_text": string(2000, 1)}, {"title": plain(2000), "block_id": ID}
    ),
    "input": fields(
        {"type": ANY, "label": plain(2000), "element": kinds({"plain_text_input": INPUT_TEXT, **CHOICES})},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean, "block_id": ID},
    ),
}


def _unique_blocks(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        yield from unique([each for each in value if isinstance(each, dict)], "block_id", "block", at)


MESSAGE_BLOCKS = every(items(kinds(BLOCKS), MOST_MESSAGE_BLOCKS, 0), _unique_blocks)
VIEW_BLOCKS = every(items(kinds(BLOCKS), MOST_VIEW_BLOCKS), _unique_blocks)
VIEW_PARTS = fields(
    {"type": one_of("modal"), "title": plain(24), "blocks": VIEW_BLOCKS},
    {
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(3000),
        "callback_id": string(255),
        "external_id": string(255),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def _view(value: Any, at: str) -> Iterator[str]:
    problems = list(VIEW_PARTS(value, at))
    yield from problems
    if not problems and value.get("submit") is None and any(each["type"] == "input" for each in value["blocks"]):
        yield told("missing required field: submit", at)


VIEW = schema(_view)
