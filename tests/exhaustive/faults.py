"""What can go wrong at a site, one kind a class, and to which kinds of sites it can happen.

To add a kind: a class here, one line in `KINDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from controller.loop.tenure import LEASE_SECONDS
from tests.exhaustive.play import Play
from tests.exhaustive.process import Process
from tests.support.sites import Fault, Gate, Passage, SiteKind

PAST_THE_LEASE = LEASE_SECONDS + 1.0
A_DAY = timedelta(days=1)


class Kind(StrEnum):
    CRASH_BEFORE = "crash-before"  # the process dies; nothing of it happened
    CRASH_AFTER = "crash-after"  # the process dies; it took effect, and nobody was told
    SILENT = "silent"  # timeout without effect
    LOST = "answer-lost"  # timeout with effect
    THROTTLED = "throttled"
    FAILED = "failed"  # 5xx
    DENIED = "denied"  # a permanent 4xx, once
    STALE = "stale"  # the answer of before the last change
    MISSING = "missing"  # what was made is not shown; a request that is not answered
    BUSY = "busy"  # the database is locked as the transaction begins
    NOT_COMMITTED = "unknown-not-committed"  # the connection broke as it committed, and it did not
    COMMITTED = "unknown-committed"  # the same, and it did
    LEASE_LOST = "lease-lost"  # somebody else claims the environment, and does nothing with it
    ASLEEP = "asleep"  # stopped for longer than the lease; another one takes over and makes its first change
    ASLEEP_LONG = "asleep-long"  # the same, until the other one has finished everything
    DAY_AHEAD = "clock+1d"
    DAY_BEHIND = "clock-1d"


class CrashBefore(Fault):
    def before(self, passage: Passage) -> None:
        passage.gate.die()


class CrashAfter(Fault):
    def after(self, passage: Passage) -> None:
        passage.gate.die()


@dataclass(frozen=True)
class Raises(Fault):
    """One of the port's own errors instead of the answer."""

    error: str

    def before(self, passage: Passage) -> None:
        raise passage.trouble(self.error)


@dataclass(frozen=True)
class RaisesAfter(Fault):
    error: str

    def after(self, passage: Passage) -> None:
        raise passage.trouble(self.error)


@dataclass(frozen=True)
class RaisesWithin(Fault):
    error: str

    def within(self, passage: Passage) -> None:
        raise passage.trouble(self.error)


class Stale(Fault):
    def instead(self, passage: Passage, do: Callable[[], Any]) -> Any:
        assert passage.old is not None
        answer = passage.old()
        assert answer is not None, f"{passage.site}: there is no earlier answer"
        return answer


class Missing(Fault):
    def instead(self, passage: Passage, do: Callable[[], Any]) -> Any:
        assert passage.missing is not None
        return passage.missing()


@dataclass(frozen=True)
class LeaseLost(Fault):
    play: Play

    def before(self, passage: Passage) -> None:
        with self.play.store.write() as unit:
            unit.leases.lapse()
            unit.leases.claim("dev", "somebody", LEASE_SECONDS)


@dataclass(frozen=True)
class Asleep(Fault):
    """The one that wakes up goes on with what it was about to do."""

    play: Play
    process: Process
    is_long: bool

    def before(self, passage: Passage) -> None:
        changes = len(self.play.outside.changes())

        def enough() -> bool:
            return self.play.is_at_rest or (not self.is_long and len(self.play.outside.changes()) > changes)

        self.play.sleep(self.process, PAST_THE_LEASE, enough)


@dataclass(frozen=True)
class ClockJumps(Fault):
    process: Process
    by: timedelta

    def before(self, passage: Passage) -> None:
        self.process.jump(self.by)


Make = Callable[[Play, Process], Fault]

KINDS: Mapping[Kind, tuple[frozenset[SiteKind], Make]] = {
    Kind.CRASH_BEFORE: (frozenset({SiteKind.CHANGE, SiteKind.WRITE, SiteKind.TELL}), lambda *_: CrashBefore()),
    Kind.CRASH_AFTER: (frozenset({SiteKind.CHANGE, SiteKind.WRITE, SiteKind.TELL}), lambda *_: CrashAfter()),
    Kind.SILENT: (
        frozenset({SiteKind.CHANGE, SiteKind.READ, SiteKind.SOURCE, SiteKind.TELL}),
        lambda *_: Raises("silent"),
    ),
    Kind.LOST: (frozenset({SiteKind.CHANGE, SiteKind.TELL}), lambda *_: RaisesAfter("silent")),
    Kind.THROTTLED: (
        frozenset({SiteKind.CHANGE, SiteKind.READ, SiteKind.SOURCE}),
        lambda *_: Raises("throttled"),
    ),
    Kind.FAILED: (frozenset({SiteKind.CHANGE, SiteKind.READ, SiteKind.SOURCE}), lambda *_: Raises("failed")),
    Kind.DENIED: (
        frozenset({SiteKind.CHANGE, SiteKind.READ, SiteKind.SOURCE, SiteKind.TELL}),
        lambda *_: Raises("denied"),
    ),
    Kind.STALE: (frozenset({SiteKind.READ, SiteKind.SOURCE}), lambda *_: Stale()),
    Kind.MISSING: (frozenset({SiteKind.READ, SiteKind.SOURCE, SiteKind.PROBE}), lambda *_: Missing()),
    Kind.BUSY: (frozenset({SiteKind.WRITE, SiteKind.LOOK}), lambda *_: Raises("busy")),
    Kind.NOT_COMMITTED: (frozenset({SiteKind.WRITE}), lambda *_: RaisesWithin("unknown")),
    Kind.COMMITTED: (frozenset({SiteKind.WRITE}), lambda *_: RaisesAfter("unknown")),
    Kind.LEASE_LOST: (frozenset({SiteKind.CHANGE, SiteKind.WRITE}), lambda play, _: LeaseLost(play)),
    Kind.ASLEEP: (
        frozenset({SiteKind.CHANGE, SiteKind.WRITE}),
        lambda play, process: Asleep(play, process, is_long=False),
    ),
    Kind.ASLEEP_LONG: (
        frozenset({SiteKind.CHANGE, SiteKind.WRITE}),
        lambda play, process: Asleep(play, process, is_long=True),
    ),
    Kind.DAY_AHEAD: (frozenset({SiteKind.CLOCK}), lambda _, process: ClockJumps(process, A_DAY)),
    Kind.DAY_BEHIND: (frozenset({SiteKind.CLOCK}), lambda _, process: ClockJumps(process, -A_DAY)),
}


def applicable(passage: Passage) -> tuple[Kind, ...]:
    """The kinds that can happen here and now: an old answer needs one that differs."""
    fitting = [kind for kind, (sites, _) in KINDS.items() if passage.site.kind in sites]
    return tuple(kind for kind in fitting if _differs(kind, passage))


def _differs(kind: Kind, passage: Passage) -> bool:
    if kind is Kind.STALE:
        return passage.old is not None and passage.old() is not None
    if kind is Kind.MISSING:
        return passage.missing is not None
    return True


def arm(gate: Gate, kind: Kind, play: Play, process: Process) -> None:
    gate.fault = KINDS[kind][1](play, process)
