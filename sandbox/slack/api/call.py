"""One call of a Web API method, and how its arguments are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.people import BOT, User
from sandbox.slack.records import Channel
from sandbox.slack.state import State

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """`arguments` from a form are texts, from JSON whatever it held."""

    state: State
    arguments: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Empty when it is not there."""
        value = self.arguments.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return str(value)
        raise SlackError("invalid_arguments")

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.arguments.get(name)
        return default if value is None else value in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1; `default` when it is not there."""
        text = self.text(name)
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise SlackError("invalid_limit")
        return int(text)

    def json(self, name: str, error: str) -> Any:
        """A value that forms carry as JSON text; `error` where the text is none. None when it is not there."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(error) from None

    def needed(self, name: str) -> str:
        """A text that must be there."""
        found = self.text(name)
        if not found:
            raise SlackError.with_messages("invalid_arguments", [f"missing required field: {name}"])
        return found

    def channel(self, *, by_name: bool = False) -> Channel:
        """By its id; where a message is posted also by name, or by a person's id for the direct messages."""
        reference = self.text("channel")
        user = self.state.members.with_id(reference)
        if by_name and user is not None and not user.is_bot:
            return self.state.direct(user)
        found = self.state.channel(reference) if by_name else self.state.channels.get(reference)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def joined(self, *, by_name: bool = False) -> Channel:
        """A channel that the app is in."""
        found = self.channel(by_name=by_name)
        if BOT.id not in found.members:
            raise SlackError("not_in_channel")
        return found

    def user(self) -> User:
        found = self.state.members.with_id(self.text("user"))
        if found is None:
            raise SlackError("user_not_found")
        return found


@dataclass(frozen=True)
class Method:
    """A handler and the scopes of which the token needs one; none for those that need none."""

    handle: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
