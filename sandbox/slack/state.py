"""The whole workspace: channels, messages, modals, and the ids and times that are given to them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.slack.people import BOT, PEOPLE, App, Members, User
from sandbox.slack.records import Channel, Interaction, Message, ResponseUrl, Trigger, View

TRIGGER_LIFE = timedelta(seconds=3)
"""https://docs.slack.dev/interactivity/handling-user-interaction: a trigger expires in three seconds."""
RESPONSE_URL_LIFE = timedelta(minutes=30)
CHANNELS = (
    ("C05DEPLOYS1", "deploys", "What Tidegate does in every environment", True),
    ("C05DEPLOYS2", "deploys-prod", "Approvals and deployments of prod", True),
    ("C05GENERAL1", "general", "Everybody, and no app", False),
)
"""Id, name, purpose, and whether the app was invited."""
MICROSECONDS = 1_000_000


def nobody(_message: Message) -> None:
    """Looks at no links."""


@dataclass
class State:
    """Only the event loop touches it. `origin` is this server's own address, without a trailing slash."""

    clock: Clock
    app: App
    members: Members = field(default_factory=Members)
    origin: str = ""
    channels: dict[str, Channel] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    interactions: list[Interaction] = field(default_factory=list)
    warnings: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """What a person is told at a message, by user, channel and ts."""
    unfurl: Callable[[Message], None] = nobody
    """Hears of each message whose links are to be looked at."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _last_microsecond: int = 0

    def __post_init__(self) -> None:
        for channel_id, name, purpose, is_invited in CHANNELS:
            members = {user.id for user in PEOPLE} | ({BOT.id} if is_invited else set())
            self.channels[channel_id] = Channel(channel_id, name, self.now(), members, purpose)

    def now(self) -> datetime:
        return self.clock.now()

    def next_ts(self) -> str:
        """Later than every one before, even when the clock is not."""
        now = self.now()
        microsecond = int(now.timestamp()) * MICROSECONDS + now.microsecond
        self._last_microsecond = max(microsecond, self._last_microsecond + 1)
        return "{}.{:06d}".format(*divmod(self._last_microsecond, MICROSECONDS))

    def next_id(self, prefix: str, length: int = 11) -> str:
        """`V05…`: looks like Slack's, and is the same in every run."""
        digest = hashlib.sha256(f"{prefix} {next(self._ids)}".encode()).hexdigest().upper()
        return f"{prefix}05{digest[: length - len(prefix) - 2]}"

    # Channels.

    def channel(self, reference: str) -> Channel | None:
        """By id, `#name` or name; None when there is none."""
        name = reference.removeprefix("#")
        return self.channels.get(reference) or next(
            (each for each in self.channels.values() if each.name == name and not each.is_direct), None
        )

    def direct(self, user: User) -> Channel:
        """The direct messages of a person and the app, made when there are none."""
        channel_id = f"D{user.id[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(channel_id, user.id, self.now(), {user.id, BOT.id}, with_user=user)
        return self.channels[channel_id]

    def remove(self, channel: Channel, message: Message) -> None:
        """A thread stays when its first message goes."""
        channel.messages.remove(message)

    # Interactivity.

    def new_trigger(self, user: User) -> Trigger:
        number = next(self._ids)
        digest = hashlib.sha256(f"trigger {number}".encode()).hexdigest()[:32]
        trigger = Trigger(
            f"{10_000_000_000 + number}.{20_000_000_000 + number}.{digest}", user, self.now() + TRIGGER_LIFE
        )
        self.triggers[trigger.id] = trigger
        return trigger

    def new_response_url(self, user: User, channel: Channel, ts: str, thread_ts: str | None) -> ResponseUrl:
        number = next(self._ids)
        secret = hashlib.sha256(f"{self.app.secret} response {number}".encode()).hexdigest()[:24]
        made = ResponseUrl(f"{number}/{secret}", user, channel, ts, thread_ts, self.now() + RESPONSE_URL_LIFE)
        self.response_urls[made.id] = made
        return made

    def new_hash(self) -> str:
        digest = hashlib.sha256(f"hash {next(self._ids)}".encode()).hexdigest()[:8]
        return f"{int(self.now().timestamp())}.{digest}"

    def open_view(self, user: User) -> View | None:
        """The modal that lies on top for a person."""
        return next((view for view in reversed(self.views.values()) if view.user == user), None)


def moment(ts: str) -> datetime:
    """When a ts was, aware UTC.

    >>> moment("1767225600.000100").isoformat()
    '2026-01-01T00:00:00.000100+00:00'
    """
    return EPOCH + timedelta(microseconds=int(ts.replace(".", "")))


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
