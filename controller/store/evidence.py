"""Evidence: what was known of each failure, written once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from controller.domain.deployment import Deployment
from controller.domain.evidence import FailureEvidence
from controller.store.bodies import EVIDENCE
from controller.store.tables import EvidenceRow
from controller.store.transaction import Transaction

PLAIN = ("deployment", "about", "step", "gathered_at")


def from_row(row: Mapping[str, Any]) -> FailureEvidence:
    return EVIDENCE.load(row["body_version"], row["body"], {name: row[name] for name in PLAIN})


def to_row(evidence: FailureEvidence, environment: str) -> dict[str, Any]:
    return {name: getattr(evidence, name) for name in PLAIN} | {
        "environment": environment,
        "body": EVIDENCE.dump(evidence),
        "body_version": EVIDENCE.version,
    }


class EvidenceKept:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, evidence: FailureEvidence, deployment: Deployment) -> bool:
        """Whether it is new: of one step the first stays."""
        row = to_row(evidence, deployment.environment)
        return self._transaction.insert_new(EvidenceRow, row, ["deployment", "step"])

    def of(self, deployment: str) -> tuple[FailureEvidence, ...]:
        """Oldest first: what was gathered for it, and about it."""
        wanted = select(EvidenceRow).where(
            or_(col(EvidenceRow.deployment) == deployment, col(EvidenceRow.about) == deployment)
        )
        return tuple(map(from_row, self._transaction.rows(wanted.order_by(col(EvidenceRow.seq)))))
