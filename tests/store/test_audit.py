from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from controller.domain.events import AuditEntry, Event
from controller.store import Store

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def entry(number: int, environment: str | None = "dev", deployment: str | None = None) -> AuditEntry:
    facts: dict[str, object] = {"z": 1, "a": [None, {"b": True}]}
    return AuditEntry(Event.STEP_ENDED, environment, deployment, "tidegate", NINE, f"line {number}", facts)


def append(store: Store, *entries: AuditEntry) -> None:
    with store.write() as unit:
        unit.audit.append(entries)


def test_entries_come_back_as_they_were_written_newest_first(store: Store) -> None:
    written = [entry(1), entry(2, None), entry(3, deployment="dev-1")]
    append(store, *written)
    with store.read() as unit:
        page = unit.audit.page()
    assert page.items == tuple(reversed(written))
    assert page.next is None
    assert list(page.items[0].facts) == ["z", "a"]


def test_pages_are_filtered_by_environment_and_deployment(store: Store) -> None:
    append(store, entry(1), entry(2, "prod"), entry(3, deployment="dev-1"), entry(4, deployment="dev-1"))
    with store.read() as unit:
        first = unit.audit.page(environment="dev", limit=2)
        second = unit.audit.page(environment="dev", limit=2, cursor=first.next)
        of_one = unit.audit.page(deployment="dev-1")
    assert [one.text for one in first.items + second.items] == ["line 4", "line 3", "line 1"]
    assert [one.text for one in of_one.items] == ["line 4", "line 3"]


def test_entries_are_found_by_who_did_what_and_when(store: Store) -> None:
    ada = replace(entry(1), actor="ada", event=Event.ORDER_ACCEPTED)
    late = replace(entry(2), at=NINE + timedelta(hours=2))
    early = replace(entry(3), at=NINE - timedelta(hours=1))
    append(store, ada, late, early)
    with store.read() as unit:
        assert unit.audit.page(actor="ada").items == (ada,)
        assert unit.audit.page(event=Event.STEP_ENDED).items == (early, late)
        assert unit.audit.page(since=NINE).items == (late, ada)
        assert unit.audit.page(until=NINE).items == (early,)
        assert unit.audit.page(since=NINE, until=NINE + timedelta(hours=1), actor="tidegate").items == ()


def test_pages_by_time_go_on_where_the_last_one_ended_whatever_was_written_first(store: Store) -> None:
    """Five entries in two places of time, and a clock that jumped back between them."""
    moments = [NINE + timedelta(hours=hours) for hours in (1, 1, 0, 0, 1)]
    written = [replace(entry(number), at=at) for number, at in enumerate(moments)]
    append(store, *written)
    found, cursor = [], None
    with store.read() as unit:
        while True:
            page = unit.audit.page(since=NINE, limit=2, cursor=cursor)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
    assert [one.text for one in found] == [f"line {number}" for number in (4, 1, 0, 3, 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET text = 'nothing happened'",
        "DELETE FROM audit",
        "INSERT INTO audit (seq, event, actor, at, text, facts) VALUES (1, 'x', 'x', '2026-03-01', 'x', '{}')",
    ],
)
def test_the_database_refuses_to_change_what_was_written(store: Store, statement: str) -> None:
    append(store, entry(1))
    refused = pytest.raises(Exception, match=r"append-only|UNIQUE|unique")
    with refused, store.write() as unit:
        unit.audit._transaction.change(text(statement))
    with store.read() as unit:
        assert unit.audit.page().items == (entry(1),)


def test_no_way_around_the_triggers_is_open(store: Store) -> None:
    append(store, entry(1))
    statement = "REPLACE INTO audit (seq, event, actor, at, text, facts) VALUES (1, 'x', 'x', 'x', 'x', '{}')"
    with store.read() as unit:
        if unit.audit._transaction.is_postgres:
            statement = "TRUNCATE audit"
    with pytest.raises(IntegrityError, match="append-only"), store.write() as unit:
        unit.audit._transaction.change(text(statement))
