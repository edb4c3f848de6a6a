"""The history: deployments as lines, found by anything that people ask for, newest first.

A page costs about the same wherever it is and whatever is asked for: of 4,096 deployments a term's rows are half a
kilobyte at most, and terms are intersected as numbers. So a million deployments without a single match are known to
have none after less than a thousand rows of the index.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, repeat
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import col

from controller.domain.backlog import NOTHING_LEFT, Backlog
from controller.domain.deployment import FINAL, Deployment, Kind, Phase
from controller.domain.search import Search, clauses
from controller.domain.summary import HistoryLine, unreadable
from controller.store.bodies import SUMMARIES
from controller.store.cursor import Page, cursor, position
from controller.store.deployments import TABLE, Deployments, from_row, line_of
from controller.store.failures import Unreadable
from controller.store.postings import BLOCK, below, block_of, offsets
from controller.store.tables import SET_ASIDE, STALE, DeploymentRow
from controller.store.terms import Place, Terms
from controller.store.transaction import Transaction

STRIDES = (4, 32, 256)
"""So many blocks are read at once: few first, since mostly the newest have enough; the last number again and again."""

MOST_BLOCKS = 1024
"""So far one page looks back, four million deployments; the next one goes on there."""

MOST_TURNED_DOWN = 500
"""So many lines that the index finds, and that are not what is meant, one page reads."""

LIGHT = (
    *("seq", "id", "number", "environment", "kind", "phase", "sha", "version"),
    *("created_at", "started_at", "finished_at", "summary", "summarized"),
)
COLUMNS = [getattr(DeploymentRow, name) for name in LIGHT]
AN_OPEN_QUESTION = select(col(DeploymentRow.seq)).where(STALE).limit(1)
ONE_SET_ASIDE = select(col(DeploymentRow.seq)).where(SET_ASIDE).limit(1)

TURN = 0x71DE5EA2
"""Any number will do, as long as nobody else locks it in the same database."""


@dataclass(frozen=True)
class HistoryPage(Page[HistoryLine]):
    """`looked_back_to`: when the oldest deployment was made that was looked at, where a page ends before it is full and
    `next` goes on. `backlog` is what can't be searched yet, or at all."""

    looked_back_to: datetime | None = None
    backlog: Backlog = NOTHING_LEFT


@dataclass(frozen=True)
class Summarized:
    """`done` rows were made searchable or set aside; `unreadable` says by id why those were."""

    done: int = 0
    unreadable: Mapping[str, Unreadable] = field(default_factory=dict)


class History:
    def __init__(self, transaction: Transaction, deployments: Deployments) -> None:
        self._transaction, self._deployments = transaction, deployments
        self._terms = Terms(transaction)

    def page(
        self, search: Search, limit: int, cursor: str | None = None, most_blocks: int = MOST_BLOCKS
    ) -> HistoryPage:
        """Newest first. `BadCursor` for a cursor that this never gave out."""
        start = position(TABLE, cursor)
        if search.is_by_columns:
            return self._walked(search, limit, start)
        return self._sought(search, limit, start, most_blocks)

    def full(self, lines: Sequence[HistoryLine]) -> tuple[Deployment, ...]:
        """The same ones with their documents, in the same order, without those that can't be read."""
        read = self._read([line.seq for line in lines])
        found = (read.get(line.seq) for line in lines)
        return tuple(each for each in found if isinstance(each, Deployment))

    # ------------------------------------------------------------------ by columns

    def _walked(self, search: Search, limit: int, start: int) -> HistoryPage:
        wanted = select(*COLUMNS).where(col(DeploymentRow.seq) < start)
        if search.environment is not None:
            wanted = wanted.where(col(DeploymentRow.environment) == search.environment)
        if search.phase is not None:
            wanted = wanted.where(col(DeploymentRow.phase) == search.phase)
        rows = self._transaction.rows(wanted.order_by(col(DeploymentRow.seq).desc()).limit(limit + 1))
        lines = self._lines(rows)
        return _page(lines, limit)

    # ------------------------------------------------------------------ by terms

    def _sought(self, search: Search, limit: int, start: int, most_blocks: int) -> HistoryPage:
        """Candidates come from the index; whether one is meant says `Search.admits`."""
        newest, backlog = self._newest()
        looking = _Looking(min(start, newest + 1), most_blocks)
        found: list[HistoryLine] = []
        for seqs in _batches(self._candidates(search, looking), limit + 1):
            for line in self._lines(self._numbered(seqs)):
                if search.admits(line):
                    found.append(line)
                    if len(found) > limit:
                        return HistoryPage(tuple(found[:limit]), cursor(TABLE, found[limit - 1].seq), None, backlog)
                else:
                    looking.turned_down += 1
            if looking.turned_down >= MOST_TURNED_DOWN:
                at = seqs[-1]
                break
        else:
            if looking.is_at_the_end:
                return HistoryPage(tuple(found), None, None, backlog)
            at = looking.floor
        return HistoryPage(tuple(found), cursor(TABLE, at), self._made_at(at), backlog)

    def _numbered(self, seqs: Sequence[int]) -> Sequence[Mapping[str, Any]]:
        wanted = select(*COLUMNS).where(col(DeploymentRow.seq).in_(seqs))
        return self._transaction.rows(wanted.order_by(col(DeploymentRow.seq).desc()))

    def _candidates(self, search: Search, looking: "_Looking") -> Iterator[int]:
        asked = clauses(search)
        terms = sorted({term for clause in asked for term in clause})
        named = {word: seq for word in search.sought if (seq := self._called(word)) is not None}
        for first, last in looking.strides():
            rows = self._terms.within(terms, first, last)
            opened = self._open(search, first, last)
            for block in range(last, first - 1, -1):
                yield from looking.of_block(block, _intersected(search, asked, rows, opened, named, block))
                looking.floor = block * BLOCK

    def _newest(self) -> tuple[int, Backlog]:
        """The highest number, and what is not searchable; mostly in one question."""
        newest = select(func.max(col(DeploymentRow.seq))).scalar_subquery().label("newest")
        some = (AN_OPEN_QUESTION.scalar_subquery().label("stale"), ONE_SET_ASIDE.scalar_subquery().label("aside"))
        row = self._transaction.row(select(newest, *some))
        assert row is not None, "a row without a table is always there"
        is_whole = row["stale"] is None and row["aside"] is None
        return row["newest"] or 0, NOTHING_LEFT if is_whole else self.backlog()

    def _called(self, word: str) -> int | None:
        """The number of the deployment with this id; `word` is in lower case, as ids of environments mostly are."""
        row = self._transaction.row(select(col(DeploymentRow.seq)).where(col(DeploymentRow.id) == word))
        return row["seq"] if row else None

    def _open(self, search: Search, first: int, last: int) -> Mapping[int, int]:
        """Block → rows in a phase that is not final, which is no term: those that are left of it change."""
        if search.phase is None or search.phase in FINAL:
            return {}
        wanted = select(col(DeploymentRow.seq)).where(
            col(DeploymentRow.phase) == search.phase,
            col(DeploymentRow.seq).between(first * BLOCK, last * BLOCK + BLOCK - 1),
        )
        found: dict[int, int] = {}
        for row in self._transaction.rows(wanted):
            found[block_of(row["seq"])] = found.get(block_of(row["seq"]), 0) | 1 << row["seq"] % BLOCK
        return found

    def _made_at(self, seq: int) -> datetime | None:
        wanted = select(col(DeploymentRow.created_at)).where(col(DeploymentRow.seq) >= seq)
        row = self._transaction.row(wanted.order_by(col(DeploymentRow.seq)).limit(1))
        return row["created_at"] if row else None

    # ------------------------------------------------------------------ lines

    def _lines(self, rows: Sequence[Mapping[str, Any]]) -> list[HistoryLine]:
        """Of one that can't be read its columns tell what they can."""
        read = self._read([row["seq"] for row in rows if row["summarized"] != row["version"]])
        return [self._told(row, read.get(row["seq"])) for row in rows]

    def _told(self, row: Mapping[str, Any], read: Deployment | Unreadable | None) -> HistoryLine:
        if isinstance(read, Deployment):
            return line_of(row["seq"], read, self._deployments.summary(read))
        return _line(row) if read is None else _columns(row)

    def _read(self, seqs: Sequence[int]) -> Mapping[int, Deployment | Unreadable]:
        """By number, also why one can't be read. One of which even the row can't be keeps no other one back."""
        if not seqs:
            return {}
        try:
            rows = self._transaction.rows(select(DeploymentRow).where(col(DeploymentRow.seq).in_(seqs)))
        except Unreadable as error:
            if len(seqs) == 1:
                return {seqs[0]: error}
            return {seq: found for one in seqs for seq, found in self._read([one]).items()}
        return {row["seq"]: _read(row) for row in rows}

    # ------------------------------------------------------------------ catching up

    def is_catching_up(self) -> bool:
        """Whether there are rows of an older Tidegate that are not searchable yet."""
        return self._transaction.row(AN_OPEN_QUESTION) is not None

    def backlog(self) -> Backlog:
        left, aside = (self._transaction.count_some(DeploymentRow, which) for which in (STALE, SET_ASIDE))
        return Backlog(left, aside)

    def summarize_some(self, most: int) -> Summarized:
        """Make that many more rows of an older Tidegate searchable, newest first; nothing while another controller
        does. One that can't be read is set aside."""
        if not self._transaction.takes_turn(TURN):
            return Summarized()
        wanted = select(*COLUMNS).where(STALE).order_by(col(DeploymentRow.seq).desc()).limit(most)
        rows = self._transaction.rows(wanted)
        read = self._read([row["seq"] for row in rows])
        unreadable: dict[str, Unreadable] = {}
        for row in rows:
            found = read.get(row["seq"])
            if isinstance(found, Deployment):
                self._deployments.summarize(row["seq"], found)
            elif found is not None:
                unreadable[row["id"]] = found
                self._deployments.set_aside(_columns(row), row["version"])
        return Summarized(len(rows), unreadable)

    def try_again(self) -> None:
        """What was set aside: this program may read what another one could not."""
        self._transaction.change(update(DeploymentRow).where(SET_ASIDE).values(set_aside=-1))


def _read(row: Mapping[str, Any]) -> Deployment | Unreadable:
    try:
        return from_row(row)
    except Unreadable as error:
        return error


def _line(row: Mapping[str, Any]) -> HistoryLine:
    try:
        summary = SUMMARIES.load(SUMMARIES.version, row["summary"], {})
    except Unreadable:
        return _columns(row)
    return replace(_columns(row), summary=summary)


def _columns(row: Mapping[str, Any]) -> HistoryLine:
    """What columns alone tell."""
    columns = {name: row[name] for name in ("seq", "id", "number", "environment")}
    times = {name: row[name] for name in ("created_at", "started_at", "finished_at")}
    phase, summary = Phase(row["phase"]), unreadable(row["sha"])
    return HistoryLine(**columns, **times, kind=Kind(row["kind"]), phase=phase, summary=summary)


def _page(lines: Sequence[HistoryLine], limit: int) -> HistoryPage:
    more = cursor(TABLE, lines[limit - 1].seq) if len(lines) > limit else None
    return HistoryPage(tuple(lines[:limit]), more)


@dataclass
class _Looking:
    """How far a page has looked. `start` is the row below which it begins, `floor` the first one of the last block."""

    start: int
    most_blocks: int
    turned_down: int = 0
    is_at_the_end: bool = False
    floor: int = 0

    def strides(self) -> Iterator[tuple[int, int]]:
        """First and last block of what is read at once, from the newest to the oldest."""
        last = block_of(self.start - 1)
        least = max(0, last + 1 - self.most_blocks)
        for stride in chain(STRIDES, repeat(STRIDES[-1])):
            first = max(least, last + 1 - stride)
            yield first, last
            last = first - 1
            if last < least:
                break
        self.is_at_the_end = least == 0

    def of_block(self, block: int, rows: int) -> Iterator[int]:
        if block == block_of(self.start - 1):
            rows &= below((self.start - 1) % BLOCK + 1)
        return (block * BLOCK + offset for offset in offsets(rows))


def _intersected(
    search: Search,
    asked: Sequence[frozenset[str]],
    rows: Mapping[Place, int],
    opened: Mapping[int, int],
    named: Mapping[str, int],
    block: int,
) -> int:
    """The rows of a block that have a term of each clause. The clauses of words are the last ones."""
    left = (1 << BLOCK) - 1
    if search.phase is not None and search.phase not in FINAL:
        left &= opened.get(block, 0)
    words = (None,) * (len(asked) - len(search.sought)) + search.sought
    for clause, word in zip(asked, words, strict=True):
        if not left:
            break
        has = 0
        for term in clause:
            has |= rows.get((term, block), 0)
        seq = named.get(word) if word is not None else None
        if seq is not None and block_of(seq) == block:
            has |= 1 << seq % BLOCK
        left &= has
    return left


def _batches(seqs: Iterator[int], size: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for seq in seqs:
        batch.append(seq)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
