"""What deployments bring: one row each, from its first moment, and whether GitHub is to be asked about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select, update
from sqlmodel import col

from controller.domain.backlog import Backlog
from controller.domain.contents import Contents
from controller.domain.deployment import FINAL, Deployment, Phase
from controller.store.bodies import CONTENTS
from controller.store.tables import (
    NOT_COUNTED,
    TO_ASK,
    TO_COUNT,
    UNRESTORED,
    ContentsRow,
    DeliveryFactRow,
    DeploymentRow,
)
from controller.store.timers import LONGEST_WAIT
from controller.store.transaction import Transaction

COLUMNS = ("deployment", "environment", "asked", "attempts")

TURN = 0x71DEC047
"""Any number will do, as long as nobody else locks it in the same database."""


def from_row(row: Mapping[str, Any]) -> Contents:
    columns = {name: row[name] for name in COLUMNS} | {"is_due": row["due_at"] is not None}
    return CONTENTS.load(row["body_version"], row["body"], columns)


def to_row(contents: Contents) -> dict[str, Any]:
    columns = {name: getattr(contents, name) for name in COLUMNS}
    return {**columns, "body": CONTENTS.dump(contents), "body_version": CONTENTS.version}


class ContentsKept:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def begin(self, deployment: Deployment) -> None:
        """Of a new deployment: GitHub is asked as soon as somebody has time. Where it has begun nothing happens."""
        new = Contents(deployment.id, deployment.environment)
        row = {**to_row(new), "due_at": deployment.created_at, "is_counted": False}
        self._transaction.insert_new(ContentsRow, row, ["deployment"])

    def of(self, deployment: str) -> Contents | None:
        """None of one that was written down by something else than `begin`."""
        row = self._transaction.row(select(ContentsRow).where(col(ContentsRow.deployment) == deployment))
        return None if row is None else from_row(row)

    def claim(self, now: datetime, hold: timedelta) -> str | None:
        """The id of the newest about which GitHub is to be asked, and about which nobody else asks before `hold` is
        over."""
        row = self._transaction.row(
            select(col(ContentsRow.deployment))
            .where(TO_ASK, _due(now))
            .order_by(col(ContentsRow.seq).desc())
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        self._change(row["deployment"], {"due_at": now + hold})
        return str(row["deployment"])

    def is_due(self, now: datetime) -> bool:
        return self._transaction.row(select(col(ContentsRow.seq)).where(TO_ASK, _due(now)).limit(1)) is not None

    def settle(self, contents: Contents, is_news: bool) -> None:
        """Nobody asks any more; with news its figures are counted anew."""
        counted = {"is_counted": False} if is_news else {}
        self._change(contents.deployment, {**to_row(contents), "due_at": None, **counted})

    def put_off(self, contents: Contents, until: datetime) -> None:
        """At most `LONGEST_WAIT` from now."""
        self._change(contents.deployment, {**to_row(contents), "due_at": until})

    def ask(self, deployment: str, now: datetime) -> None:
        """Once more: what it is compared with is another one by now."""
        self._change(deployment, {"due_at": now, "attempts": 0, "asked": col(ContentsRow.asked) + 1})

    def begin_again(self, now: datetime) -> None:
        """Of those about which GitHub was still to be asked."""
        self._transaction.change(
            update(ContentsRow).where(col(ContentsRow.due_at).is_not(None)).values(due_at=now, attempts=0)
        )

    # Whose figures are counted.

    def takes_turn(self) -> bool:
        """Whether no other controller counts, until this transaction ends."""
        return self._transaction.takes_turn(TURN)

    def uncounted(self, most: int) -> tuple[str, ...]:
        """The ids of finished deployments whose figures are not counted yet, or not as they are now, newest first.
        Without those that are set aside."""
        phase = select(col(DeploymentRow.phase)).where(col(DeploymentRow.id) == col(ContentsRow.deployment))
        found = self._transaction.rows(
            select(col(ContentsRow.deployment))
            .where(TO_COUNT, phase.scalar_subquery().in_(sorted(FINAL)))
            .order_by(col(ContentsRow.seq).desc())
            .limit(most)
        )
        return tuple(row["deployment"] for row in found)

    def backlog(self) -> Backlog:
        """Finished deployments whose figures are not counted. Those that are not finished are few."""
        is_here = exists().where(col(ContentsRow.deployment) == col(DeploymentRow.id), TO_COUNT)
        is_open = col(DeploymentRow.phase).in_(sorted(set(Phase) - FINAL))
        open_ones = self._transaction.row(
            select(func.count().label("count")).select_from(DeploymentRow).where(is_open, is_here)
        )
        left, aside = (self._transaction.count_some(ContentsRow, which) for which in (TO_COUNT, NOT_COUNTED))
        return Backlog(max(left - (open_ones["count"] if open_ones else 0), 0), aside)

    def set_aside(self, deployment: str) -> None:
        """What is to be read for it can't be: GitHub is not asked about it, and its figures are not counted."""
        self._change(deployment, {"is_set_aside": True})

    def try_again(self) -> None:
        """What was set aside: this program may read what another one could not."""
        self._transaction.change(update(ContentsRow).where(NOT_COUNTED).values(is_set_aside=False))

    def counted(self, deployment: str, left: str | None) -> None:
        self._change(deployment, {"is_counted": True, "left": left})

    def count_again(self, deployments: Sequence[str]) -> None:
        self._transaction.change(
            update(ContentsRow).where(col(ContentsRow.deployment).in_(deployments)).values(is_counted=False)
        )

    def count_unrestored_again(self, environment: str, before: datetime) -> None:
        """Something has succeeded there: what had failed before may be over."""
        hurt = select(col(DeliveryFactRow.deployment)).where(
            UNRESTORED,
            col(DeliveryFactRow.environment) == environment,
            col(DeliveryFactRow.service) == "",
            col(DeliveryFactRow.finished_at) < before,
        )
        self._transaction.change(
            update(ContentsRow).where(col(ContentsRow.deployment).in_(hurt)).values(is_counted=False)
        )

    def left_by(self, deployment: str) -> str | None:
        """The rollback that took the traffic from its version first."""
        row = self._transaction.row(
            select(col(ContentsRow.deployment))
            .where(col(ContentsRow.left) == deployment)
            .order_by(col(ContentsRow.seq))
            .limit(1)
        )
        return None if row is None else str(row["deployment"])

    def _change(self, deployment: str, values: Mapping[str, Any]) -> None:
        self._transaction.change(update(ContentsRow).where(col(ContentsRow.deployment) == deployment).values(values))


def _due(now: datetime) -> Any:
    """Also what nobody puts off so long: the clock was set back since."""
    due_at = col(ContentsRow.due_at)
    return or_(due_at <= now, due_at > now + LONGEST_WAIT)
