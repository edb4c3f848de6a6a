"""The audit's chain: written by a store, and verified from its first entry to its last."""

import time
from collections.abc import Iterator
from datetime import timedelta

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount
from controller.adapters.clock import SystemClock
from controller.dashboard.audit import PER_SECOND
from controller.domain.events import AuditEntry, Event
from controller.store import Store
from controller.store.schema import migrate

AT_ONCE = 500
"""Entries of one transaction: many more than a pass of the loop writes, so that filling takes no hour."""

STARTS = 3
MILLION = 1_000_000
HOW = (
    "A SQLite file on this machine's disk. Every entry is one of a step that ended, with a sentence and two facts.\n"
    f"Verified {STARTS} times as `tidegate audit verify` does, a page at a time; the slowest counts."
)


def run(given: Given) -> Result:
    url = f"sqlite:///{given.directory / 'tidegate.db'}"
    migrate(url)
    store = Store(url, SystemClock())
    filled(store, given.entries)
    took = max(_verified(store, given.entries) for _ in range(STARTS))
    store.close()
    a_second = given.entries / took
    kept = a_second >= PER_SECOND
    figures = (
        Figure("entries verified in a second", f"{a_second:,.0f}", f"at least {PER_SECOND:,}", kept),
        Figure("a million would take", amount(MILLION / a_second, "s")),
    )
    return Result(f"An audit of {given.entries:,} entries, verified", HOW, figures)


def filled(store: Store, entries: int) -> None:
    for first in range(0, entries, AT_ONCE):
        with store.write() as unit:
            unit.audit.append(_told(first, min(AT_ONCE, entries - first)))


def _told(first: int, count: int) -> Iterator[AuditEntry]:
    now = SystemClock().now()
    for number in range(first, first + count):
        text = f"step {number % 12 + 1}, bake: 5m watched, every target healthy"
        facts: dict[str, object] = {"step": number % 12 + 1, "state": "done"}
        at = now + timedelta(milliseconds=number)
        yield AuditEntry(Event.STEP_ENDED, "prod", f"prod-{number // 100 + 1}", "tidegate", at, text, facts)


def _verified(store: Store, entries: int) -> float:
    began = time.perf_counter()
    report = store.verify_audit(())
    took = time.perf_counter() - began
    assert report.is_unbroken and report.entries == entries, report
    return took
