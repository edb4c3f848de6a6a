"""How far environments are behind those that their versions come from: one row each, of two commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from controller.domain.distance import Distance
from controller.store.tables import DeploymentRow, DistanceRow, EnvironmentRow
from controller.store.transaction import Transaction


@dataclass(frozen=True)
class Live:
    """What is live in an environment: the deployment's number, its commit, and when it was made. None where nothing
    is."""

    number: int | None
    sha: str | None
    created_at: datetime | None


@dataclass(frozen=True)
class Measured:
    """What was found between two commits. `ahead` only `before_sha` has, `behind` only `sha`; None: nobody could
    tell."""

    environment: str
    before: str
    sha: str | None
    before_sha: str | None
    ahead: int | None
    behind: int | None
    asked_at: datetime


ROW, LIVE, BEFORE = aliased(DistanceRow), aliased(EnvironmentRow), aliased(EnvironmentRow)
HERE, THERE = aliased(DeploymentRow), aliased(DeploymentRow)


class Distances:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, environment: str) -> Distance | None:
        """None where its versions come from no other environment. Of commits that are no longer those that are live
        nobody can tell until they are compared."""
        return self._compared(col(ROW.environment) == environment).get(environment)

    def of_all(self) -> Mapping[str, Distance]:
        """As `of`, of each environment whose versions come from another one."""
        return self._compared(true())

    def _compared(self, which: ColumnElement[bool]) -> dict[str, Distance]:
        """What was measured, beside the commits that are live now."""
        found = self._transaction.rows(
            select(
                col(ROW.environment),
                col(ROW.before),
                col(ROW.ahead),
                col(ROW.behind),
                col(ROW.sha).label("was"),
                col(ROW.before_sha).label("before_was"),
                col(HERE.sha).label("now"),
                col(THERE.sha).label("before_now"),
            )
            .select_from(ROW)
            .outerjoin(LIVE, col(LIVE.name) == col(ROW.environment))
            .outerjoin(HERE, (col(HERE.environment) == col(LIVE.name)) & (col(HERE.number) == col(LIVE.live)))
            .outerjoin(BEFORE, col(BEFORE.name) == col(ROW.before))
            .outerjoin(THERE, (col(THERE.environment) == col(BEFORE.name)) & (col(THERE.number) == col(BEFORE.live)))
            .where(which)
        )
        return {row["environment"]: _distance(row) for row in found}

    def all(self) -> dict[str, Measured]:
        found = self._transaction.rows(select(DistanceRow))
        return {row["environment"]: Measured(**row) for row in found}

    def live(self) -> dict[str, Live]:
        """Of every environment, in one question."""
        joined = (col(DeploymentRow.environment) == col(EnvironmentRow.name)) & (
            col(DeploymentRow.number) == col(EnvironmentRow.live)
        )
        found = self._transaction.rows(
            select(
                col(EnvironmentRow.name),
                col(EnvironmentRow.live),
                col(DeploymentRow.sha),
                col(DeploymentRow.created_at),
            )
            .select_from(EnvironmentRow)
            .outerjoin(DeploymentRow, joined)
        )
        return {row["name"]: Live(row["live"], row["sha"], row["created_at"]) for row in found}

    def put(self, measured: Measured) -> None:
        self._transaction.put(DistanceRow, vars(measured), ["environment"])

    def drop(self, environment: str) -> None:
        """Its versions come from no other environment any more."""
        self._transaction.change(delete(DistanceRow).where(col(DistanceRow.environment) == environment))


def _distance(row: Mapping[str, Any]) -> Distance:
    is_fresh = (row["was"], row["before_was"]) == (row["now"], row["before_now"])
    commits = row["ahead"] if is_fresh else None
    return Distance(row["environment"], row["before"], commits, is_ahead=is_fresh and bool(row["behind"]))
