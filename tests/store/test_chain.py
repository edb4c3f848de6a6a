"""The audit's chain on both databases: what is written verifies, and nobody changes a row unseen."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.domain.anchor import Anchor
from controller.domain.chain import UNKEYED, Keyring, Report, What
from controller.domain.events import AuditEntry, Event
from controller.domain.secret import Secret
from controller.store import Store, chain, schema
from controller.store.backup import back_up
from controller.store.restore import restore
from controller.store.schema import migrate
from controller.store.store import database_url
from tests.support.database import MovedClock

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KEYS = Keyring([Secret("a key for the tests")])
ByHand = Callable[..., None]


@pytest.fixture
def store(database: str, clock: MovedClock) -> Iterator[Store]:
    opened = Store(database, clock, keys=KEYS)
    with opened.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
    yield opened
    opened.close()


def entry(number: int, text: str = "", **facts: object) -> AuditEntry:
    at = NINE + timedelta(seconds=number)
    return AuditEntry(Event.STEP_ENDED, "dev", f"dev-{number}", "ada", at, text or f"line {number}", facts)


def append(store: Store, *entries: AuditEntry) -> None:
    with store.write() as unit:
        unit.audit.append(entries)


def filled(store: Store, count: int = 5) -> None:
    for number in range(1, count + 1):
        append(store, entry(number, n=number))


@pytest.fixture
def by_hand(database: str) -> ByHand:
    """SQL as somebody would say it who owns the database: no trigger is in the way."""

    def say(*statements: str) -> None:
        engine = schema.open_engine(database_url(database), writes=True)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                    connection.execute(text(f"DROP TRIGGER {name}"))
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    return say


def found(report: Report) -> tuple[What, int | None]:
    assert not report.is_unbroken
    return report.findings[0].what, report.findings[0].first


# ---------------------------------------------------------------- genuine


def test_what_was_appended_verifies_and_is_counted(store: Store) -> None:
    filled(store)
    append(store, entry(6), entry(7))
    report = store.verify_audit()
    assert report.is_unbroken
    assert (report.entries, report.first, report.last) == (7, 1, 7)


def test_whatever_can_be_written_verifies(store: Store) -> None:
    strange = {
        "nul\0": "a\0b",
        "half": "\ud800",
        "ü": [1, 1.0, -0.0, 1e300, 0.1 + 0.2, True, None, (1, 2)],
        "large": 2**63,
        "no number": float("inf"),
        "deep": {"b": {}, "a": []},
        "event": Event.STEP_ENDED,
    }
    append(store, entry(1, "a\0b\ud800 ü\n", **strange))
    append(store, AuditEntry(Event.STEP_ENDED, None, None, "", NINE.replace(microsecond=7), ""))
    report = store.verify_audit()
    assert report.is_unbroken, report.findings
    with store.read() as unit:
        assert unit.audit.page().items[1].facts["large"] == str(2**63)


def test_a_transaction_that_was_taken_back_leaves_no_hole(store: Store) -> None:
    filled(store, 2)

    def fail() -> None:
        with store.write() as unit:
            unit.audit.append([entry(3)])
            assert len(unit.audit.page().items) == 3, "who appends sees it"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    append(store, entry(3))
    report = store.verify_audit()
    assert report.is_unbroken and report.last == 3


def test_more_entries_than_a_page_are_walked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "PAGE", 3)
    for count in (3, 1):
        for number in range(count):
            append(store, entry(number), entry(number))
        assert store.verify_audit().is_unbroken
    assert store.verify_audit().entries == 8


def test_keys_are_rotated_between_two_starts(database: str, store: Store, clock: MovedClock) -> None:
    filled(store, 2)
    store.close()
    both = Keyring([Secret("a newer key for it"), Secret("a key for the tests")])
    newer = Store(database, clock, keys=both)
    append(newer, entry(3))
    assert newer.verify_audit().is_unbroken
    with newer.read() as unit:
        head = unit.audit.head()
    newer.close()
    assert head is not None and head.key == both.newest.id


# -------------------------------------------------------------- tampering


FLIPS = {
    "event": "'step.started'",
    "environment": "NULL",
    "deployment": "'dev-9'",
    "actor": "'eve'",
    "at": "'2026-03-01T09:00:03.000001Z'",
    "text": "'nothing happened'",
    "facts": "'{\"n\": 9}'",
    "seq": "99",
    "link": "'0000000000000000000000000000000000000000000000000000000000000000'",
    "key": "'000000000000'",
}


@pytest.mark.parametrize("column", sorted(FLIPS))
@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_flip_of_any_column_of_any_row_is_found(store: Store, by_hand: ByHand, column: str, place: int) -> None:
    filled(store)
    by_hand(f"UPDATE audit SET {column} = {FLIPS[column]} WHERE position = {place}")
    what, first = found(store.verify_audit())
    assert (what, first) == (What.UNKNOWN_KEY if column == "key" else What.CHANGED, place)


def test_every_column_is_flipped_above(store: Store) -> None:
    assert {*FLIPS, "position"} == set(chain.AuditRow.__table__.columns.keys())  # type: ignore[attr-defined]


COPIED = (
    "INSERT INTO audit (seq, event, actor, at, text, facts, position, key, link)"
    " SELECT 99, event, actor, at, text, facts, {}, key, link FROM audit WHERE position = 5"
)
OTHERS: dict[str, tuple[tuple[str, ...], tuple[What, int | None]]] = {
    "a dropped row": (("DELETE FROM audit WHERE position = 3",), (What.MISSING, 3)),
    "the first one dropped": (("DELETE FROM audit WHERE position = 1",), (What.MISSING, 1)),
    "the last one dropped": (("DELETE FROM audit WHERE position = 5",), (What.CUT, 5)),
    "all dropped": (("DELETE FROM audit",), (What.CUT, 1)),
    "a position without its row": (("UPDATE audit SET position = 9 WHERE position = 5",), (What.MISSING, 5)),
    "a row without a position": (
        ("UPDATE audit SET position = NULL, link = NULL, key = NULL WHERE position = 5",),
        (What.INSERTED, None),
    ),
    "two that changed places": (
        (
            "UPDATE audit SET position = -1 WHERE position = 2",
            "UPDATE audit SET position = 2 WHERE position = 3",
            "UPDATE audit SET position = 3 WHERE position = -1",
        ),
        (What.REORDERED, 2),
    ),
    "one more at the end": (
        (COPIED.format(6),),
        (What.CHANGED, 6),
    ),
    "one before the first": (
        (COPIED.format(0),),
        (What.FORKED, 0),
    ),
    "the end cut and the head with it": (
        (
            "DELETE FROM audit WHERE position > 3",
            "UPDATE audit_head SET position = 3, link = (SELECT link FROM audit WHERE position = 3)",
        ),
        (What.HEAD, 3),
    ),
    "no head": (("DELETE FROM audit_head",), (What.HEAD, 5)),
    "an anchor made up": (
        ("INSERT INTO anchors (seq, position, link, key, at) VALUES (9, 2, 'f', 'f', '2026-03-01T09:00:00.000000Z')",),
        (What.FORKED, 2),
    ),
}


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_any_other_tampering_is_found(store: Store, by_hand: ByHand, kind: str) -> None:
    filled(store)
    statements, expected = OTHERS[kind]
    by_hand(*statements)
    assert found(store.verify_audit()) == expected


@pytest.mark.parametrize("value", ["'{'", "x'00'", "7", "'x'"])
@pytest.mark.parametrize("column", ["facts", "at", "event"])
def test_what_sqlite_lets_anybody_put_there_is_found_and_breaks_nothing(
    store: Store, by_hand: ByHand, database: str, column: str, value: str
) -> None:
    if not database.startswith("sqlite"):
        return  # it refuses what is of another type
    filled(store)
    by_hand(f"UPDATE audit SET {column} = {value} WHERE position = 4")
    assert found(store.verify_audit()) == (What.CHANGED, 4)


def test_rows_of_an_old_copy_are_found_by_the_anchors_that_are_left(store: Store, by_hand: ByHand) -> None:
    """Its audit and its head as they were at 3 entries: all of it was true once."""
    filled(store, 3)
    with store.read() as unit:
        (old,) = unit.audit._transaction.rows(text("SELECT link, key, seal FROM audit_head"))
    filled(store, 2)
    with store.write() as unit:
        head = unit.audit.head()
        assert head is not None and unit.anchors.add(Anchor(head.position, head.link, head.key, NINE))
    set_back = ", ".join(f"{name} = '{value}'" for name, value in old.items())
    by_hand("DELETE FROM audit WHERE position > 3", f"UPDATE audit_head SET position = 3, {set_back}")
    assert found(store.verify_audit()) == (What.CUT, 4)
    append(store, entry(40), entry(50), entry(60))
    assert found(store.verify_audit()) == (What.FORKED, 5)


def test_the_chain_goes_on_after_tampering_and_says_so_for_ever(store: Store, by_hand: ByHand) -> None:
    filled(store)
    by_hand("UPDATE audit_head SET seal = 'f'")
    append(store, entry(6))
    append(store, entry(7))
    report = store.verify_audit()
    assert [(one.what, one.first) for one in report.findings] == [(What.DOUBTED, 6)]
    assert report.last == 8


@pytest.mark.parametrize(
    "statement", ["DELETE FROM audit_head", "UPDATE audit_head SET position = 2, link = 'f', seal = 'f'"]
)
def test_nobody_stops_the_controller_by_setting_the_head_back(store: Store, by_hand: ByHand, statement: str) -> None:
    filled(store)
    by_hand(statement)
    append(store, entry(6))
    report = store.verify_audit()
    assert [(one.what, one.first) for one in report.findings] == [(What.DOUBTED, 6)]


def test_a_head_that_was_true_once_does_not_stop_it_either(store: Store, by_hand: ByHand) -> None:
    filled(store, 2)
    with store.read() as unit:
        (old,) = unit.audit._transaction.rows(text("SELECT position, link, seal FROM audit_head"))
    filled(store, 2)
    by_hand("UPDATE audit_head SET " + ", ".join(f"{name} = '{value}'" for name, value in old.items()))
    append(store, entry(6))
    assert found(store.verify_audit()) == (What.DOUBTED, 5)


def test_another_key_is_doubted_until_the_first_is_given_back(database: str, store: Store, clock: MovedClock) -> None:
    filled(store, 2)
    store.close()
    other = Store(database, clock, keys=Keyring([Secret("the key of another")]))
    append(other, entry(3))
    assert [one.what for one in other.verify_audit().findings] == [What.UNKNOWN_KEY, What.DOUBTED]
    other.close()
    both = Store(database, clock, keys=Keyring([Secret("the key of another"), Secret("a key for the tests")]))
    assert both.verify_audit().is_unbroken
    both.close()


# --------------------------------------------------------------- triggers


@pytest.mark.parametrize("table", ["audit", "anchors"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET key = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_written(store: Store, table: str, statement: str) -> None:
    filled(store, 1)
    with store.write() as unit:
        unit.anchors.add(Anchor(1, "f", "f", NINE))
    with pytest.raises(Exception, match="append-only"), store.write() as unit:
        unit.timers._transaction.change(text(statement.format(table)))


def test_nobody_replaces_a_row_by_its_position(store: Store) -> None:
    filled(store, 1)
    replacing = (
        "INTO audit (seq, event, actor, at, text, facts, position)"
        " SELECT 7, event, actor, at, text, facts, 1 FROM audit"
    )
    with store.read() as unit:
        verb = "INSERT" if unit.audit._transaction.is_postgres else "REPLACE"
    with pytest.raises(Exception, match=r"append-only|unique"), store.write() as unit:
        unit.timers._transaction.change(text(f"{verb} {replacing}"))
    assert store.verify_audit().is_unbroken


# ------------------------------------------------------- before the chain


def old_rows(by_hand: ByHand, url: str, count: int) -> None:
    """As the version before wrote them."""
    values = ", ".join(
        f"({n}, 'step.ended', 'ada', '2026-03-01T09:00:00.00000{n}Z', 'old {n}', '{{\"n\": {n}}}')"
        for n in range(1, count + 1)
    )
    statements = [f"INSERT INTO audit (seq, event, actor, at, text, facts) VALUES {values}"]
    if not url.startswith("sqlite"):
        statements.append("SELECT setval(pg_get_serial_sequence('audit', 'seq'), 3)")
    by_hand(*statements)


def test_the_first_append_speaks_for_all_entries_from_before(store: Store, by_hand: ByHand, database: str) -> None:
    old_rows(by_hand, database, 3)
    append(store, entry(4))
    report = store.verify_audit()
    assert report.is_unbroken
    assert (report.earlier, report.entries, report.last) == (3, 2, 2)
    with store.read() as unit:
        newest, begun, *old = unit.audit.page().items
    assert (newest.text, begun.event, len(old)) == ("line 4", Event.AUDIT_BEGUN, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit SET seq = 0 WHERE seq = 3",
    ],
)
def test_what_was_there_before_can_not_be_changed_unseen(
    store: Store, by_hand: ByHand, database: str, statement: str
) -> None:
    old_rows(by_hand, database, 3)
    append(store, entry(4))
    by_hand(statement)
    assert found(store.verify_audit()) == (What.CHANGED, 1)


def test_what_is_written_without_a_link_afterwards_is_found(store: Store, by_hand: ByHand) -> None:
    filled(store, 2)
    by_hand(
        "INSERT INTO audit (seq, event, actor, at, text, facts)"
        " SELECT 99, event, actor, at, text, facts FROM audit WHERE position = 1",
    )
    assert found(store.verify_audit()) == (What.INSERTED, None)


# ------------------------------------------------------------ two at once


def test_two_controllers_append_at_once_without_a_fork(database: str, store: Store, clock: MovedClock) -> None:
    """On PostgreSQL two stores, on SQLite threads of the one that may have the file."""
    stores = [store, store if database.startswith("sqlite") else Store(database, clock, keys=KEYS)]
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def work(which: Store, number: int) -> None:
        try:
            start.wait()
            for each in range(10):
                with which.write() as unit:
                    unit.environments.request_look([("dev", "staging", "prod")[(number + each) % 3]])
                    unit.audit.append([entry(number), entry(each)])
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(stores[number % 2], number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = store.verify_audit()
    if stores[1] is not store:
        stores[1].close()
    assert failed == []
    assert report.is_unbroken and report.last == 80
    with store.read() as unit:
        order = unit.audit._transaction.rows(text("SELECT seq, position FROM audit ORDER BY position"))
    assert [row["seq"] for row in order] == sorted(row["seq"] for row in order), "pages show the chain's order"


def test_whoever_appends_first_makes_nobody_wait_before_its_end(database: str, store: Store, clock: MovedClock) -> None:
    """What is appended is written at the end: a transaction that has appended and works on holds up no other."""
    if database.startswith("sqlite"):
        return  # one writer at a time
    other = Store(database, clock, patience_seconds=5, keys=KEYS)
    with store.write() as unit:
        unit.audit.append([entry(1)])
        append(other, entry(2))
    other.close()
    with store.read() as unit:
        assert [each.text for each in unit.audit.page().items] == ["line 1", "line 2"]
    assert store.verify_audit().is_unbroken


# --------------------------------------------------------------- restores


def restored(url: str, file: Path, clock: MovedClock) -> Store:
    restore(url, file, clock, replace_all=True, keys=KEYS)
    return Store(url, clock, keys=KEYS)


def test_a_restored_database_goes_on_with_its_chain(
    database: str, store: Store, clock: MovedClock, tmp_path: Path
) -> None:
    filled(store, 3)
    back_up(database, tmp_path / "backup", clock, "1.2.3")
    filled(store, 4)
    with store.read() as unit:
        head = unit.audit.head()
    assert head is not None
    lost = Anchor(head.position, head.link, head.key, clock.now())
    store.close()
    clock.sleep(60)
    again = restored(database, tmp_path / "backup", clock)
    append(again, entry(9))
    report = again.verify_audit([lost])
    again.close()
    assert report.is_unbroken, report.findings
    (told,) = report.restores
    assert (told.after, told.lost, told.position) == (3, 7, 4)


def test_an_old_file_put_back_by_hand_is_no_restore(
    database: str, store: Store, clock: MovedClock, tmp_path: Path
) -> None:
    if not database.startswith("sqlite"):
        return  # a copy of a file
    filled(store, 3)
    store.close()
    file = Path(database.removeprefix("sqlite:///"))
    copy = file.read_bytes()
    again = Store(database, clock, keys=KEYS)
    filled(again, 2)
    with again.read() as unit:
        head = unit.audit.head()
    assert head is not None
    again.close()
    file.write_bytes(copy)
    old = Store(database, clock, keys=KEYS)
    assert old.verify_audit().is_unbroken, "nothing within it can tell"
    report = old.verify_audit([Anchor(head.position, head.link, head.key, clock.now())])
    old.close()
    assert found(report) == (What.CUT, 4)


def test_orders_that_a_restore_refuses_are_written_down(
    database: str, store: Store, clock: MovedClock, tmp_path: Path
) -> None:
    with store.write() as unit:
        transaction = unit.orders._transaction
        transaction.change(
            text(
                "INSERT INTO orders (kind, environment, reason, actor, created_at, wish, state, outcome) VALUES"
                " ('deploy', 'dev', 'x', 'ada', '2026-03-01T09:00:00.000000Z', '{}', 'received', '')"
            )
        )
    back_up(database, tmp_path / "backup", clock, "1.2.3")
    store.close()
    again = restored(database, tmp_path / "backup", clock)
    with again.read() as unit:
        refused = [each for each in unit.audit.page().items if each.event is Event.ORDER_REFUSED]
    again.close()
    assert [each.facts["kind"] for each in refused] == ["deploy"]


def test_migrating_back_and_forth_keeps_every_entry_and_begins_anew(
    database: str, store: Store, clock: MovedClock
) -> None:
    filled(store, 2)
    store.close()
    migrate(database, "0007")
    migrate(database)
    again = Store(database, clock, keys=KEYS)
    append(again, entry(3))
    report = again.verify_audit()
    again.close()
    assert report.is_unbroken
    assert (report.earlier, report.entries) == (2, 2)


def test_without_keys_there_is_a_chain_that_proves_nothing(database: str, store: Store, clock: MovedClock) -> None:
    store.close()
    plain = Store(database, clock)
    append(plain, entry(1))
    assert plain.verify_audit().is_unbroken
    with plain.read() as unit:
        head = unit.audit.head()
    plain.close()
    assert head is not None and head.key == UNKEYED.newest.id
