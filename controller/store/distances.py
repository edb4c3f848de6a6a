"""How far environments are behind those that their versions come from: one row each, of two commits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from controller.domain.distance import Distance
from controller.store.tables import DeploymentRow, DistanceRow, EnvironmentRow
from controller.store.transaction import Transaction


@dataclass(frozen=True)
class Live:
    """What is live in an environment: the deployment's number and its commit, None where nothing is."""

    number: int | None
    sha: str | None


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


class Distances:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, environment: str) -> Distance | None:
        """None where its versions come from no other environment. Of commits that are no longer those that are live
        nobody can tell until they are compared."""
        row, live, before = aliased(DistanceRow), aliased(EnvironmentRow), aliased(EnvironmentRow)
        here, there = aliased(DeploymentRow), aliased(DeploymentRow)
        found = self._transaction.row(
            select(
                col(row.before),
                col(row.ahead),
                col(row.behind),
                col(row.sha).label("was"),
                col(row.before_sha).label("before_was"),
                col(here.sha).label("now"),
                col(there.sha).label("before_now"),
            )
            .select_from(row)
            .outerjoin(live, col(live.name) == col(row.environment))
            .outerjoin(here, (col(here.environment) == col(live.name)) & (col(here.number) == col(live.live)))
            .outerjoin(before, col(before.name) == col(row.before))
            .outerjoin(there, (col(there.environment) == col(before.name)) & (col(there.number) == col(before.live)))
            .where(col(row.environment) == environment)
        )
        if found is None:
            return None
        is_fresh = (found["was"], found["before_was"]) == (found["now"], found["before_now"])
        commits = found["ahead"] if is_fresh else None
        return Distance(environment, found["before"], commits, is_ahead=is_fresh and bool(found["behind"]))

    def all(self) -> dict[str, Measured]:
        found = self._transaction.rows(select(DistanceRow))
        return {row["environment"]: Measured(**row) for row in found}

    def live(self) -> dict[str, Live]:
        """Of every environment, in one question."""
        joined = (col(DeploymentRow.environment) == col(EnvironmentRow.name)) & (
            col(DeploymentRow.number) == col(EnvironmentRow.live)
        )
        found = self._transaction.rows(
            select(col(EnvironmentRow.name), col(EnvironmentRow.live), col(DeploymentRow.sha))
            .select_from(EnvironmentRow)
            .outerjoin(DeploymentRow, joined)
        )
        return {row["name"]: Live(row["live"], row["sha"]) for row in found}

    def put(self, measured: Measured) -> None:
        self._transaction.put(DistanceRow, vars(measured), ["environment"])

    def drop(self, environment: str) -> None:
        """Its versions come from no other environment any more."""
        self._transaction.change(delete(DistanceRow).where(col(DistanceRow.environment) == environment))
