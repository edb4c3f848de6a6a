"""Turning an event into the requests that its hooks shall get.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.github.records import Delivery, Hook

if TYPE_CHECKING:
    from sandbox.github.state import Repository, State

MAX_PAYLOAD_BYTES = 25 * 2**20
KEPT_DELIVERIES = 1000
CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}

Prepared = tuple[Hook, Delivery]


def prepare(state: State, repository: Repository, event: str, payload: dict[str, Any]) -> list[Prepared]:
    """One delivery for each hook that wants the event; none at all when the payload is over 25 MB."""
    if len(json.dumps(payload)) > MAX_PAYLOAD_BYTES:
        return []
    hooks = [hook for hook in repository.records.hooks.values() if hook.wants(event)]
    return [(hook, delivery(state, repository, hook, event, payload)) for hook in hooks]


def delivery(state: State, repository: Repository, hook: Hook, event: str, payload: dict[str, Any]) -> Delivery:
    """A new delivery, signed and remembered at its hook."""
    guid = str(uuid.uuid4())
    body = encoded(hook, payload)
    headers = {
        "Accept": "*/*",
        "Content-Type": CONTENT_TYPES[hook.content_type],
        "User-Agent": "GitHub-Hookshot/sandbox",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(repository.id),
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        **signatures(hook.secret, body),
    }
    made = Delivery(state.next_id(), guid, event, payload.get("action"), headers, body, payload, state.now())
    _remember(hook, made)
    return made


def _remember(hook: Hook, made: Delivery) -> None:
    hook.deliveries.append(made)
    del hook.deliveries[:-KEPT_DELIVERIES]


def again(state: State, hook: Hook, earlier: Delivery) -> Delivery:
    """The same event under the same GUID, signed with the secret of now."""
    body = encoded(hook, earlier.payload)
    headers = {name: value for name, value in earlier.headers.items() if not name.startswith("X-Hub-Signature")}
    headers |= {"Content-Type": CONTENT_TYPES[hook.content_type], **signatures(hook.secret, body)}
    made = Delivery(
        state.next_id(),
        earlier.guid,
        earlier.event,
        earlier.action,
        headers,
        body,
        earlier.payload,
        state.now(),
        is_redelivery=True,
    )
    _remember(hook, made)
    return made


def encoded(hook: Hook, payload: dict[str, Any]) -> bytes:
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return (urlencode({"payload": text}) if hook.content_type == "form" else text).encode()


def signatures(secret: str, body: bytes) -> dict[str, str]:
    """Over the raw body, nothing else; a hook without a secret is not signed."""
    if not secret:
        return {}
    algorithms = (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256"))
    return {
        header: f"{name}=" + hmac.new(secret.encode(), body, getattr(hashlib, name)).hexdigest()
        for header, name in algorithms
    }
