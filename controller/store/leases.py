"""Leases: who may advance an environment. They live in its row, and run by the database's clock.

A writer whose lease is over is fenced off: `lock` holds the row until the transaction ends, so nobody can claim it.
That protects rows; calls to AWS cannot be fenced, so a new owner also waits (`Lease.taken_over`). docs/fencing.md
says what follows from that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlmodel import col

from controller.domain.errors import Conflict
from controller.store.tables import EnvironmentRow
from controller.store.transaction import StoredRow, Transaction
from controller.store.waking import Call, Waking

lease_owner = col(EnvironmentRow.lease_owner)
lease_epoch = col(EnvironmentRow.lease_epoch)
lease_expires_at = col(EnvironmentRow.lease_expires_at)


@dataclass(frozen=True)
class Lease:
    """`epoch` grows whenever the environment changes hands. `expires_at` is by the database's clock: a holder measures
    its seconds with its own monotonic clock, from before it asked. `taken_over`: another owner never gave it back, and
    a call of its may still be on its way; wait before the first change.
    """

    environment: str
    owner: str
    epoch: int
    expires_at: datetime
    taken_over: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """Another owner has the environment, for `left` from now on unless it asks for more: not claimed."""

    owner: str
    left: timedelta


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

    def claim(self, environment: str, owner: str, seconds: int) -> Lease | Elsewhere:
        """For so many seconds from now, also when it is ours already: that is how a lease is renewed.

        The row is locked first, so of two who claim at once one wins, and the time is asked for once it is.
        `owner` names one running process: two that use one name would both believe that the lease is theirs.
        `LookupError` for a name that was never ensured.
        """
        row = self._locked(environment)
        if row is None:
            raise LookupError(f"no environment {environment!r}: `ensure` the bound ones first")
        now, before = self._transaction.now(), row["lease_owner"]
        left = row["lease_expires_at"] - now if before is not None else timedelta(0)
        if before not in {None, owner} and left > timedelta(0):
            return Elsewhere(before, left)
        is_renewed = before == owner and left > timedelta(0)
        epoch, expires_at = row["lease_epoch"] + (not is_renewed), now + timedelta(seconds=seconds)
        self._transaction.change(
            update(EnvironmentRow)
            .where(col(EnvironmentRow.name) == environment)
            .values(
                lease_previous=before,
                lease_owner=owner,
                lease_epoch=epoch,
                lease_expires_at=expires_at,
                looked_by=owner,
                looked_at=now,
            )
        )
        return Lease(environment, owner, epoch, expires_at, taken_over=before not in {None, owner})

    def release(self, lease: Lease, call: Call = Call.FREE) -> bool:
        """Give it back, promising that none of our calls is on its way; False, and nothing, when it is no longer ours.

        Other processes hear `call`: that it is free, for those who waited for it, or that somebody must look now.
        """
        released = self._transaction.change(
            update(EnvironmentRow).where(self._is(lease)).values(lease_owner=None, lease_expires_at=None)
        )
        if released:
            Waking(self._transaction).say(call, lease.environment)
        return released > 0

    def lapse(self) -> None:
        """Every lease that was not given back ends now, as if its time were over: whoever claims next has taken over,
        and waits."""
        self._transaction.change(
            update(EnvironmentRow).where(lease_owner.is_not(None)).values(lease_expires_at=self._transaction.moment())
        )

    def lock(self, lease: Lease) -> None:
        """Hold the environment's row until this transaction ends; `Conflict` when the lease is no longer held."""
        if not self.is_held(lease):
            raise Conflict(
                f"writing to {lease.environment} as {lease.owner} with epoch {lease.epoch}: the lease is lost",
                code="lease.lost",
            )

    def is_held(self, lease: Lease) -> bool:
        """Whether it is; then it stays so until this transaction ends, because its row is held."""
        row = self._locked(lease.environment)
        return row is not None and self._holds(row, lease)

    def holders(self) -> tuple[LeaseHolder, ...]:
        """Every lease that was not given back, by environment."""
        now = self._transaction.now()
        name = col(EnvironmentRow.name)
        found = self._transaction.rows(
            select(name, lease_owner, lease_epoch, lease_expires_at).where(lease_owner.is_not(None)).order_by(name)
        )
        held = [(row["name"], row["lease_owner"], row["lease_epoch"], row["lease_expires_at"]) for row in found]
        return tuple(LeaseHolder(*lease, is_held=lease[-1] > now) for lease in held)

    def _locked(self, environment: str) -> StoredRow | None:
        """The lease's columns, held until the transaction ends; rows that refer to the environment may be written."""
        return self._transaction.row(
            select(lease_owner, lease_epoch, lease_expires_at)
            .where(col(EnvironmentRow.name) == environment)
            .with_for_update(key_share=True)
        )

    def _is(self, lease: Lease) -> ColumnElement[bool]:
        return and_(
            col(EnvironmentRow.name) == lease.environment, lease_owner == lease.owner, lease_epoch == lease.epoch
        )

    def _holds(self, row: Mapping[str, Any], lease: Lease) -> bool:
        """The time is asked for after the row is locked: waiting for the lock may have outlived the lease."""
        is_theirs = (row["lease_owner"], row["lease_epoch"]) == (lease.owner, lease.epoch)
        return is_theirs and row["lease_expires_at"] > self._transaction.now()
