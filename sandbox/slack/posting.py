"""Messages that come to be and change."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack.blocks.filled import filled
from sandbox.slack.people import BOT, User
from sandbox.slack.records import Channel, Json, Message
from sandbox.slack.state import State


@dataclass(frozen=True)
class Draft:
    """A message that has been checked and not been posted."""

    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    only_for: User | None = None
    also_in_channel: bool = False
    is_webhook: bool = False
    is_unfurled: bool = False


def post(state: State, channel: Channel, user: User, draft: Draft) -> Message:
    ts = state.next_ts()
    message = Message(
        ts=ts,
        user=user,
        text=draft.text,
        blocks=filled(draft.blocks, ts),
        thread_ts=draft.thread_ts,
        metadata=draft.metadata,
        only_for=draft.only_for,
        is_webhook=draft.is_webhook,
        also_in_channel=draft.also_in_channel and draft.thread_ts is not None,
    )
    channel.messages.append(message)
    if draft.is_unfurled and draft.only_for is None:
        state.unfurl(message)
    return message


def edit(state: State, message: Message, text: str, blocks: list[Json] | None, metadata: Json | None) -> None:
    """Blocks and metadata that are None stay; without a text that, too, stays."""
    message.edited_by, message.edited_ts = BOT, state.next_ts()
    message.text = text or message.text
    message.blocks = message.blocks if blocks is None else filled(blocks, message.edited_ts)
    message.metadata = metadata or message.metadata
