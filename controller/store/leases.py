"""Leases: who may advance an environment. They live in its row, and run by the database's clock.

A writer whose lease is over is fenced off: `lock` holds the row until the transaction ends, so nobody can claim it.
That protects rows; calls to AWS cannot be fenced, so a new owner also waits (`Lease.taken_over`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlmodel import col

from controller.domain.errors import Conflict
from controller.store.tables import EnvironmentRow
from controller.store.transaction import Transaction

lease_owner = col(EnvironmentRow.lease_owner)
lease_epoch = col(EnvironmentRow.lease_epoch)
lease_expires_at = col(EnvironmentRow.lease_expires_at)
lease_previous = col(EnvironmentRow.lease_previous)


@dataclass(frozen=True)
class Lease:
    """`epoch` grows whenever the environment changes hands. `expires_at` is by the database's clock: a holder measures
    `seconds` with its own monotonic clock, from before it asked. `taken_over`: another owner never gave it back, and a
    call of its may still be on its way; wait before the first change.
    """

    environment: str
    owner: str
    epoch: int
    expires_at: datetime
    seconds: int
    taken_over: bool = False


@dataclass(frozen=True)
class LeaseHolder:
    """`is_held` is by the database's clock, at the moment it was asked."""

    environment: str
    owner: str
    epoch: int
    expires_at: datetime
    is_held: bool


class Leases:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def claim(self, environment: str, owner: str, seconds: int) -> Lease | None:
        """One statement, so that of two who claim at once one wins. None while somebody else holds it.

        `owner` names one running process: two that use one name would both believe that the lease is theirs.
        """
        now = self._transaction.moment()
        still_ours = and_(lease_owner == owner, lease_expires_at > now)
        row = self._transaction.changed(
            update(EnvironmentRow)
            .where(col(EnvironmentRow.name) == environment)
            .where(or_(lease_owner.is_(None), lease_owner == owner, lease_expires_at <= now))
            .values(
                lease_previous=lease_owner,
                lease_owner=owner,
                lease_epoch=case((still_ours, lease_epoch), else_=lease_epoch + 1),
                lease_expires_at=self._transaction.moment(after=timedelta(seconds=seconds)),
            )
            .returning(lease_epoch, lease_expires_at, lease_previous)
        )
        if row is None:
            return None
        taken_over = row["lease_previous"] not in {None, owner}
        return Lease(environment, owner, row["lease_epoch"], row["lease_expires_at"], seconds, taken_over)

    def renew(self, lease: Lease) -> Lease | None:
        """The lease with a new expiry; None when it is over, also when nobody else has claimed it yet."""
        row = self._transaction.changed(
            update(EnvironmentRow)
            .where(self._is(lease), lease_expires_at > self._transaction.moment())
            .values(lease_expires_at=self._transaction.moment(after=timedelta(seconds=lease.seconds)))
            .returning(lease_expires_at)
        )
        if row is None:
            return None
        return replace(lease, expires_at=row["lease_expires_at"])

    def release(self, lease: Lease) -> None:
        """Give it back, promising that none of our calls is on its way; nothing happens when it is no longer ours."""
        self._transaction.change(
            update(EnvironmentRow).where(self._is(lease)).values(lease_owner=None, lease_expires_at=None)
        )

    def lapse(self) -> None:
        """Every lease ends now, as if its time were over: whoever claims next has taken over, and waits."""
        self._transaction.change(
            update(EnvironmentRow)
            .where(lease_owner.is_not(None), lease_expires_at > self._transaction.moment())
            .values(lease_expires_at=self._transaction.moment())
        )

    def lock(self, lease: Lease) -> None:
        """Hold the environment's row until this transaction ends; `Conflict` when the lease is no longer held."""
        row = self._transaction.row(
            select(lease_owner, lease_epoch, lease_expires_at)
            .where(col(EnvironmentRow.name) == lease.environment)
            .with_for_update(key_share=True)  # rows that refer to the environment may still be written meanwhile
        )
        if row is None or not self._holds(row, lease):
            raise Conflict(
                f"writing to {lease.environment} as {lease.owner} with epoch {lease.epoch}: the lease is lost",
                code="lease.lost",
            )

    def holders(self) -> tuple[LeaseHolder, ...]:
        """Every lease that was not given back, by environment."""
        now = self._transaction.now()
        name = col(EnvironmentRow.name)
        found = self._transaction.rows(
            select(name, lease_owner, lease_epoch, lease_expires_at).where(lease_owner.is_not(None)).order_by(name)
        )
        held = [(row["name"], row["lease_owner"], row["lease_epoch"], row["lease_expires_at"]) for row in found]
        return tuple(LeaseHolder(*lease, is_held=lease[-1] > now) for lease in held)

    def _is(self, lease: Lease) -> ColumnElement[bool]:
        return and_(
            col(EnvironmentRow.name) == lease.environment, lease_owner == lease.owner, lease_epoch == lease.epoch
        )

    def _holds(self, row: Mapping[str, Any], lease: Lease) -> bool:
        """The time is asked for after the row is locked: waiting for the lock may have outlived the lease."""
        is_theirs = (row["lease_owner"], row["lease_epoch"]) == (lease.owner, lease.epoch)
        return is_theirs and row["lease_expires_at"] > self._transaction.now()
