"""`ports.Receiver`: somebody's HTTPS address. What is sent has a version, and is signed as the Standard Webhooks
specification has it: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from controller.adapters.outgoing import Outgoing
from controller.adapters.slack import blocks
from controller.domain.bulletin import Bulletin
from controller.domain.ports import Clock
from controller.domain.secret import Secret

VERSION = 1
PREFIX = "whsec_"
"""Of a secret in the specification's own form; what follows is base64."""


class WebhookReceiver:
    """`secrets` newest first: each makes a signature, so that they can be exchanged; none, and nothing is signed."""

    def __init__(self, name: str, address: Secret, secrets: Sequence[Secret], outgoing: Outgoing, clock: Clock) -> None:
        self._name, self._address, self._outgoing, self._clock = name, address, outgoing, clock
        self._keys = [key_of(secret) for secret in secrets]

    def take(self, bulletin: Bulletin) -> None:
        now = self._clock.now()
        body = json.dumps(payload(bulletin, now.isoformat()), ensure_ascii=False).encode()
        name, stamp = message_id(bulletin.key), str(int(now.timestamp()))
        headers = {"webhook-id": name, "webhook-timestamp": stamp}
        if self._keys:
            signed = [signature(key, name, stamp, body) for key in self._keys]
            headers["webhook-signature"] = " ".join(signed)
        self._outgoing.post(self._name, self._address, body, headers)


def message_id(key: str) -> str:
    """The same for the same event. Without a dot, which is what parts it from the rest of what is signed."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def key_of(secret: Secret) -> bytes:
    """
    >>> key_of(Secret("whsec_aGVsbG8=")), key_of(Secret("hello"))
    (b'hello', b'hello')
    """
    text = secret.reveal()
    if not text.startswith(PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return text.encode()


def signature(key: bytes, name: str, stamp: str, body: bytes) -> str:
    made = hmac.digest(key, f"{name}.{stamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(made).decode()}"


def payload(bulletin: Bulletin, now: str) -> dict[str, Any]:
    """`text` and `blocks` are what Slack shows, `data` what programs read."""
    told = bulletin.telling
    data: dict[str, Any] = {"environment": bulletin.environment, "text": bulletin.text}
    if told is not None:
        data |= {
            "deployment": told.subject,
            "title": told.title,
            "state": told.state,
            "why": told.text,
            "facts": dict(told.facts),
            "warning": told.warning,
            "ending": told.ending,
            "link": told.link,
            "review": told.review,
            "is_asked": told.asks is not None,
            "needs_a_person": told.needs_a_person,
            "is_over": told.is_over,
            "ended_badly": told.ended_badly,
        }
    shown = blocks.linked(told) if told is not None else blocks.said(f"{bulletin.environment}: {bulletin.text}")
    fallback = blocks.fallback(told) if told is not None else blocks.escaped(f"{bulletin.environment}: {bulletin.text}")
    return {
        "version": VERSION,
        "type": bulletin.event,
        "timestamp": now,
        "data": data,
        "text": fallback,
        "blocks": shown,
    }
