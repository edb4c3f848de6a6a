"""What happens to webhooks: made, pinged, and asked to deliver something again."""

from __future__ import annotations

from typing import Literal

from sandbox.github import deliveries, payloads
from sandbox.github.errors import ApiError
from sandbox.github.people import Person
from sandbox.github.records import Delivery, Hook
from sandbox.github.state import Repository, State


def add(
    state: State,
    repository: Repository,
    *,
    url: str,
    secret: str,
    content_type: str,
    events: tuple[str, ...],
    active: bool,
    by: Person,
) -> Hook:
    """A new hook, pinged at once; ApiError 422 for an address that is not HTTP or is there already."""
    if not url.startswith(("http://", "https://")):
        raise ApiError.invalid("Hook", "url", "url must be an http or https address")
    if any(hook.url == url for hook in repository.records.hooks.values()):
        raise ApiError.invalid("Hook", "url", "Hook already exists on this repository")
    kind, now = checked_content_type(content_type), state.now()
    hook = Hook(state.next_id(), url, secret, kind, events, active, now, now)
    repository.records.hooks[hook.id] = hook
    ping(state, repository, hook, by)
    return hook


def checked_content_type(name: str) -> Literal["json", "form"]:
    if name == "json":
        return "json"
    if name == "form":
        return "form"
    raise ApiError.invalid("Hook", "content_type", "content_type must be json or form")


def ping(state: State, repository: Repository, hook: Hook, by: Person) -> None:
    payload = payloads.ping(state, repository, hook, by)
    made = deliveries.delivery(state, repository, hook, "ping", payload)
    state.deliver(repository, by, (hook, made))


def redeliver(state: State, repository: Repository, hook: Hook, delivery: Delivery, by: Person) -> None:
    state.deliver(repository, by, (hook, deliveries.again(state, hook, delivery)))
