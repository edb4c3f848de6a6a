"""What people do in Slack that the app hears of: buttons pressed, options chosen, modals submitted and closed.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.slack import modals, shapes
from sandbox.slack.blocks.filled import elements
from sandbox.slack.errors import SlackError
from sandbox.slack.incoming import Incoming
from sandbox.slack.misbehaviour import InteractionFault, Misbehaviour, pause
from sandbox.slack.people import APP_ID, APP_NAME, TEAM_DOMAIN, TEAM_ID, User
from sandbox.slack.records import Channel, Interaction, Json, Message, View
from sandbox.slack.sending import Answer, Send, signature
from sandbox.slack.state import State

WRONG_SECRET = "not the signing secret"  # noqa: S105 - it is what a liar would use
STALE_SECONDS = 301.0
"""One more than an app should believe."""
Values = Mapping[str, str | Sequence[str]]
"""What was filled in, by block id: a text, or the values of the options that were chosen."""


@dataclass
class Interactions:
    """`request_url` is the app's; without one nothing is sent, and people are told that there is none."""

    state: State
    incoming: Incoming
    misbehaviour: Misbehaviour
    send: Send
    request_url: str | None = None

    async def press(
        self, user: User, channel: Channel, message: Message, part: Json, block_id: str, chosen: Sequence[str] = ()
    ) -> Interaction:
        """Something in a message was pressed, or options chosen by their values."""
        answer_to = self.state.new_response_url(user, channel, message.ts, message.thread_ts)
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.only_for is not None,
        }
        if message.thread_ts is not None:
            container["thread_ts"] = message.thread_ts
        payload = {
            **self._common("block_actions", user),
            "container": container,
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_direct else channel.name},
            "response_url": self.incoming.response_url(answer_to),
            "state": {"values": {}},
            "actions": [self._action(part, block_id, chosen)],
        }
        if message.only_for is None:
            payload["message"] = shapes.message(channel, message)
        interaction = await self._deliver(payload)
        where = (user.id, channel.id, message.ts)
        self.state.warnings.pop(where, None)
        if interaction.trouble:
            self.state.warnings[where] = interaction.trouble
        return interaction

    async def press_in_view(
        self, user: User, view: View, part: Json, block_id: str, chosen: Sequence[str] = ()
    ) -> Interaction:
        payload = {
            **self._common("block_actions", user),
            "container": {"type": "view", "view_id": view.id},
            "view": shapes.view(view),
            "actions": [self._action(part, block_id, chosen)],
        }
        interaction = await self._deliver(payload)
        view.trouble = interaction.trouble
        return interaction

    async def submit(self, user: User, view: View, values: Values) -> Interaction | None:
        """None when the form itself knows better: nothing is sent, and the view says what is missing."""
        view.values, view.errors, view.trouble = filled_in(view, values), missing(view, values), ""
        if view.errors:
            return None
        shown = {"view": shapes.view(view), "response_urls": []}
        interaction = await self._deliver({**self._common("view_submission", user), **shown})
        view.trouble = interaction.trouble or self._obey(view, interaction.answer or {})
        return interaction

    async def close(self, user: User, view: View) -> Interaction | None:
        """The app hears of it only where the view asked for that."""
        modals.close(self.state, view)
        if not view.view.get("notify_on_close"):
            return None
        payload = {**self._common("view_closed", user), "view": shapes.view(view), "is_cleared": False}
        del payload["trigger_id"]
        return await self._deliver(payload)

    async def replay(self, interaction: Interaction) -> Answer:
        """The same bytes and headers once more, however old they are."""
        return await self._send(interaction)

    # What is sent.

    def _common(self, kind: str, user: User) -> Json:
        return {
            "type": kind,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": shapes.person(user),
            "api_app_id": APP_ID,
            "token": self.state.app.verification_token,
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.state.new_trigger(user).id,
        }

    def _action(self, part: Json, block_id: str, chosen: Sequence[str]) -> Json:
        kept = ("type", "action_id", "text", "value", "style", "url")
        action = {name: part[name] for name in kept if name in part} | {"block_id": block_id}
        return action | selection(part, chosen) | {"action_ts": self.state.next_ts()}

    async def _deliver(self, payload: Json) -> Interaction:
        fault = self.misbehaviour.of_interaction()
        if fault is not None and fault.kind == "delay":
            await pause(self.state.clock, fault.seconds)
        interaction = self._signed(payload, fault)
        self.state.interactions.append(interaction)
        if fault is not None and fault.kind == "lose":
            answer = Answer(0, trouble="did not answer in time")
        else:
            answer = await self._send(interaction)
        if fault is not None and fault.kind == "double":
            await self._send(interaction)
        self._note(interaction, answer)
        return interaction

    def _signed(self, payload: Json, fault: InteractionFault | None) -> Interaction:
        kind = fault.kind if fault is not None else ""
        secret = WRONG_SECRET if kind == "wrong-secret" else self.state.app.signing_secret
        age = max(STALE_SECONDS, fault.seconds) if fault is not None and kind == "stale" else 0.0
        timestamp = str(int(self.state.now().timestamp() - age))
        body = urlencode({"payload": json.dumps(payload, separators=(",", ":"))}).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret, timestamp, body),
        }
        return Interaction(payload, body, headers)

    async def _send(self, interaction: Interaction) -> Answer:
        if self.request_url is None:
            return Answer(0, trouble="has no address for interactions")
        interaction.deliveries += 1
        return await self.send("POST", self.request_url, interaction.body, interaction.headers)

    # What comes of it.

    def _note(self, interaction: Interaction, answer: Answer) -> None:
        interaction.status = answer.status
        if answer.trouble:
            interaction.trouble = f"{APP_NAME} {answer.trouble}."
        elif not 200 <= answer.status < 300:
            interaction.trouble = f"{APP_NAME} answered with status code {answer.status}."
        elif answer.body.strip() and interaction.payload["type"] == "view_submission":
            try:
                found = json.loads(answer.body)
            except ValueError:
                found = None
            interaction.answer = found if isinstance(found, dict) else {"response_action": "unreadable"}

    def _obey(self, view: View, answer: Json) -> str:
        """Do what the app answered to a submission; what is wrong with it, else empty."""
        action = answer.get("response_action", "")
        try:
            if action == "":
                modals.close(self.state, view)
            elif action == "clear":
                modals.close(self.state, view, everything=True)
            elif action == "errors":
                view.errors = _errors(view, answer.get("errors"))
            elif action == "update":
                modals.change(self.state, view, modals.checked(answer.get("view")))
            elif action == "push":
                pushed = modals.show(self.state, view.user, modals.checked(answer.get("view")))
                pushed.root_id, pushed.previous_id = view.root_id, view.id
            else:
                return f"{APP_NAME} answered with something that can't be understood."
        except SlackError as error:
            return f"{APP_NAME} answered with something that can't be shown ({error.error})."
        return ""


def _errors(view: View, given: object) -> dict[str, str]:
    """By block id; Slack takes them for input blocks only."""
    inputs = {block["block_id"] for block in view.view["blocks"] if block["type"] == "input"}
    if not isinstance(given, dict) or not given or not inputs.issuperset(given):
        raise SlackError("invalid_errors")
    return {str(block_id): str(text) for block_id, text in given.items()}


def part_of(blocks: Sequence[Json], action_id: str, block_id: str | None = None) -> tuple[Json, str]:
    """What can be pressed there, and its block's id. Raises LookupError."""
    for block in blocks:
        for part in elements(block):
            if part["action_id"] == action_id and block_id in (None, block["block_id"]):
                return part, block["block_id"]
    raise LookupError(f"nothing to press is called {action_id!r}")


def selection(part: Json, chosen: Sequence[str]) -> Json:
    """The options with these values, as payloads name them; empty for what has no options."""
    options = [option for option in part.get("options", ()) if option["value"] in chosen]
    if part["type"] == "checkboxes":
        return {"selected_options": options}
    if part["type"] in ("static_select", "radio_buttons"):
        return {"selected_option": options[0] if options else None}
    return {}


def filled_in(view: View, values: Values) -> dict[str, dict[str, Json]]:
    """The `state.values` of a view."""
    found: dict[str, dict[str, Json]] = {}
    for block in view.view["blocks"]:
        for part in elements(block):
            if part["type"] == "button":
                continue
            given = values.get(block["block_id"], "")
            texts = [given] if isinstance(given, str) else list(given)
            typed: Json = selection(part, texts) or {"value": "".join(texts) or None}
            found.setdefault(block["block_id"], {})[part["action_id"]] = {"type": part["type"], **typed}
    return found


def missing(view: View, values: Values) -> dict[str, str]:
    """What Slack's own form refuses: required fields left empty, and texts that are too short or too long."""
    found = {}
    for block in view.view["blocks"]:
        if block["type"] != "input":
            continue
        given, part = values.get(block["block_id"], ""), block["element"]
        if not given and not block.get("optional"):
            found[block["block_id"]] = "Please fill in this field."
        elif isinstance(given, str) and given and len(given) < part.get("min_length", 0):
            found[block["block_id"]] = f"At least {part['min_length']} characters, please."
        elif isinstance(given, str) and len(given) > part.get("max_length", 3000):
            found[block["block_id"]] = f"At most {part.get('max_length', 3000)} characters, please."
    return found
