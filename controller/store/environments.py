"""What is known of each environment; its lease lives in the same row (`leases.py`)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from controller.domain.environment import Environment
from controller.domain.errors import Conflict
from controller.store.bodies import ENVIRONMENTS
from controller.store.tables import EnvironmentRow
from controller.store.transaction import Transaction
from controller.store.waking import Call, Waking

COLUMNS = ("name", "live", "head_requested", "head_seen", "version")


def from_row(row: Mapping[str, Any]) -> Environment:
    return ENVIRONMENTS.load(row["body_version"], row["body"], {name: row[name] for name in COLUMNS})


def to_row(environment: Environment) -> dict[str, Any]:
    """Without `head_requested`: requests are counted in place, whoever else is saving."""
    return {
        "live": environment.live,
        "head_seen": environment.head_seen,
        "body": ENVIRONMENTS.dump(environment),
        "body_version": ENVIRONMENTS.version,
    }


class Environments:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._waking = Waking(transaction)

    def ensure(self, names: Iterable[str]) -> None:
        """Every name has a row; the ones that are there stay as they are."""
        for name in sorted(set(names)):
            new = Environment(name)
            values = {"name": name, "version": 0, "head_requested": 0, "lease_epoch": 0, **to_row(new)}
            self._transaction.insert_new(EnvironmentRow, values, ["name"])

    def get(self, name: str) -> Environment:
        """`LookupError` for a name that was never ensured."""
        row = self._transaction.row(select(EnvironmentRow).where(col(EnvironmentRow.name) == name))
        if row is None:
            raise LookupError(f"no environment {name!r}: `ensure` the bound ones first")
        return from_row(row)

    def all(self) -> tuple[Environment, ...]:
        return tuple(map(from_row, self._transaction.rows(select(EnvironmentRow).order_by(col(EnvironmentRow.name)))))

    def save(self, environment: Environment) -> Environment:
        """The value with its new version. `head_requested` is as it was given, so that a request which arrived
        meanwhile is never taken for one that was answered. `Conflict` when somebody saved since it was read.
        """
        saved = self._transaction.change(
            update(EnvironmentRow)
            .where(col(EnvironmentRow.name) == environment.name, col(EnvironmentRow.version) == environment.version)
            .values(version=environment.version + 1, **to_row(environment))
        )
        if not saved:
            raise Conflict(
                f"saving {environment.name}: it is no longer at version {environment.version}; read it again",
                code="environment.changed",
            )
        return replace(environment, version=environment.version + 1)

    def request_look(self, names: Iterable[str], hinted: Collection[str] = ()) -> None:
        """One request for each time that a name is there. Ask once in a transaction: it goes by the order of the names,
        so that two that ask for the same ones never wait for each other in a ring. Of the `hinted` ones only whoever
        looks after them hears: their branch has not moved."""
        for name, times in sorted(Counter(iter(names)).items()):
            self._transaction.change(
                update(EnvironmentRow)
                .where(col(EnvironmentRow.name) == name)
                .values(head_requested=col(EnvironmentRow.head_requested) + times)
            )
            self._waking.say(Call.LOOK, name)
        for name in sorted(set(hinted)):
            self._waking.say(Call.HINT, name)
