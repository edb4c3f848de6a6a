"""Addresses that take messages without a token: incoming webhooks, and the `response_url` of an interaction.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.slack.api.call import Call
from sandbox.slack.api.content import content
from sandbox.slack.errors import SlackError
from sandbox.slack.people import BOT, BOT_ID, TEAM_ID
from sandbox.slack.posting import Draft, edit, post
from sandbox.slack.records import Channel, ResponseUrl
from sandbox.slack.state import State

NOT_FOUND, BAD, FORBIDDEN = 404, 400, 403


class Incoming:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [
            Route("/services/{team}/{hook}/{token}", self.webhook, methods=["POST"]),
            Route("/actions/{team}/{number}/{secret}", self.response, methods=["POST"]),
        ]

    def webhook_url(self, channel: Channel) -> str:
        """The incoming webhook of a channel that the app is in."""
        hook = f"{BOT_ID[:3]}{channel.id[3:]}"
        return f"{self._state.origin}/services/{TEAM_ID}/{hook}/{self._state.app.webhook_token(channel.id)}"

    def response_url(self, found: ResponseUrl) -> str:
        return f"{self._state.origin}/actions/{TEAM_ID}/{found.id}"

    async def webhook(self, request: Request) -> Response:
        """Text, not JSON: `ok`; 400 for what can't be read, 403 for a wrong token, 404 for no such webhook."""
        path = request.path_params
        channel = self._state.channels.get(f"C{path['hook'][1:]}")
        if path["team"] != TEAM_ID or channel is None or BOT.id not in channel.members:
            return PlainTextResponse("no_service", NOT_FOUND)
        if not hmac.compare_digest(path["token"].encode(), self._state.app.webhook_token(channel.id).encode()):
            return PlainTextResponse("invalid_token", FORBIDDEN)
        try:
            call = Call(self._state, _payload(await request.body()))
            said = content(call)
            draft = Draft(
                said.text, said.blocks or [], is_webhook=True, is_unfurled=call.flag("unfurl_links", default=True)
            )
            post(self._state, channel, BOT, draft)
        except SlackError as error:
            return PlainTextResponse(error.error, BAD)
        return PlainTextResponse("ok")

    async def response(self, request: Request) -> Response:
        """`{"ok": true}`; 404 when it is unknown, too old, or was used five times."""
        path = request.path_params
        found = self._state.response_urls.get(f"{path['number']}/{path['secret']}")
        if path["team"] != TEAM_ID or found is None:
            return _refused("invalid_url", NOT_FOUND)
        if self._state.now() > found.until:
            return _refused("expired_url", NOT_FOUND)
        if found.uses_left <= 0:
            return _refused("used_url", NOT_FOUND)
        try:
            call = Call(self._state, _payload(await request.body()))
            found.uses_left -= 1
            self._respond(found, call)
        except SlackError as error:
            return _refused(error.error, BAD, error.details)
        return JSONResponse({"ok": True})

    def _respond(self, found: ResponseUrl, call: Call) -> None:
        """Change or delete the message of the interaction, or say something to its person, or to the channel."""
        source = found.channel.message(found.ts)
        if call.flag("delete_original"):
            if source is None:
                raise SlackError("message_not_found")
            self._state.remove(found.channel, source)
            return
        said = content(call)
        if call.flag("replace_original"):
            if source is None:
                raise SlackError("message_not_found")
            edit(self._state, source, said.text, said.blocks or [], None)
            return
        is_public = call.text("response_type") == "in_channel"
        thread = call.text("thread_ts") or found.thread_ts
        draft = Draft(said.text, said.blocks or [], thread, only_for=None if is_public else found.user)
        post(self._state, found.channel, BOT, draft)


def _payload(body: bytes) -> Mapping[str, Any]:
    """JSON, or a form with JSON as `payload`."""
    try:
        text = body.decode()
        given = json.loads(parse_qs(text)["payload"][0] if text.startswith("payload=") else text)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(given, dict):
        raise SlackError("invalid_payload")
    return given


def _refused(error: str, status: int, details: Mapping[str, Any] | None = None) -> Response:
    return JSONResponse({"ok": False, "error": error, **(details or {})}, status)
