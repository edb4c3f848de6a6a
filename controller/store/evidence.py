"""Evidence: what was known of each failure, written once."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from controller.domain.deployment import Deployment
from controller.domain.evidence import FailureEvidence
from controller.store.bodies import EVIDENCE
from controller.store.tables import EvidenceRow
from controller.store.transaction import Transaction

AT_ONCE = 400
"""Each is asked for twice in a statement, which takes 999 values where SQLite is old."""

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

    def of_all(self, deployments: Iterable[str]) -> Mapping[str, tuple[FailureEvidence, ...]]:
        """As `of`, of several: of those that have any."""
        ids = list(dict.fromkeys(deployments))
        found: dict[str, list[FailureEvidence]] = {}
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            own, other = col(EvidenceRow.deployment), col(EvidenceRow.about)
            wanted = select(EvidenceRow).where(or_(own.in_(some), other.in_(some)))
            for evidence in map(from_row, self._transaction.rows(wanted.order_by(col(EvidenceRow.seq)))):
                for one in {evidence.deployment, evidence.about}.intersection(some):
                    found.setdefault(one, []).append(evidence)
        return {one: tuple(gathered) for one, gathered in found.items()}
