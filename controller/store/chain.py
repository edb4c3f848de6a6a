"""The audit's chain in the database: who appends locks where it ends, so there is one order, and never a fork."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import Any

from sqlalchemy import Executable, Text, func, insert, select, type_coerce, update
from sqlmodel import col

from controller.domain.anchor import Anchor, is_worth_an_anchor
from controller.domain.chain import (
    START,
    Earlier,
    Head,
    Keyring,
    Line,
    Report,
    Verification,
    link,
)
from controller.domain.events import AuditEntry, Event
from controller.store.columns import printable, spelled
from controller.store.tables import AnchorRow, AuditHeadRow, AuditRow
from controller.store.transaction import StoredRow, Transaction

PAGE = 1000
"""So many rows are in memory at the same moment."""

TIDEGATE = "tidegate"
LARGEST_NUMBER = 2**53
"""Integers beyond it are not numbers in JSON, and are kept as text."""


class Chain:
    def __init__(self, transaction: Transaction, keys: Keyring) -> None:
        self._transaction, self._keys = transaction, keys

    def head(self) -> Head | None:
        """None before the first entry."""
        row = self._transaction.row(select(AuditHeadRow))
        return _head(row) if row else None

    def ended(self) -> int:
        """The newest position after which an anchor is wanted at once; 0: none."""
        row = self._transaction.row(select(col(AuditHeadRow.ended)))
        return row["ended"] if row else 0

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Call it last in a transaction: whoever else appends waits from here to its end."""
        held = self._lock()
        head, ended = _head(held), held["ended"]
        said = [*self._what_was_found(head, held), *entries]
        if head.position < (held["newest"] or 0):
            head = self._last_of_the_rows()
        position, previous, key = head.position, head.link, self._keys.newest
        for entry, seq in zip(said, self._numbers(len(said), held["seq"]), strict=True):
            position += 1
            line = replace(_line_of(entry), seq=seq, position=position, key=key.id)
            previous = link(key, previous, line)
            values = {**vars(line), "at": entry.at, "link": previous}
            self._transaction.change(insert(AuditRow).values(values))
            ended = position if is_worth_an_anchor(entry) else ended
        values = {**vars(Head.sealed(position, previous, key)), "ended": ended}
        self._transaction.change(update(AuditHeadRow).values(values))

    def _lock(self) -> StoredRow:
        """The head's row, how far the rows go, and the highest `seq`.

        On PostgreSQL the latter two may be older than the former, where the lock was waited for: nobody relies on them
        but to find rows that go further than the head.
        """
        newest, seq = select(func.max(col(AuditRow.position))), select(func.max(col(AuditRow.seq)))
        also = (newest.scalar_subquery().label("newest"), seq.scalar_subquery().label("seq"))
        asked = select(AuditHeadRow.__table__, *also).with_for_update(of=AuditHeadRow)  # type: ignore[attr-defined]
        held = self._transaction.row(asked)
        if held is None:
            first = Head.sealed(0, START, self._keys.newest)
            self._transaction.insert_new(AuditHeadRow, {"id": 1, "ended": 0, **vars(first)}, unique=["id"])
            held = self._transaction.row(asked)
        assert held is not None, "it was put there just now"
        return held

    def _numbers(self, count: int, highest: int | None) -> Sequence[int]:
        """The next ones of `seq`. They are part of what is sealed, so they are known before the rows are written."""
        if not self._transaction.is_postgres:
            return range((highest or 0) + 1, (highest or 0) + 1 + count)
        following = func.nextval(func.pg_get_serial_sequence("audit", "seq")).label("seq")
        asked = select(following).select_from(func.generate_series(1, count))
        return [row["seq"] for row in self._transaction.rows(asked)]

    def _what_was_found(self, head: Head, held: StoredRow) -> Iterator[AuditEntry]:
        """What the chain has to say of itself before it goes on."""
        now = self._transaction.clock.now()
        if not head.is_genuine(self._keys) or head.position < (held["newest"] or 0):
            told = "what says where the chain ends is not what was written there, or its key is not given"
            yield AuditEntry(Event.AUDIT_DOUBTED, None, None, TIDEGATE, now, told, vars(head))
        elif head.position == 0 and held["seq"] is not None:
            covered = Earlier()
            for line in pages(self.unchained, 0, lambda line: line.seq):
                covered.add(line)
            told = f"the chain begins here, after {covered.entries} earlier entries"
            yield AuditEntry(Event.AUDIT_BEGUN, None, None, TIDEGATE, now, told, covered.facts)

    def _last_of_the_rows(self) -> Head:
        (line,) = self._lines(
            select(*COLUMNS).where(col(AuditRow.position).is_not(None)).order_by(col(AuditRow.position).desc()).limit(1)
        )
        assert line.position is not None
        return Head(line.position, str(line.link), str(line.key), "")

    # ------------------------------------------------------------- reading

    def chained(self, after: int) -> Sequence[Line]:
        """Some of those with a position, in their order; fewer than `PAGE` at the end."""
        place = col(AuditRow.position)
        return self._lines(select(*COLUMNS).where(place > after).order_by(place, col(AuditRow.seq)).limit(PAGE))

    def unchained(self, after: int) -> Sequence[Line]:
        """Some of those without, by `seq`."""
        seq = col(AuditRow.seq)
        wanted = select(*COLUMNS).where(col(AuditRow.position).is_(None), seq > after)
        return self._lines(wanted.order_by(seq).limit(PAGE))

    def _lines(self, wanted: Executable) -> Sequence[Line]:
        return [_line(row, self._transaction.is_postgres) for row in self._transaction.rows(wanted)]


AS_STORED = {"seq", "position"}
COLUMNS = [
    column if column.name in AS_STORED else type_coerce(column, Text).label(column.name)
    for column in AuditRow.__table__.columns  # type: ignore[attr-defined]
]
"""Of the audit, as they lie there: what somebody has put there instead need not be of their type."""


def _line(row: StoredRow, is_postgres: bool) -> Line:
    """SQLite has times and documents as text, PostgreSQL's driver has read them."""
    at, facts = row["at"], row["facts"]
    if isinstance(at, datetime):
        at = spelled(at)
    if not is_postgres:
        try:
            facts = json.loads(facts)
        except (ValueError, TypeError, RecursionError):
            facts = f"not JSON: {facts!r}"
    return Line(**{**row, "at": at, "facts": facts})


def _line_of(entry: AuditEntry) -> Line:
    """As it will lie there; `seq` is still to come."""
    return Line(
        seq=0,
        event=str(entry.event),
        environment=None if entry.environment is None else printable(entry.environment),
        deployment=None if entry.deployment is None else printable(entry.deployment),
        actor=printable(entry.actor),
        at=spelled(entry.at),
        text=printable(entry.text),
        facts=_plain(entry.facts),
    )


def _plain(value: object) -> object:
    """What both databases give back as they got it, and JSON has one text for."""
    if isinstance(value, Mapping):
        return {printable(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return printable(str(value))
    is_a_number = isinstance(value, int | float) and isfinite(value) and abs(value) < LARGEST_NUMBER
    return value if value is None or is_a_number else printable(str(value))


def _head(row: Mapping[str, Any]) -> Head:
    return Head(row["position"], row["link"], row["key"], row["seal"])


def pages(read: Callable[[int], Sequence[Line]], after: int, place: Callable[[Line], int | None]) -> Iterator[Line]:
    while found := read(after):
        yield from found
        if len(found) < PAGE:
            return
        after = place(found[-1]) or after


# ---------------------------------------------------------------- anchors


class Anchors:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def newest(self) -> Anchor | None:
        row = self._transaction.row(select(AnchorRow).order_by(col(AnchorRow.seq).desc()).limit(1))
        return _anchor(row) if row else None

    def add(self, anchor: Anchor) -> bool:
        """Whether it is new."""
        return self._transaction.insert_new(AnchorRow, vars(anchor), unique=["position", "link"])

    def all(self) -> Sequence[Anchor]:
        """Two each hour at most, and one for each deployment."""
        return [_anchor(row) for row in self._transaction.rows(select(AnchorRow).order_by(col(AnchorRow.seq)))]


def _anchor(row: Mapping[str, Any]) -> Anchor:
    return Anchor(row["position"], row["link"], row["key"], row["at"])


# ----------------------------------------------------------- verification

Reading = Callable[[], AbstractContextManager[Transaction]]


def verify_chain(reading: Reading, keys: Keyring, anchors: Sequence[Anchor]) -> Report:
    """From the first entry to the last, a page at a time; each page is a transaction of its own, so that nobody is held
    up however long it takes. What is appended meanwhile is looked at as well. `anchors` come beside those in the table.
    """
    with reading() as transaction:
        known = Anchors(transaction).all()
        first = next(iter(Chain(transaction, keys).chained(0)), None)
    verification = Verification(keys, [*known, *anchors], first)

    def unchained(after: int) -> Sequence[Line]:
        with reading() as transaction:
            return Chain(transaction, keys).unchained(after)

    verification.before(pages(unchained, 0, lambda line: line.seq))
    return _walk(reading, keys, verification)


def _walk(reading: Reading, keys: Keyring, verification: Verification) -> Report:
    """The head is read in the same picture as the last page."""
    after = -(2**62)
    while True:
        with reading() as transaction:
            chain = Chain(transaction, keys)
            found, head = chain.chained(after), chain.head()
        for line in found:
            verification.add(line)
        if len(found) < PAGE:
            return verification.end(head)
        after = found[-1].position or after
