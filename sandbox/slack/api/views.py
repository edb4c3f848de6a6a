"""https://docs.slack.dev/reference/methods: views.*"""

from __future__ import annotations

from typing import Any

from sandbox.slack import modals, shapes
from sandbox.slack.api.call import Call, Json, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.records import Trigger


def open_view(call: Call) -> Json:
    """In front of the person whose interaction gave the trigger."""
    trigger = _trigger(call)
    given = modals.checked(call.json("view", "invalid_arguments"))
    modals.refuse_taken_id(call.state, given)
    trigger.is_used = True
    made = modals.show(call.state, trigger.user, given)
    trigger.opened = made.id
    return {"view": shapes.view(made)}


def update(call: Call) -> Json:
    """By `view_id` or `external_id`; a `hash` that is not the view's last one is refused."""
    view_id, external_id = call.text("view_id"), call.text("external_id")
    found = call.state.views.get(view_id) or next(
        (each for each in call.state.views.values() if external_id and each.view.get("external_id") == external_id),
        None,
    )
    given = modals.checked(call.json("view", "invalid_arguments"))
    if found is None:
        raise SlackError("not_found")
    if call.text("hash") not in ("", found.hash):
        raise SlackError("hash_conflict")
    modals.change(call.state, found, given)
    return {"view": shapes.view(found)}


def _trigger(call: Call) -> Trigger:
    found = call.state.triggers.get(call.needed("trigger_id"))
    if found is None:
        raise SlackError.with_messages("invalid_arguments", ["invalid `trigger_id`"])
    if found.is_used:
        raise SlackError("exchanged_trigger_id")
    if call.state.now() > found.until:
        raise SlackError("expired_trigger_id")
    return found


METHODS: dict[str, Any] = {"views.open": Method(open_view), "views.update": Method(update)}
