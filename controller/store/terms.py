"""The index that deployments are found by: for each term, in which rows of each block it occurs."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import func, insert, literal, select, update
from sqlmodel import col

from controller.store.postings import BLOCK, block_of, pack, unpack
from controller.store.tables import TermRow
from controller.store.transaction import READS_ONLY, Transaction

LOCK = 0x71DE7E45
"""Any number will do, as long as nobody else locks it in the same database."""

Place = tuple[str, int]
"""A term and the number of a block."""


class Terms:
    """What is added is written at the end of the transaction, all at once: only from then on do others wait for it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._pending: dict[Place, int] = {}

    def add(self, seq: int, terms: Iterable[str]) -> None:
        assert self._transaction.writes, READS_ONLY
        block, row = block_of(seq), 1 << seq % BLOCK
        for term in terms:
            self._pending[term, block] = self._pending.get((term, block), 0) | row

    def write_down(self) -> None:
        """Two that wrote the same block at once would lose what one of them found there: on PostgreSQL they take turns,
        if there is anything new at all."""
        pending, self._pending = self._pending, {}
        if not self._missing(pending):
            return
        if self._transaction.is_postgres:
            self._transaction.rows(select(func.pg_advisory_xact_lock(literal(LOCK))))
        missing, found = self._missing(pending), self._read(pending)
        changed = [(place, found[place] | rows) for place, rows in missing.items() if place in found]
        added = [(place, rows) for place, rows in missing.items() if place not in found]
        if added:
            values = [{"term": term, "block": block, "rows": pack(rows)} for (term, block), rows in added]
            self._transaction.change_each(insert(TermRow), values)
        for (term, block), rows in changed:
            at = col(TermRow.term) == term, col(TermRow.block) == block
            self._transaction.change(update(TermRow).where(*at).values(rows=pack(rows)))

    def _missing(self, wanted: Mapping[Place, int]) -> dict[Place, int]:
        found = self._read(wanted)
        return {place: rows for place, rows in wanted.items() if rows & ~found.get(place, 0)}

    def _read(self, places: Collection[Place]) -> dict[Place, int]:
        found: dict[Place, int] = {}
        blocks = sorted({block for _, block in places})
        for block in blocks:
            terms = [term for term, other in places if other == block]
            found |= self.within(terms, block, block)
        return found

    def within(self, terms: Sequence[str], first: int, last: int) -> dict[Place, int]:
        """The rows of each of these terms in these blocks, where it has any."""
        if not terms:
            return {}
        wanted = select(TermRow).where(col(TermRow.term).in_(terms), col(TermRow.block).between(first, last))
        return {(row["term"], row["block"]): unpack(row["rows"]) for row in self._transaction.rows(wanted)}
