"""https://docs.slack.dev/reference/methods: auth.test and users.*"""

from __future__ import annotations

from typing import Any

from sandbox.slack import shapes
from sandbox.slack.api.call import Call, Json, Method
from sandbox.slack.people import BOT, BOT_ID, TEAM_ID, TEAM_NAME


def test(call: Call) -> Json:
    return {
        "url": f"{call.state.origin}/",
        "team": TEAM_NAME,
        "user": BOT.name,
        "team_id": TEAM_ID,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def info(call: Call) -> Json:
    return {"user": shapes.user(call.user(), call.state.origin)}


def list_all(call: Call) -> Json:
    members = [shapes.user(each, call.state.origin) for each in call.state.members.everyone]
    cache_ts = int(call.state.now().timestamp())
    return {"members": members, "cache_ts": cache_ts, "response_metadata": {"next_cursor": ""}}


METHODS: dict[str, Any] = {
    "auth.test": Method(test),
    "users.info": Method(info, ("users:read",)),
    "users.list": Method(list_all, ("users:read",)),
}
