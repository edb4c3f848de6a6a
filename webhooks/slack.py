"""Slack's interactions, read from what it posts. Pure: a request in, what somebody did out.

https://docs.slack.dev/reference/interaction-payloads
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from controller.domain.interaction import Did, Interaction
from webhooks.refusals import Outcome, Refused

DEEPEST = 30
LONGEST_VALUE = 500
BUTTONS = {"approve": Did.APPROVE, "reject": Did.REJECT, "code": Did.CODE}
FORMS = {"reject": Did.REJECTED, "code": Did.CODED}
"""By the action's id, and the form's."""

BLOCK, FIELD = "reason", "typed"
"""Where a form has what was typed."""


def interaction(body: bytes, team: str, app: str) -> Interaction:
    """`Refused` for what Slack would not send, and for another workspace's or another app's."""
    payload = _payload(body)
    if _text(payload, "team", "id") != team or payload.get("api_app_id") != app:
        raise Refused(Outcome.UNSIGNED, "This is not the workspace, or not the app, that this controller belongs to.")
    account = _text(payload, "user", "id")
    if not account:
        raise Refused(Outcome.MALFORMED, "The payload does not say who it was.")
    digest = hashlib.sha256(body).hexdigest()
    trigger = str(payload.get("trigger_id", ""))[:LONGEST_VALUE]
    if payload.get("type") == "block_actions":
        return _pressed(payload, account, trigger, digest)
    if payload.get("type") == "view_submission":
        return _submitted(payload, account, trigger, digest)
    return Interaction(account, Did.NOTHING, "", "", "", "", trigger, digest)


def _pressed(payload: Mapping[str, Any], account: str, trigger: str, digest: str) -> Interaction:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and len(actions) == 1 and isinstance(actions[0], dict) else {}
    did = BUTTONS.get(str(action.get("action_id")), Did.NOTHING)
    deployment, plan, _ = _about(action.get("value"))
    return Interaction(account, did, _text(payload, "channel", "id"), deployment, plan, "", trigger, digest)


def _submitted(payload: Mapping[str, Any], account: str, trigger: str, digest: str) -> Interaction:
    view = payload.get("view")
    view = view if isinstance(view, dict) else {}
    did = FORMS.get(str(view.get("callback_id")), Did.NOTHING)
    deployment, plan, place = _about(view.get("private_metadata"))
    typed = _text(view, "state", "values", BLOCK, FIELD, "value")
    return Interaction(account, did, place, deployment, plan, typed, trigger, digest)


def _about(value: object) -> tuple[str, str, str]:
    """Deployment, plan and place, as far as they are there."""
    parts = value.split("|") if isinstance(value, str) and len(value) <= LONGEST_VALUE else []
    deployment, plan, place = [*parts, "", "", ""][:3]
    return deployment, plan, place


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        fields = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=10)
        (text,) = fields["payload"]
        _check_depth(text)
        found = json.loads(text)
    except (ValueError, KeyError, RecursionError) as error:
        raise Refused(Outcome.MALFORMED, "The body is not a form with one payload of JSON.") from error
    if not isinstance(found, dict):
        raise Refused(Outcome.MALFORMED, "The payload is not an object.")
    return found


def _check_depth(text: str) -> None:
    depth = deepest = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise ValueError("nested too deeply")


def _text(found: object, *path: str) -> str:
    """What stands at the end of the path, if that is a text."""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
