"""Runs: what the `before` of services did, so that it is done once whichever deployment asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from controller.domain.canonical import digest
from controller.domain.errors import Blocked
from controller.domain.hooks import Run, RunState
from controller.store.bodies import RUNS
from controller.store.tables import RunRow
from controller.store.transaction import Transaction

ONE_OF = (RunState.STARTED, RunState.SUCCEEDED)
PLAIN = ("token", "environment", "number", "service", "image", "state")


def from_row(row: Mapping[str, Any]) -> Run:
    return RUNS.load(row["body_version"], row["body"], {name: row[name] for name in PLAIN})


def to_row(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in PLAIN} | {
        "command": command_digest(run.command),
        "body": RUNS.dump(run),
        "body_version": RUNS.version,
    }


def command_digest(command: Sequence[str]) -> str:
    return digest(list(command))


def _same(environment: str, service: str, image: str, command: Sequence[str]) -> Select[Any]:
    return select(RunRow).where(
        col(RunRow.environment) == environment,
        col(RunRow.service) == service,
        col(RunRow.image) == image,
        col(RunRow.command) == command_digest(command),
    )


class Runs:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, run: Run) -> None:
        """As it is now. `Blocked` when the same command of the same image has succeeded already, or still runs."""
        taken = self._taken(run)
        if taken is not None:
            text = f"{' '.join(run.command)} of {run.service} can't begin in {run.deployment}"
            raise Blocked(f"{text}: {taken.told}", code="before.taken")
        self._transaction.put(RunRow, to_row(run), unique=["token"])

    def _taken(self, run: Run) -> Run | None:
        """Another one that has its place: of one service, image and command at most one is open, or has succeeded."""
        if run.state not in ONE_OF:
            return None
        row = self._transaction.row(
            _same(run.environment, run.service, run.image, run.command).where(
                col(RunRow.state).in_(ONE_OF), col(RunRow.token) != run.token
            )
        )
        return None if row is None else from_row(row)

    def succeeded(self, environment: str, service: str, image: str, command: Sequence[str]) -> Run | None:
        """The run that this command needs no second time."""
        row = self._transaction.row(
            _same(environment, service, image, command).where(col(RunRow.state) == RunState.SUCCEEDED)
        )
        return None if row is None else from_row(row)

    def since(self, environment: str, number: int) -> tuple[Run, ...]:
        """What later deployments than this one ran, or may have, and what is not compatible with it; oldest first."""
        return tuple(run for run in self.of(environment, number) if run.is_one_way)

    def of(self, environment: str, after: int = 0) -> tuple[Run, ...]:
        """Those of deployments with a number above this, oldest first."""
        found = self._transaction.rows(
            select(RunRow)
            .where(col(RunRow.environment) == environment, col(RunRow.number) > after)
            .order_by(col(RunRow.number), col(RunRow.seq))
        )
        return tuple(map(from_row, found))

    def give_up(self) -> None:
        """Nobody follows any more what is open: after a restore, of which the world knows nothing."""
        for row in self._transaction.rows(select(RunRow).where(col(RunRow.state) == RunState.STARTED)):
            self.put(replace(from_row(row), state=RunState.UNKNOWN, text="a backup was restored while it ran"))
