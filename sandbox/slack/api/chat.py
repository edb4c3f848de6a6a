"""https://docs.slack.dev/reference/methods: chat.*"""

from __future__ import annotations

from typing import Any

from sandbox.slack import shapes
from sandbox.slack.api.call import Call, Json, Method
from sandbox.slack.api.content import LONGEST_UPDATE, content, metadata
from sandbox.slack.errors import SlackError
from sandbox.slack.people import BOT
from sandbox.slack.posting import Draft, edit, post
from sandbox.slack.records import Channel, Message

NOT_FOUND = "message_not_found"


def post_message(call: Call) -> Json:
    channel = call.joined(by_name=True)
    said = content(call)
    draft = Draft(
        text=said.text,
        blocks=said.blocks or [],
        thread_ts=_thread(call, channel),
        metadata=metadata(call),
        also_in_channel=call.flag("reply_broadcast"),
        is_unfurled=call.flag("unfurl_links", default=True),
    )
    made = post(call.state, channel, BOT, draft)
    warning = {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    shown = shapes.message(channel, made, with_metadata=True)
    return {"channel": channel.id, "ts": made.ts, "message": shown} | (warning if said.is_cut else {})


def update(call: Call) -> Json:
    """Blocks that are left out stay as they were."""
    channel, found = _own(call, "cant_update_message")
    said = content(call, LONGEST_UPDATE)
    edit(call.state, found, said.text, said.blocks, metadata(call))
    shown = shapes.message(channel, found, with_metadata=True)
    return {"channel": channel.id, "ts": found.ts, "text": found.text, "message": shown}


def delete(call: Call) -> Json:
    channel, found = _own(call, "cant_delete_message")
    call.state.remove(channel, found)
    return {"channel": channel.id, "ts": found.ts}


def get_permalink(call: Call) -> Json:
    channel = call.channel()
    found = _message(channel, call.text("message_ts"))
    return {"channel": channel.id, "permalink": shapes.permalink(call.state, channel, found)}


def post_ephemeral(call: Call) -> Json:
    channel, user = call.joined(by_name=True), call.user()
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    said = content(call, LONGEST_UPDATE)
    draft = Draft(said.text, said.blocks or [], _thread(call, channel), only_for=user)
    return {"message_ts": post(call.state, channel, BOT, draft).ts}


def _own(call: Call, refusal: str) -> tuple[Channel, Message]:
    channel = call.joined()
    found = _message(channel, call.text("ts"))
    if not found.user.is_bot:
        raise SlackError(refusal)
    return channel, found


def _message(channel: Channel, ts: str) -> Message:
    found = channel.message(ts)
    if found is None or found.only_for is not None:
        raise SlackError(NOT_FOUND)
    return found


def _thread(call: Call, channel: Channel) -> str | None:
    """The first message of the thread that is answered in; a reply's own ts leads there too."""
    asked = call.text("thread_ts")
    if not asked:
        return None
    parent = channel.message(asked)
    if parent is None or parent.only_for is not None:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts


WRITE = ("chat:write",)
METHODS: dict[str, Any] = {
    "chat.postMessage": Method(post_message, WRITE),
    "chat.update": Method(update, WRITE),
    "chat.delete": Method(delete, WRITE),
    "chat.getPermalink": Method(get_permalink),
    "chat.postEphemeral": Method(post_ephemeral, WRITE),
}
