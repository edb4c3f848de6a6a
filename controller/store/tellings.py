"""Where something was told, so that it is told there again, and once."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlmodel import col

from controller.domain.ports import Said
from controller.store.tables import TellingRow
from controller.store.transaction import Transaction

ABOUT_TO = "about to"
"""In place of a mark."""


class Tellings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, teller: str, subject: str, at: str) -> tuple[Said, str] | None:
        """Where it stands, and the mark of what was told last; None also while somebody is about to say it. `at` is
        what the teller calls the place, or the line."""
        row = self._transaction.row(select(TellingRow).where(*_named(teller, subject, at)))
        return None if row is None or row["shown"] == ABOUT_TO else (Said(row["place"], row["ts"]), row["shown"])

    def claim(self, teller: str, subject: str, at: str, now: datetime, hold: timedelta) -> bool:
        """Whether the caller, of all who would, may say it for the first time. Whoever claimed it and crashed keeps it
        for `hold`."""
        values = {"teller": teller, "subject": subject, "at": at, "place": "", "ts": "", "shown": ABOUT_TO}
        if self._transaction.insert_new(TellingRow, {**values, "told_at": now}, ["teller", "subject", "at"]):
            return True
        left = col(TellingRow.shown) == ABOUT_TO, col(TellingRow.told_at) <= now - hold
        again = update(TellingRow).where(*_named(teller, subject, at), *left).values(told_at=now)
        return bool(self._transaction.change(again))

    def release(self, teller: str, subject: str, at: str) -> None:
        """It could not be said."""
        claimed = col(TellingRow.shown) == ABOUT_TO
        self._transaction.change(delete(TellingRow).where(*_named(teller, subject, at), claimed))

    def put(self, teller: str, subject: str, at: str, said: Said, shown: str, now: datetime) -> None:
        values = {"teller": teller, "subject": subject, "at": at, "place": said.place, "ts": said.ts, "shown": shown}
        self._transaction.put(TellingRow, {**values, "told_at": now}, ["teller", "subject", "at"])


def _named(teller: str, subject: str, at: str) -> tuple[ColumnElement[bool], ...]:
    return col(TellingRow.teller) == teller, col(TellingRow.subject) == subject, col(TellingRow.at) == at
