"""Pull requests: one row each, with what was written about it, and whether it is to be looked at."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, null, or_, select, update
from sqlmodel import col

from controller.domain.proposal import Proposal
from controller.store.bodies import PROPOSALS
from controller.store.tables import OPEN, TO_LOOK_AT, ProposalRow
from controller.store.timers import LONGEST_WAIT
from controller.store.transaction import Transaction

COLUMNS = ("repository", "number", "base", "head", "is_open", "asked", "attempts")


def from_row(row: Mapping[str, Any]) -> Proposal:
    return PROPOSALS.load(row["body_version"], row["body"], {name: row[name] for name in COLUMNS})


def to_row(proposal: Proposal) -> dict[str, Any]:
    columns = {name: getattr(proposal, name) for name in COLUMNS}
    return {**columns, "body": PROPOSALS.dump(proposal), "body_version": PROPOSALS.version}


class Proposals:
    """Repositories are written here in lower case: GitHub takes both for the same."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def ask(self, repository: str, number: int, base: str, now: datetime) -> None:
        """Have it looked at. While somebody looks, or waits until it can be tried again, only one more is counted."""
        new = {**to_row(Proposal(repository.lower(), number, base)), "due_at": now}
        self._transaction.insert_new(ProposalRow, new, ["repository", "number"])
        self._transaction.change(
            update(ProposalRow)
            .where(*self._is(repository, number))
            .values(
                asked=col(ProposalRow.asked) + 1,
                due_at=case((col(ProposalRow.due_at).is_(None), now), else_=col(ProposalRow.due_at)),
            )
        )

    def get(self, repository: str, number: int) -> Proposal | None:
        row = self._transaction.row(select(ProposalRow).where(*self._is(repository, number)))
        return None if row is None else from_row(row)

    def resting(self, repository: str) -> tuple[Proposal, ...]:
        """The open ones that nobody is about to look at."""
        found = self._transaction.rows(
            select(ProposalRow)
            .where(
                OPEN,
                col(ProposalRow.repository) == repository.lower(),
                col(ProposalRow.due_at).is_(None),
            )
            .order_by(col(ProposalRow.number))
        )
        return tuple(map(from_row, found))

    def known(self, repository: str) -> frozenset[int]:
        """The numbers of all open ones, also of those that somebody is about to look at."""
        found = self._transaction.rows(
            select(col(ProposalRow.number)).where(OPEN, col(ProposalRow.repository) == repository.lower())
        )
        return frozenset(row["number"] for row in found)

    def is_due(self, now: datetime) -> bool:
        return self._transaction.row(select(ProposalRow).where(TO_LOOK_AT, _due(now)).limit(1)) is not None

    def claim(self, now: datetime, hold: timedelta) -> Proposal | None:
        """One that is to be looked at, and not by anybody else before `hold` is over."""
        wanted = (
            select(col(ProposalRow.repository), col(ProposalRow.number))
            .where(TO_LOOK_AT, _due(now))
            .order_by(col(ProposalRow.due_at), col(ProposalRow.repository), col(ProposalRow.number))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._transaction.row(wanted)
        if row is None:
            return None
        self._transaction.change(
            update(ProposalRow).where(*self._is(row["repository"], row["number"])).values(due_at=now + hold)
        )
        return self.get(row["repository"], row["number"])

    def settle(self, proposal: Proposal, now: datetime) -> None:
        """It was looked at, for as many reasons as it counted then; for any that came since it is due again."""
        since = col(ProposalRow.asked) > proposal.asked
        self._transaction.change(self._changed(proposal, {"due_at": case((since, now), else_=null()), "attempts": 0}))

    def put_off(self, proposal: Proposal, until: datetime) -> None:
        """It could not be looked at; at most `LONGEST_WAIT` from now."""
        values = {"due_at": until, "attempts": col(ProposalRow.attempts) + 1}
        self._transaction.change(self._changed(proposal, values))

    def forget_what_was_written(self, now: datetime) -> None:
        """Of the open ones: it is found again where it stands."""
        new = PROPOSALS.dump(Proposal("", 0, ""))
        values = {"body": new, "body_version": PROPOSALS.version, "due_at": now, "asked": col(ProposalRow.asked) + 1}
        self._transaction.change(update(ProposalRow).where(col(ProposalRow.is_open).is_(True)).values(values))

    def _changed(self, proposal: Proposal, values: Mapping[str, Any]) -> Any:
        row = {name: value for name, value in to_row(proposal).items() if name not in {"asked", "attempts"}}
        return update(ProposalRow).where(*self._is(proposal.repository, proposal.number)).values({**row, **values})

    def _is(self, repository: str, number: int) -> tuple[Any, Any]:
        return col(ProposalRow.repository) == repository.lower(), col(ProposalRow.number) == number


def _due(now: datetime) -> Any:
    """Also what nobody puts off so long: the clock was set back since."""
    due_at = col(ProposalRow.due_at)
    return or_(due_at <= now, due_at > now + LONGEST_WAIT)
