"""One webhook, as received: a hint to look, never the truth."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    RECEIVED = "received"  # stored, and nobody has looked yet
    DONE = "done"  # the look that it asked for was taken, or it asked for none (a ping)
    IGNORED = "ignored"  # genuine, and about nothing that Tidegate deploys
    REJECTED = "rejected"  # genuine, and about something that its sender may not touch
    DEAD = "dead"  # every look failed; kept for a person


class Receipt(StrEnum):
    """What the inbox says about a delivery that it holds durably."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


PING = "ping"
LOOKS = frozenset({"push", "release", "check_run", "check_suite", "status", "workflow_run", "repository"})
"""The events after which something may be to do: a head moved, a release or a check appeared, a name changed."""


@dataclass(frozen=True)
class Delivery:
    """`id` is the sender's GUID in lower case and unique. `received_at` is aware UTC.

    Only the body is signed: `id` and `event` are the sender's unsigned word. `commit` is the new head of a push, None
    when the branch was deleted; `branch` is None for tags and for events without one. `body_sha256` is over the raw
    body: equal for a body that comes again under another id.
    """

    id: str
    source: str
    event: str
    action: str | None
    repository: str | None
    ref: str | None
    branch: str | None
    commit: str | None
    body_sha256: str
    received_at: datetime

    @property
    def arrives_as(self) -> DeliveryState:
        """The state to store it in. A push of anything but a branch moves nothing that an environment is bound to."""
        if self.event == PING:
            return DeliveryState.DONE
        if self.event not in LOOKS or (self.event == "push" and self.branch is None):
            return DeliveryState.IGNORED
        return DeliveryState.RECEIVED
