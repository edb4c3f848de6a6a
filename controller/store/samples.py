"""Samples: what was counted of each slot, minute by minute. Each is written once, whoever saw it how often."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import col

from controller.domain.deployment import Deployment
from controller.domain.metrics import Result, Sample
from controller.domain.slot import Slot
from controller.store.cursor import Page, page, position
from controller.store.tables import SampleRow
from controller.store.transaction import Transaction

TABLE = "samples"
ONCE = ("deployment", "service", "metric", "slot", "at")

KEPT_DEPLOYMENTS = 100
"""So many deployment numbers back samples are kept, in each environment; what was found in them stays with the
deployment. Counted by deployments and not by days: a clock may jump."""


def from_row(row: Mapping[str, Any]) -> Sample:
    return Sample(
        service=row["service"],
        metric=row["metric"],
        slot=Slot(row["slot"]),
        at=row["at"],
        value=row["value"],
        requests=row["requests"],
        limit=row["bound"],
        verdict=Result(row["verdict"]),
    )


def to_row(deployment: Deployment, sample: Sample) -> dict[str, Any]:
    of_sample = {name: value for name, value in vars(sample).items() if name != "limit"}
    return {
        **of_sample,
        "bound": sample.limit,
        "environment": deployment.environment,
        "deployment": deployment.id,
        "number": deployment.number,
    }


class Samples:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, deployment: Deployment, samples: Iterable[Sample]) -> int:
        """How many of them are new. One that is stored stays as it was stored first."""
        rows = (to_row(deployment, sample) for sample in samples)
        new = sum(self._transaction.insert_new(SampleRow, row, ONCE) for row in rows)
        if new:
            self._drop_old(deployment)
        return new

    def page(self, deployment: str, limit: int = 1000, cursor: str | None = None) -> Page[Sample]:
        """Newest first. `BadCursor` for a cursor that this never gave out."""
        wanted = select(SampleRow).where(
            col(SampleRow.deployment) == deployment, col(SampleRow.seq) < position(TABLE, cursor)
        )
        found = self._transaction.rows(wanted.order_by(col(SampleRow.seq).desc()).limit(limit + 1))
        return page(TABLE, [(row["seq"], from_row(row)) for row in found], limit)

    def _drop_old(self, deployment: Deployment) -> None:
        oldest = deployment.number - KEPT_DEPLOYMENTS
        self._transaction.change(
            delete(SampleRow).where(
                col(SampleRow.environment) == deployment.environment, col(SampleRow.number) <= oldest
            )
        )
