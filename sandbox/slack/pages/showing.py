"""What the templates are given: messages with everything that stands around them, and modals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sandbox.slack.people import APP_NAME, User
from sandbox.slack.records import Channel, Json, Message, View
from sandbox.slack.state import State, moment


@dataclass(frozen=True)
class Here:
    """Where a part of a message or a modal is: what a press is sent to, and what was filled in before."""

    press: str
    guard: str
    back: str = "/"
    view: View | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_view(self) -> bool:
        return self.view is not None

    def name(self, block: Json) -> str:
        """Of a block's field in the form."""
        return f"value-{block['block_id']}"

    def written(self, block: Json, part: Json) -> str:
        known = self._state(block, part)
        return str((part.get("initial_value") if known is None else known.get("value")) or "")

    def checked(self, block: Json, part: Json) -> list[str]:
        """The values of the options that are chosen."""
        known = self._state(block, part)
        if known is None:
            known = {"selected_option": part.get("initial_option"), "selected_options": part.get("initial_options")}
        options = known.get("selected_options") or [known.get("selected_option")]
        return [option["value"] for option in options if option]

    def _state(self, block: Json, part: Json) -> Json | None:
        return None if self.view is None else self.view.values.get(block["block_id"], {}).get(part["action_id"])


@dataclass(frozen=True)
class Shown:
    """A message on the page."""

    message: Message
    here: Here
    replies: Sequence[Message]
    warning: str
    thread: str

    @property
    def anchor(self) -> str:
        return anchor(self.message.ts)

    @property
    def permalink(self) -> str:
        """Within the page; the one for others is the API's."""
        return f"{self.here.back.partition('#')[0]}#{self.anchor}"

    @property
    def at(self) -> datetime:
        return moment(self.message.ts)

    @property
    def edited_at(self) -> datetime:
        return moment(self.message.edited_ts)

    @property
    def last_reply(self) -> datetime:
        return moment(self.replies[-1].ts)


@dataclass(frozen=True)
class Day:
    name: str
    messages: list[Shown]


@dataclass(frozen=True)
class Place:
    href: str
    mark: str
    name: str
    is_here: bool


def anchor(ts: str) -> str:
    return "p" + ts.replace(".", "")


def path_of(channel: Channel, thread: str | None = None) -> str:
    """The page of a channel, or of a thread in it."""
    return f"/archives/{channel.id}" if thread is None else f"/archives/{channel.id}/thread/{thread}"


def places(state: State, user: User, here: Channel) -> list[Place]:
    """The channels, and the person's own direct messages."""
    seen = [each for each in state.channels.values() if user.id in each.members]
    return [
        Place(path_of(each), "@" if each.is_direct else "#", APP_NAME if each.is_direct else each.name, each == here)
        for each in sorted(seen, key=lambda each: each.is_direct)
    ]


def timeline(state: State, user: User, channel: Channel, guard: str, thread: str | None) -> list[Day]:
    """By day; what only one person sees stands among the rest for that person."""
    seen = [
        each
        for each in channel.messages
        if each.only_for in (None, user) and (each.thread_ts is None or each.also_in_channel)
    ]
    shown = [one(state, user, channel, each, guard, path_of(channel, thread)) for each in seen]
    today = state.now().date()
    return [Day(day_name(day, today), list(of_day)) for day, of_day in groupby(shown, key=lambda each: each.at.date())]


def thread_messages(state: State, user: User, channel: Channel, ts: str, guard: str) -> list[Shown]:
    """The first message, its replies, and what only this person sees of them."""
    seen = [
        each for each in channel.messages if each.ts == ts or (each.thread_ts == ts and each.only_for in (None, user))
    ]
    return [one(state, user, channel, each, guard, path_of(channel, ts)) for each in seen]


def one(state: State, user: User, channel: Channel, message: Message, guard: str, back: str) -> Shown:
    here = Here(f"/archives/{channel.id}/{message.ts}/press", guard, back)
    warning = state.warnings.get((user.id, channel.id, message.ts), "")
    thread = path_of(channel, message.thread_ts or message.ts)
    return Shown(message, here, channel.replies(message.ts), warning, thread)


def day_name(day: date, today: date) -> str:
    near = {today: "Today", today - timedelta(days=1): "Yesterday"}
    return near.get(day) or f"{day:%A}, {day:%B} {day.day}"


def modal(found: View, guard: str) -> dict[str, Any]:
    """What the template of a modal needs."""
    path = f"/views/{found.id}"
    inside = Here(path, guard, path, found, found.errors)
    return {
        "view": {"submit": None, "close": None, **found.view},
        "inside": inside,
        "action": path,
        "trouble": found.trouble,
    }
