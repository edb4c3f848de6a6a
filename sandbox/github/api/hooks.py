"""Webhooks: making them, pinging them, and reading or repeating what was delivered."""

from __future__ import annotations

from typing import Any

from sandbox.github import hooks
from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.errors import ApiError
from sandbox.github.records import Delivery, Hook
from sandbox.github.shapes import hooks as shapes


def listed(call: Call) -> Any:
    found = list(call.repository.records.hooks.values())
    return Page(found, lambda hook: shapes.hook(call.links, call.repository, hook))


def _hook(call: Call) -> Hook:
    found = call.repository.records.hooks.get(call.path["id"])
    if found is None:
        raise ApiError.not_found()
    return found


def get(call: Call) -> Any:
    return shapes.hook(call.links, call.repository, _hook(call))


def create(call: Call) -> Any:
    """A new hook gets a ping at once."""
    (config,) = call.needs("config")
    made = hooks.add(
        call.state,
        call.repository,
        url=config.get("url", ""),
        secret=config.get("secret") or "",
        content_type=config.get("content_type") or "form",
        events=tuple(call.body.get("events") or ("push",)),
        active=call.body.get("active", True),
        by=call.by,
    )
    return Reply(201, shapes.hook(call.links, call.repository, made))


def edit(call: Call) -> Any:
    hook, config = _hook(call), call.body.get("config") or {}
    hook.url = config.get("url", hook.url)
    hook.secret = config.get("secret", hook.secret)
    hook.content_type = hooks.checked_content_type(config.get("content_type", hook.content_type))
    events = call.body.get("events") or [*hook.events, *call.body.get("add_events", [])]
    hook.events = tuple(event for event in events if event not in call.body.get("remove_events", []))
    hook.active = call.body.get("active", hook.active)
    hook.updated_at = call.state.now()
    return shapes.hook(call.links, call.repository, hook)


def delete(call: Call) -> Any:
    del call.repository.records.hooks[_hook(call).id]
    return Reply(204)


def ping(call: Call) -> Any:
    hooks.ping(call.state, call.repository, _hook(call), call.by)
    return Reply(204)


def test(call: Call) -> Any:
    """Repeats the newest push, when there has been one."""
    hook = _hook(call)
    pushes = [delivery for delivery in hook.deliveries if delivery.event == "push"]
    if pushes:
        hooks.redeliver(call.state, call.repository, hook, pushes[-1], call.by)
    return Reply(204)


def deliveries(call: Call) -> Any:
    """Newest first; `status` is success or failure. Pages by number, where GitHub has a cursor."""
    found = _hook(call).deliveries[::-1]
    if wanted := call.query.get("status"):
        found = [delivery for delivery in found if _is_success(delivery) == (wanted == "success")]
    return Page(found, lambda delivery: shapes.delivery_in_list(call.repository, delivery))


def _is_success(delivery: Delivery) -> bool:
    return delivery.answer is not None and 200 <= delivery.answer.status < 400


def _delivery(call: Call, hook: Hook) -> Delivery:
    for found in hook.deliveries:
        if found.id == call.path["delivery"]:
            return found
    raise ApiError.not_found()


def delivery(call: Call) -> Any:
    hook = _hook(call)
    return shapes.delivery(call.repository, hook.url, _delivery(call, hook))


def redeliver(call: Call) -> Any:
    hook = _hook(call)
    hooks.redeliver(call.state, call.repository, hook, _delivery(call, hook), call.by)
    return Reply(202, {})


_BASE = "/repos/{owner}/{repo}/hooks"
_ONE = _BASE + "/{id:int}"

ROUTES: list[Rest] = [
    ("GET", _BASE, listed),
    ("POST", _BASE, create),
    ("GET", _ONE, get),
    ("PATCH", _ONE, edit),
    ("DELETE", _ONE, delete),
    ("POST", _ONE + "/pings", ping),
    ("POST", _ONE + "/tests", test),
    ("GET", _ONE + "/deliveries", deliveries),
    ("GET", _ONE + "/deliveries/{delivery:int}", delivery),
    ("POST", _ONE + "/deliveries/{delivery:int}/attempts", redeliver),
]
