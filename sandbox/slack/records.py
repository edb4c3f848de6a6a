"""What the workspace remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.slack.people import User

Json = dict[str, Any]


@dataclass
class Message:
    """One message; `ts` is its id within the channel: seconds, a point and six digits."""

    ts: str
    user: User
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    """Of the thread's first message; None for a message in the channel itself, also where a thread hangs on it."""
    metadata: Json | None = None
    edited_by: User | None = None
    edited_ts: str = ""
    only_for: User | None = None
    """Of an ephemeral message: who sees it."""
    is_webhook: bool = False
    also_in_channel: bool = False


@dataclass
class Channel:
    """A channel, or (`with_user`) the direct messages of one person and the app."""

    id: str
    name: str
    created: datetime
    members: set[str]
    purpose: str = ""
    with_user: User | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def is_direct(self) -> bool:
        return self.with_user is not None

    def message(self, ts: str) -> Message | None:
        return next((each for each in self.messages if each.ts == ts), None)

    def replies(self, ts: str) -> list[Message]:
        """Of a thread, oldest first, without what only one person sees."""
        return [each for each in self.messages if each.thread_ts == ts and each.only_for is None]

    def timeline(self) -> list[Message]:
        """What stands in the channel itself, oldest first, without what only one person sees."""
        return [
            each for each in self.messages if each.only_for is None and (each.thread_ts is None or each.also_in_channel)
        ]


@dataclass
class View:
    """A modal in front of one person; `errors` are those of the last submission, by block id."""

    id: str
    user: User
    view: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass
class Trigger:
    """What opens one modal, once, for a few seconds."""

    id: str
    user: User
    until: datetime
    is_used: bool = False
    opened: str = ""
    """The view that it opened."""


@dataclass
class ResponseUrl:
    """Where the app may answer an interaction: five times in half an hour."""

    id: str
    user: User
    channel: Channel
    ts: str
    thread_ts: str | None
    until: datetime
    uses_left: int = 5


@dataclass
class Interaction:
    """One request to the app, as it went out, and what came of it: `trouble` is empty when it was answered well."""

    payload: Json
    body: bytes
    headers: dict[str, str]
    status: int = 0
    answer: Json | None = None
    trouble: str = ""
    deliveries: int = 0
