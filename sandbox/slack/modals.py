"""Modals that come to be, change and go."""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks.filled import filled
from sandbox.slack.blocks.rules import VIEW
from sandbox.slack.errors import SlackError
from sandbox.slack.people import User
from sandbox.slack.records import Json, View
from sandbox.slack.state import State


def checked(given: Any) -> Json:
    """Raises `invalid_arguments` with everything that is wrong."""
    problems = list(VIEW(given, "/view"))
    if problems:
        raise SlackError.with_messages("invalid_arguments", problems)
    return dict(given)


def refuse_taken_id(state: State, given: Json) -> None:
    wanted = given.get("external_id")
    if wanted and any(each.view.get("external_id") == wanted for each in state.views.values()):
        raise SlackError("duplicate_external_id")


def show(state: State, user: User, given: Json) -> View:
    view_id = state.next_id("V")
    made = View(view_id, user, _filled(given, view_id), state.new_hash(), root_id=view_id)
    state.views[view_id] = made
    return made


def change(state: State, found: View, given: Json) -> None:
    """What was filled in stays where block and action keep their ids."""
    found.hash = state.new_hash()
    found.view = _filled(given, found.hash)
    found.errors, found.trouble = {}, ""
    kept = {block["block_id"] for block in found.view["blocks"]}
    found.values = {block_id: values for block_id, values in found.values.items() if block_id in kept}


def close(state: State, found: View, *, everything: bool = False) -> None:
    """This one, or all that are in front of the person."""
    gone = [each.id for each in state.views.values() if each.user == found.user] if everything else [found.id]
    for view_id in gone:
        state.views.pop(view_id, None)


def _filled(given: Json, seed: str) -> Json:
    return {**given, "blocks": filled(given["blocks"], seed)}
