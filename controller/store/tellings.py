"""Where something was told, so that it is told there again, and once."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from controller.domain.ports import Said
from controller.store.tables import TellingRow
from controller.store.transaction import Transaction


class Tellings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, teller: str, subject: str, at: str) -> tuple[Said, str] | None:
        """Where it stands, and the mark of what was told last. `at` is what the teller calls the place, or the line."""
        row = self._transaction.row(
            select(TellingRow).where(
                col(TellingRow.teller) == teller, col(TellingRow.subject) == subject, col(TellingRow.at) == at
            )
        )
        return None if row is None else (Said(row["place"], row["ts"]), row["shown"])

    def put(self, teller: str, subject: str, at: str, said: Said, shown: str, now: datetime) -> None:
        values = {"teller": teller, "subject": subject, "at": at, "place": said.place, "ts": said.ts, "shown": shown}
        self._transaction.put(TellingRow, {**values, "told_at": now}, ["teller", "subject", "at"])
