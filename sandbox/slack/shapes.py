"""Slack's JSON of what is remembered."""

from __future__ import annotations

from typing import Any

from sandbox.slack.people import APP_ID, APP_NAME, BOT, BOT_ID, TEAM_ID, User
from sandbox.slack.records import Channel, Json, Message, View
from sandbox.slack.state import State


def message(channel: Channel, found: Message, *, with_metadata: bool = False) -> Json:
    """A message as `conversations.history` and interactions show it, with its thread's figures when it has one."""
    shown: Json = {"type": "message", "user": found.user.id, "ts": found.ts, "text": found.text, "team": TEAM_ID}
    if found.user.is_bot:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile()}
    if found.is_webhook:
        shown |= {"subtype": "bot_message"}
    if found.blocks:
        shown["blocks"] = found.blocks
    if found.edited_by is not None:
        shown["edited"] = {"user": found.edited_by.id, "ts": found.edited_ts}
    if found.metadata is not None and with_metadata:
        shown["metadata"] = found.metadata
    return shown | thread_of(channel, found)


def thread_of(channel: Channel, found: Message) -> Json:
    if found.thread_ts is not None:
        parent = channel.message(found.thread_ts)
        return {"thread_ts": found.thread_ts} | ({"parent_user_id": parent.user.id} if parent else {})
    replies = channel.replies(found.ts)
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user.id for reply in replies))
    return {
        "thread_ts": found.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users,
        "is_locked": False,
        "subscribed": False,
    }


def bot_profile() -> Json:
    return {"id": BOT_ID, "app_id": APP_ID, "name": APP_NAME, "deleted": False, "team_id": TEAM_ID, "icons": {}}


def channel(found: Channel) -> Json:
    created = int(found.created.timestamp())
    if found.with_user is not None:
        return {"id": found.id, "created": created, "is_im": True, "user": found.with_user.id, "is_archived": False}
    return {
        "id": found.id,
        "name": found.name,
        "name_normalized": found.name,
        "created": created,
        "creator": "U05ADA00001",
        "context_team_id": TEAM_ID,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": found.name == "general",
        "is_member": BOT.id in found.members,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": found.purpose, "creator": "", "last_set": 0},
        "num_members": len(found.members),
    }


def user(found: User, origin: str) -> Json:
    profile: Json = {
        "real_name": found.real_name,
        "display_name": found.name,
        "real_name_normalized": found.real_name,
        "display_name_normalized": found.name,
        "image_48": origin + found.image,
        "team": TEAM_ID,
    }
    return {
        "id": found.id,
        "team_id": TEAM_ID,
        "name": found.name,
        "real_name": found.real_name,
        "deleted": False,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_bot": found.is_bot,
        "is_app_user": False,
        "is_admin": found.is_admin,
        "is_owner": False,
        "is_restricted": False,
        "updated": 0,
        "profile": profile | ({"api_app_id": APP_ID, "bot_id": BOT_ID} if found.is_bot else {}),
    }


def view(found: View) -> Json:
    given = found.view
    return {
        "id": found.id,
        "team_id": TEAM_ID,
        "type": "modal",
        "blocks": given["blocks"],
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "external_id": given.get("external_id", ""),
        "state": {"values": found.values},
        "hash": found.hash,
        "title": given["title"],
        "submit": given.get("submit"),
        "close": given.get("close"),
        "clear_on_close": given.get("clear_on_close", False),
        "notify_on_close": given.get("notify_on_close", False),
        "previous_view_id": found.previous_id,
        "root_view_id": found.root_id,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "app_installed_team_id": TEAM_ID,
    }


def permalink(state: State, where: Channel, found: Message) -> str:
    address = f"{state.origin}/archives/{where.id}/p{found.ts.replace('.', '')}"
    return address if found.thread_ts is None else f"{address}?thread_ts={found.thread_ts}&cid={where.id}"


def person(found: User) -> dict[str, Any]:
    """A person as interactions name them."""
    return {"id": found.id, "username": found.name, "name": found.name, "team_id": TEAM_ID}
