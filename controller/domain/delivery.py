"""One webhook or message, as received: a hint to look, never the truth."""

import re
from collections.abc import Mapping
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


GITHUB, AWS = "github", "aws"

PING = "ping"
LOOKS = frozenset({"push", "release", "check_run", "check_suite", "status", "workflow_run", "repository"})
"""The events of GitHub's after which something may be to do: a head moved, a release or a check appeared, a name
changed."""

PULL_REQUEST = "pull_request"
PROPOSED = frozenset({"opened", "reopened", "synchronize", "edited", "closed", "ready_for_review"})
"""What happens to a pull request after which merging it may do something else."""

_PULL = re.compile(r"refs/pull/([1-9][0-9]{0,8})/head")

SUBSCRIBED = "SubscriptionConfirmation"
ALARM = "CloudWatch Alarm State Change"
HINTS: Mapping[str, frozenset[str] | None] = {
    ALARM: None,
    "ECS Task State Change": frozenset({"RUNNING", "STOPPED"}),
    "ECS Deployment State Change": None,
    "ECR Image Action": frozenset({"PUSH"}),
    "ECR Image Scan": None,
    "Inspector2 Scan": None,
}
"""The events of AWS's after which something that moves may look different, with the actions that count; None: all. A
task passes through ten states, and a look is worth the two that a deployment waits for."""


@dataclass(frozen=True)
class Lost:
    """A delivery that its sender could not hand over. `place` and `address` are the sender's, to ask for it again."""

    place: str
    address: str
    guid: str


@dataclass(frozen=True)
class Delivery:
    """`source` is GITHUB or AWS, `id` the sender's GUID in lower case, unique. `received_at` is aware UTC.

    GitHub signs only the body: `id` and `event` are its unsigned word. `commit` is the new head of a push, None when
    the branch was deleted; `branch` is None for tags and for events without one, and the base of a pull request. `ref`
    is what it is about, in the sender's words: a git ref, or the ARN of an alarm, a cluster, a service, an image
    repository or a topic. `body_sha256` is over the raw body: equal for a body that comes again under another id.
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
    def pull(self) -> int | None:
        """The number of the pull request that it is about."""
        found = _PULL.fullmatch(self.ref or "") if self.event == PULL_REQUEST else None
        return int(found[1]) if found else None

    @property
    def arrives_as(self) -> DeliveryState:
        """The state to store it in. A push of anything but a branch moves nothing that an environment is bound to."""
        if self.source == AWS:
            return self._arrives_from_aws()
        if self.event == PING:
            return DeliveryState.DONE
        if self.event == PULL_REQUEST:
            is_hint = self.action in PROPOSED and self.pull is not None
            return DeliveryState.RECEIVED if is_hint else DeliveryState.IGNORED
        if self.event not in LOOKS or (self.event == "push" and self.branch is None):
            return DeliveryState.IGNORED
        return DeliveryState.RECEIVED

    def _arrives_from_aws(self) -> DeliveryState:
        if self.event == SUBSCRIBED:
            return DeliveryState.DONE
        actions = HINTS.get(self.event, frozenset())
        return DeliveryState.RECEIVED if actions is None or self.action in actions else DeliveryState.IGNORED
