"""`ports.Chat` by Slack's Web API. One attempt for each call: who calls knows when to try again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web import SlackResponse

from controller.adapters.slack import blocks
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.ports import Said
from controller.domain.secret import Secret
from controller.domain.telling import Telling

TIMEOUT_SECONDS = 10
RATE_RETRY = timedelta(seconds=30)
EVENT = "tidegate_deployment"
MOST_LOOKED_AT = 100

PASSING = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
"""Errors that pass by themselves: https://docs.slack.dev/reference/methods/chat.postMessage#errors"""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"})
"""A message that can't be edited any more: another one takes its place."""


HIDDEN = frozenset({"missing_scope", "not_in_channel", "channel_not_found"})
"""Where we may not look whether we said something already, and may yet say it."""

ADVICE = {
    "not_in_channel": "invite the app to the channel",
    "channel_not_found": "make the channel, and invite the app to it",
    "is_archived": "name another channel in the environment's file",
    "invalid_auth": "TIDEGATE_SLACK_TOKEN is not one of this workspace's",
    "token_revoked": "the token was revoked: install the app again, and set TIDEGATE_SLACK_TOKEN",
    "account_inactive": "the app was removed: install it again, and set TIDEGATE_SLACK_TOKEN",
    "expired_trigger_id": "press the button once more",
}
"""What to do, by Slack's word for what is wrong."""

WORD = re.compile(r"[a-z0-9_]{1,80}")
RATE_LIMITED, SERVER_ERRORS = 429, 500
LONGEST_NUMBER = 6


class SlackChat:
    """`url` is the Web API's address, as in `https://slack.com/api/`."""

    def __init__(self, url: str, token: Secret) -> None:
        # slack_sdk would try again by itself on a broken connection: a message could come twice.
        self._client = WebClient(
            token=token.reveal(), base_url=url, timeout=TIMEOUT_SECONDS, retry_handlers=[], proxy=None
        )

    def post(self, channel: str, telling: Telling) -> Said:
        with translated(f"posting {telling.subject} in {channel}"):
            answer = self._client.chat_postMessage(
                channel=channel,
                text=blocks.fallback(telling),
                blocks=blocks.shown(telling),
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT, "event_payload": {"deployment": telling.subject}},
            )
            return Said(_named(answer["channel"]), _named(answer["ts"]))

    def edit(self, said: Said, telling: Telling) -> bool:
        """False where it is not there any more, or can't be edited."""
        with translated(f"editing {telling.subject} in {said.place}"):
            try:
                self._client.chat_update(
                    channel=said.place,
                    ts=said.ts,
                    text=blocks.fallback(telling),
                    blocks=blocks.shown(telling),
                    metadata={"event_type": EVENT, "event_payload": {"deployment": telling.subject}},
                )
            except SlackApiError as error:
                if _Refusal.of(error).code in GONE:
                    return False
                raise
            return True

    def find(self, channel: str, subject: str, since: datetime) -> Said | None:
        """Ours about this deployment, if it stands among the newest there; None also where we may not look."""
        with translated(f"looking for {subject} in {channel}"):
            try:
                place = self._place(channel)
                if place is None:
                    return None
                answer = self._client.conversations_history(
                    channel=place, oldest=f"{since.timestamp():.6f}", limit=MOST_LOOKED_AT, include_all_metadata=True
                )
            except SlackApiError as error:
                if _Refusal.of(error).code in HIDDEN:
                    return None
                raise
            found = [each for each in answer["messages"] if _subject(each) == subject]
            return Said(place, _named(found[0]["ts"])) if found else None

    def reply(self, said: Said, text: str, aloud: bool) -> None:
        """In a thread that is gone nobody reads."""
        with translated(f"answering in {said.place}"):
            try:
                self._client.chat_postMessage(
                    channel=said.place,
                    thread_ts=said.ts,
                    text=_told(text),
                    blocks=blocks.said(text),
                    reply_broadcast=aloud,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SlackApiError as error:
                if _Refusal.of(error).code not in {"thread_not_found", "message_not_found"}:
                    raise

    def direct(self, user: str, text: str, links: Sequence[tuple[str, str]] = ()) -> None:
        with translated("sending a direct message"):
            opened = self._client.conversations_open(users=[user])
            shown = blocks.said(text, links=links)
            self._client.chat_postMessage(
                channel=str(opened["channel"]["id"]),
                text=_told(text),
                blocks=shown,
                unfurl_links=False,
                unfurl_media=False,
            )

    def whisper(
        self, place: str, user: str, text: str, links: Sequence[tuple[str, str]] = (), asks_code: bool = False
    ) -> None:
        """Only `user` sees it. `asks_code`: with a button to type the code of a tie."""
        with translated("whispering"):
            buttons = [(blocks.CODE, "Enter the code", "code")] if asks_code else []
            shown = blocks.said(text, buttons, links)
            self._client.chat_postEphemeral(channel=place, user=user, text=_told(text), blocks=shown)

    def ask_reason(self, trigger: str, private: str, subject: str) -> None:
        with translated("opening a form"):
            view = blocks.form(
                blocks.REJECT, "Reject", "Why? People will read it later.", private, f"{subject} will not start."
            )
            self._client.views_open(trigger_id=trigger, view=view)

    def ask_code(self, trigger: str, private: str) -> None:
        with translated("opening a form"):
            view = blocks.form(blocks.CODE, "Who are you?", "The code from your page", private)
            self._client.views_open(trigger_id=trigger, view=view)

    def _place(self, channel: str) -> str | None:
        """Slack takes names only where something is posted."""
        cursor: str | None = None
        while True:
            answer = self._client.conversations_list(
                exclude_archived=True, limit=1000, cursor=cursor, types="public_channel,private_channel"
            )
            for each in answer["channels"]:
                if each["name"] == channel.removeprefix("#"):
                    return str(each["id"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return None


def _subject(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    return (metadata.get("event_payload") or {}).get("deployment") if metadata.get("event_type") == EVENT else None


def _named(found: object) -> str:
    if not isinstance(found, str) or not found:
        raise ValueError("no name where there should be one")
    return found


def _told(text: str) -> str:
    return blocks.shortened(blocks.escaped(text), blocks.LONGEST_TEXT)


@dataclass(frozen=True)
class _Refusal:
    """What slack_sdk's error says: it keeps an answer of Slack's in one shape, and anything else in another. `code` is
    empty where it was no answer of Slack's."""

    status: int
    code: str
    retry_after: str

    @classmethod
    def of(cls, error: SlackApiError) -> "_Refusal":
        found = error.response
        if isinstance(found, SlackResponse):
            status, said, headers = found.status_code, found.data, found.headers
        else:
            given = found if isinstance(found, Mapping) else {}
            status, said, headers = given.get("status", 200), {}, given.get("headers", {})
        word = str(said.get("error", "")) if isinstance(said, Mapping) else ""
        code = word if WORD.fullmatch(word) else ""  # slack_sdk puts a body that it can't read here
        after = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
        return cls(int(status), code, after)


@contextmanager
def translated(attempted: str) -> Iterator[None]:
    """Slack's errors as ours. The token, and what was said, are never repeated."""
    try:
        yield
    except SlackApiError as error:
        raise _meant(_Refusal.of(error), attempted) from None
    except (SlackClientError, SlackRequestError, OSError, HTTPException) as error:
        told = f"Slack, {attempted}: no answer ({type(error).__name__}); it is tried again by itself"
        raise Transient(told, code="slack.unreachable", retry_after=RATE_RETRY) from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        told = f"Slack, {attempted}: it answered something else ({type(error).__name__})"
        raise Transient(told, code="slack.unreadable", retry_after=RATE_RETRY) from None


def _meant(refusal: _Refusal, attempted: str) -> TidegateError:
    status, code = refusal.status, refusal.code
    if status == RATE_LIMITED or code == "ratelimited":
        after = refusal.retry_after
        is_number = after.isascii() and after.isdecimal() and len(after) <= LONGEST_NUMBER
        wait = timedelta(seconds=int(after)) if is_number else RATE_RETRY
        return Transient(f"Slack, {attempted}: too many at once", code="slack.rate_limit", retry_after=wait)
    if code in PASSING or status >= SERVER_ERRORS:
        told = f"Slack, {attempted}: {code or status}; it is tried again by itself"
        return Transient(told, code="slack.unavailable", retry_after=RATE_RETRY)
    if not code:
        told = f"Slack, {attempted}: it answered something else ({status})"
        return Transient(told, code="slack.unreadable", retry_after=RATE_RETRY)
    advice = ADVICE.get(code, "give the app the scopes of docs/slack.md")
    return Blocked(f"Slack, {attempted}: it answered {code}: {advice}", code="slack.refused")
