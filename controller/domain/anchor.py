"""Anchors: where the audit's chain ended at a moment, told where no database can be changed."""

from dataclasses import dataclass
from datetime import datetime

from controller.domain.events import AuditEntry, Event

ANCHORED = "audit anchored"
"""What a line begins with, or a log line says, that tells of an anchor: it is found by it."""


@dataclass(frozen=True)
class Anchor:
    """What the chain's end was at a moment, told outside."""

    position: int
    link: str
    key: str
    at: datetime

    @property
    def line(self) -> str:
        """For where there is room for 140 characters."""
        return f"{ANCHORED} {self.position} {self.link} {self.key} {self.at.isoformat()}"


WORTH_AN_ANCHOR = frozenset({"rolled_back", "failed", "aborted"})
"""Ends of a deployment that may have changed what runs."""


def is_worth_an_anchor(entry: AuditEntry) -> bool:
    """Whether a deployment ended here that may have changed what runs."""
    ended = entry.event is Event.DEPLOYMENT_ENDED and entry.facts.get("phase") in WORTH_AN_ANCHOR
    return ended or entry.event is Event.DEPLOYMENT_SUCCEEDED
