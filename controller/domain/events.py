"""What is written down for ever, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """`subject.verb`; a code never changes its meaning."""

    REVISION_RECORDED = "revision.recorded"
    REVISION_SKIPPED = "revision.skipped"
    REVISION_REFUSED = "revision.refused"
    REVISION_SEALED = "revision.sealed"
    DEPLOYMENT_CREATED = "deployment.created"
    DEPLOYMENT_STARTED = "deployment.started"
    DEPLOYMENT_SUCCEEDED = "deployment.succeeded"
    DEPLOYMENT_PAUSED = "deployment.paused"
    DEPLOYMENT_RESUMED = "deployment.resumed"
    DEPLOYMENT_TURNED_BACK = "deployment.turned_back"
    DEPLOYMENT_ENDED = "deployment.ended"
    DEPLOYMENT_RESTED = "deployment.rested"
    STEP_STARTED = "step.started"
    STEP_ENDED = "step.ended"
    ACTION_INTENDED = "action.intended"
    ACTION_SUCCEEDED = "action.succeeded"
    ACTION_FAILED = "action.failed"
    ORDER_ACCEPTED = "order.accepted"
    ORDER_CARRIED_OUT = "order.carried_out"
    ORDER_REFUSED = "order.refused"
    APPROVAL_COUNTED = "approval.counted"
    APPROVAL_VOIDED = "approval.voided"
    ENVIRONMENT_HELD = "environment.held"
    ENVIRONMENT_RELEASED = "environment.released"
    DRIFT_FOUND = "drift.found"
    DRIFT_GONE = "drift.gone"
    DRIFT_FOUGHT = "drift.fought"
    PERSON_SIGNED_IN = "person.signed_in"
    PERSON_SIGNED_OUT = "person.signed_out"
    PERSON_TIED = "person.tied"
    PERSON_UNTIED = "person.untied"
    TOKEN_MADE = "token.made"  # noqa: S105 - the event, and no token
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the event, and no token
    DATABASE_RESTORED = "database.restored"
    AUDIT_BEGUN = "audit.begun"
    AUDIT_DOUBTED = "audit.doubted"

    @property
    def words(self) -> str:
        """For people: `deployment turned back`."""
        return self.value.replace(".", " ").replace("_", " ")


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit. `actor` is a person's login, or `tidegate`; `facts` are plain JSON values, never
    secrets."""

    event: Event
    environment: str | None
    deployment: str | None
    actor: str
    at: datetime
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)
