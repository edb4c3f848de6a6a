"""What a message says: text and blocks, checked as Slack does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.slack.api.call import Call, Json
from sandbox.slack.blocks.rules import MESSAGE_BLOCKS
from sandbox.slack.errors import SlackError

LONGEST_TEXT = 40_000
"""https://docs.slack.dev/reference/methods/chat.postMessage: longer ones are cut, with a warning."""
LONGEST_UPDATE = 4_000
"""What is longer is `msg_too_long` when a message is changed, or shown to one person."""


@dataclass(frozen=True)
class Content:
    text: str
    blocks: list[Json] | None
    """None when none were given."""
    is_cut: bool = False


def content(call: Call, longest: int | None = None) -> Content:
    """Of a message that is posted; `longest` makes a longer text an error instead of cutting it."""
    text, blocks = call.text("text"), checked(call.json("blocks", "invalid_blocks_format"))
    if not text and not blocks:
        raise SlackError("no_text")
    if longest is not None and len(text) > longest:
        raise SlackError("msg_too_long")
    return Content(text[:LONGEST_TEXT], blocks, len(text) > LONGEST_TEXT)


def checked(blocks: Any) -> list[Json] | None:
    """Raises `invalid_blocks` with everything that is wrong."""
    if blocks is None:
        return None
    if not isinstance(blocks, list) or not all(isinstance(each, dict) for each in blocks):
        raise SlackError("invalid_blocks_format")
    problems = list(MESSAGE_BLOCKS(blocks, "/blocks"))
    if problems:
        metadata = {"messages": [f"[ERROR] {problem}" for problem in problems]}
        raise SlackError("invalid_blocks", errors=problems, response_metadata=metadata)
    return blocks


def metadata(call: Call) -> Json | None:
    """`{"event_type": …, "event_payload": {…}}`."""
    found = call.json("metadata", "invalid_metadata_format")
    if found is None:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(found.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return found
