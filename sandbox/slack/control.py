"""What tests and `tidegate sandbox` do to this Slack: read, press, fill in, and make it misbehave.

`Control` is for whoever shares its loop. The same by HTTP is below `/slack` and at `/faults/slack` of the sandbox's own
API, behind its token; errors there are `{"error": sentence}` with 422.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack import shapes
from sandbox.slack.interactions import Interactions, Values, part_of
from sandbox.slack.misbehaviour import (
    CALL_FAULTS,
    INTERACTION_FAULTS,
    CallFault,
    InteractionFault,
    Misbehaviour,
)
from sandbox.slack.people import User
from sandbox.slack.posting import Draft, post
from sandbox.slack.records import Channel, Interaction, Json, Message, View
from sandbox.slack.sending import Answer
from sandbox.slack.state import State

MOST = 10_000
SECONDS_BETWEEN_MESSAGES = 1.0
"""Slack's limit for messages in one channel."""


@dataclass(frozen=True)
class Control:
    """People and channels by their names here, or by Slack's ids. Raises LookupError for what is not there."""

    state: State
    interactions: Interactions
    misbehaviour: Misbehaviour

    # Reading.

    def messages(self, channel: str) -> list[Message]:
        """What stands in a channel, oldest first; a person's name means the direct messages of that person."""
        return self._channel(channel).timeline()

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies to a message, oldest first."""
        return self._channel(channel).replies(ts)

    def whispers(self, channel: str, person: str) -> list[Message]:
        """What only this person sees in a channel."""
        user = self._user(person)
        return [each for each in self._channel(channel).messages if each.only_for == user]

    def view(self, person: str) -> View | None:
        """The modal in front of a person."""
        return self.state.open_view(self._user(person))

    @property
    def sent(self) -> Sequence[Interaction]:
        """Every interaction so far, oldest first."""
        return self.state.interactions

    # People.

    async def press(
        self, person: str, ts: str, action_id: str, *, chosen: Sequence[str] = (), block_id: str | None = None
    ) -> Interaction:
        """Press something in a message, or choose options of it by their values."""
        user = self._user(person)
        channel, message = self._message(ts, user)
        part, block_id = part_of(message.blocks, action_id, block_id)
        return await self.interactions.press(user, channel, message, part, block_id, chosen)

    async def submit(self, person: str, view: str, values: Values) -> Interaction | None:
        """Fill in a modal, by its blocks' ids, and submit it; None when Slack itself asks for more."""
        return await self.interactions.submit(self._user(person), self._view(person, view), values)

    async def close(self, person: str, view: str) -> Interaction | None:
        """Close a modal without submitting it."""
        return await self.interactions.close(self._user(person), self._view(person, view))

    def say(self, person: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Write something; `text` is Slack's mark-up."""
        draft = Draft(text, thread_ts=thread_ts, is_unfurled=True)
        return post(self.state, self._channel(channel), self._user(person), draft)

    async def replay(self, number: int) -> Answer:
        """Send the interaction of this number (-1 is the last one) once more, with its old signature and time."""
        return await self.interactions.replay(self.state.interactions[number])

    # Bad luck.

    def break_calls(self, fault: CallFault) -> None:
        self.misbehaviour.calls.append(fault)

    def break_interactions(self, fault: InteractionFault) -> None:
        self.misbehaviour.interactions.append(fault)

    def limit_messages(self, seconds: float = SECONDS_BETWEEN_MESSAGES) -> None:
        """Take at most one message each `seconds` in a channel, as Slack does; 0 for as many as come."""
        self.misbehaviour.seconds_between_messages = seconds

    def take_scope(self, scope: str) -> None:
        """The app loses a scope that it was given."""
        self.state.app.scopes.discard(scope)

    def behave(self) -> None:
        """Everything works again."""
        self.misbehaviour.clear()

    # By HTTP.

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/slack/messages/{channel}", _json(self._read), methods=["GET"]),
            Route("/slack/press", _json(self._press), methods=["POST"]),
            Route("/slack/submit", _json(self._submit), methods=["POST"]),
            Route("/slack/replay", _json(self._replay), methods=["POST"]),
            Route("/faults/slack", _json(self._fault), methods=["POST"]),
            Route("/faults/slack", _json(self._behave), methods=["DELETE"]),
        ]

    async def _read(self, body: Json) -> Json:
        """`messages` and, in `threads`, the replies by the ts of what they answer."""
        channel = self._channel(str(body["channel"]))
        timeline = channel.timeline()
        threads = {each.ts: channel.replies(each.ts) for each in timeline}
        return {
            "messages": [shapes.message(channel, each, with_metadata=True) for each in timeline],
            "threads": {
                ts: [shapes.message(channel, each) for each in found] for ts, found in threads.items() if found
            },
        }

    async def _press(self, body: Json) -> Json:
        """`{person, ts, action_id, chosen?}`"""
        person, ts, action_id = (_text(body, name) for name in ("person", "ts", "action_id"))
        chosen = [str(value) for value in body.get("chosen") or ()]
        return self._told(await self.press(person, ts, action_id, chosen=chosen), person)

    async def _submit(self, body: Json) -> Json:
        """`{person, values}`: the modal in front of the person."""
        person, values = _text(body, "person"), body.get("values") or {}
        found = self.view(person)
        if found is None or not isinstance(values, dict):
            raise ValueError(f"no modal is in front of {person}")
        return self._told(await self.submit(person, found.id, values), person)

    async def _replay(self, body: Json) -> Json:
        """`{number?}`"""
        answer = await self.replay(int(body.get("number", -1)))
        return {"status": answer.status, "trouble": answer.trouble}

    async def _fault(self, body: Json) -> Json:
        """`{kind, count?, seconds?, method?, error?, status?, of?}`; `of: interactions` for the other direction, and
        `{kind: limit, seconds?}` for Slack's own limit."""
        kind, count = _text(body, "kind"), int(body.get("count") or 1)
        if not 1 <= count <= MOST:
            raise ValueError(f"count must be 1 to {MOST}, found {count}")
        if kind == "limit":
            self.limit_messages(float(body.get("seconds", SECONDS_BETWEEN_MESSAGES)))
        elif body.get("of") == "interactions":
            self.break_interactions(_interaction_fault(kind, count, body))
        else:
            self.break_calls(_call_fault(kind, count, body))
        return {"fault": kind, "count": count}

    async def _behave(self, body: Json) -> Json:
        self.behave()
        return {"faults": []}

    def _told(self, interaction: Interaction | None, person: str) -> Json:
        found = self.view(person)
        return {
            "status": 0 if interaction is None else interaction.status,
            "trouble": "" if interaction is None else interaction.trouble,
            "view": None if found is None else shapes.view(found) | {"errors": found.errors},
        }

    # Finding.

    def _user(self, name: str) -> User:
        found = self.state.members.named(name)
        if found is None or found.is_bot:
            raise LookupError(f"nobody in Slack is called {name!r}")
        return found

    def _channel(self, name: str) -> Channel:
        user = self.state.members.named(name)
        if user is not None and not user.is_bot:
            return self.state.direct(user)
        found = self.state.channel(name)
        if found is None:
            raise LookupError(f"no channel is called {name!r}")
        return found

    def _message(self, ts: str, user: User) -> tuple[Channel, Message]:
        for channel in self.state.channels.values():
            message = channel.message(ts)
            if message is not None and message.only_for in (None, user) and user.id in channel.members:
                return channel, message
        raise LookupError(f"{user.name} sees no message {ts!r}")

    def _view(self, person: str, view_id: str) -> View:
        found = self.state.views.get(view_id)
        if found is None or found.user != self._user(person):
            raise LookupError(f"no modal {view_id!r} is in front of {person}")
        return found


def _call_fault(kind: str, count: int, body: Json) -> CallFault:
    known = next((each for each in CALL_FAULTS if each == kind), None)
    if known is None:
        raise ValueError(f"no fault of Slack's API is called {kind!r}: use one of {', '.join(CALL_FAULTS)}, limit")
    return CallFault(
        known,
        count,
        method=str(body.get("method") or ""),
        seconds=float(body.get("seconds") or 1.0),
        error=str(body.get("error") or "fatal_error"),
        status=int(body.get("status") or 200),
    )


def _interaction_fault(kind: str, count: int, body: Json) -> InteractionFault:
    known = next((each for each in INTERACTION_FAULTS if each == kind), None)
    if known is None:
        raise ValueError(f"no fault of interactions is called {kind!r}: use one of {', '.join(INTERACTION_FAULTS)}")
    return InteractionFault(known, count, seconds=float(body.get("seconds") or 5.0))


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"the request needs {name!r}, a text; found {value!r}")
    return value


def _json(action: Callable[[Json], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await action({**_object(await request.body()), **request.path_params}))
        except (ValueError, LookupError) as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


def _object(body: bytes) -> Json:
    found = json.loads(body or b"{}")
    if not isinstance(found, dict):
        raise ValueError("the request must be a JSON object")  # noqa: TRY004 - json's own errors are ValueErrors too
    return found
