"""https://docs.slack.dev/reference/methods: conversations.*"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from sandbox.slack import shapes
from sandbox.slack.api.call import Call, Json, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.records import Channel, Message

DEFAULT_LIMIT, MOST = 100, 999
PUBLIC, DIRECT = "public_channel", "im"


def open_direct(call: Call) -> Json:
    """Of one person and the app; opening again is no error."""
    ids = [each for each in call.text("users").split(",") if each]
    if call.text("channel"):
        found = call.channel()
        return {"no_op": True, "already_open": True, "channel": {"id": found.id}}
    if not ids:
        raise SlackError("users_list_not_supplied")
    if len(ids) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    user = call.state.members.with_id(ids[0])
    if user is None or user.is_bot:
        raise SlackError("user_not_found")
    was_there = f"D{user.id[1:]}" in call.state.channels
    found = call.state.direct(user)
    shown: Json = shapes.channel(found) if call.flag("return_im") else {"id": found.id}
    return {"no_op": was_there, "already_open": was_there, "channel": shown}


def list_all(call: Call) -> Json:
    types = {each.strip() for each in (call.text("types") or PUBLIC).split(",")}
    found = [each for each in call.state.channels.values() if (DIRECT if each.is_direct else PUBLIC) in types]
    shown, cursor = _paged(call, found)
    return {"channels": [shapes.channel(each) for each in shown], "response_metadata": {"next_cursor": cursor}}


def info(call: Call) -> Json:
    return {"channel": shapes.channel(call.channel())}


def history(call: Call) -> Json:
    """Newest first."""
    channel = call.joined()
    found = [each for each in reversed(channel.timeline()) if _is_asked_for(call, each)]
    return _messages(call, channel, found)


def replies(call: Call) -> Json:
    """The thread's first message and its replies, oldest first."""
    channel = call.joined()
    asked = channel.message(call.text("ts"))
    if asked is None or asked.only_for is not None:
        raise SlackError("thread_not_found")
    parent = asked.thread_ts or asked.ts
    first = [each for each in channel.messages if each.ts == parent]
    later = [each for each in channel.replies(parent) if _is_asked_for(call, each)]
    return _messages(call, channel, [*first, *later])


def _messages(call: Call, channel: Channel, found: Sequence[Message]) -> Json:
    shown, cursor = _paged(call, found)
    with_metadata = call.flag("include_all_metadata")
    answer: Json = {
        "messages": [shapes.message(channel, each, with_metadata=with_metadata) for each in shown],
        "has_more": bool(cursor),
        "pin_count": 0,
    }
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _is_asked_for(call: Call, message: Message) -> bool:
    oldest, latest = call.text("oldest") or "0", call.text("latest") or "9" * 10
    try:
        ts, low, high = float(message.ts), float(oldest), float(latest)
    except ValueError:
        raise SlackError("invalid_ts_oldest" if not _is_number(oldest) else "invalid_ts_latest") from None
    return low <= ts <= high if call.flag("inclusive") else low < ts < high


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _paged(call: Call, found: Sequence[Any]) -> tuple[Sequence[Any], str]:
    """This page, and the cursor of the next one; empty on the last."""
    limit = call.number("limit", DEFAULT_LIMIT, MOST + 1)
    begin = _offset(call.text("cursor"))
    following = begin + limit
    return found[begin:following], _cursor(following) if following < len(found) else ""


def _cursor(offset: int) -> str:
    return base64.b64encode(f"next:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        return int(number) if word == "next" and int(number) >= 0 else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> int:
    raise SlackError("invalid_cursor")


READ, READ_HISTORY = ("channels:read", "im:read"), ("channels:history", "im:history")
METHODS: dict[str, Any] = {
    "conversations.open": Method(open_direct, ("im:write",)),
    "conversations.list": Method(list_all, READ),
    "conversations.info": Method(info, READ),
    "conversations.history": Method(history, READ_HISTORY),
    "conversations.replies": Method(replies, READ_HISTORY),
}
