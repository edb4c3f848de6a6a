"""What is backed up from either database is restored into either one, and is made safe there."""

import gzip
import json
import shutil
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import select

from controller.domain.anchor import Anchor
from controller.domain.delivery import Delivery, DeliveryState
from controller.domain.deployment import Phase
from controller.domain.dora import Fact
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.entry import ApiToken, Link, Session
from controller.domain.environment import Hold, HoldUntil
from controller.domain.errors import Blocked, Conflict
from controller.domain.events import AuditEntry, Event
from controller.domain.evidence import FailureEvidence
from controller.domain.metrics import Result, Sample
from controller.domain.orders import OrderKind, OrderState
from controller.domain.people import Role
from controller.domain.ports import Said
from controller.domain.proposal import Written
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.polls import Polls
from controller.store import Lease, Store, restored_rows, schema
from controller.store.backup import Backup, back_up, count, everything, one_moment, portable
from controller.store.backup_file import Batch, Header, Rows, check, checksum, read, write
from controller.store.distances import Measured
from controller.store.restore import restore
from controller.store.restored_rows import BECOMES, EPOCHS, NUMBERS, Restored
from controller.store.schema import check_schema, migrate
from controller.store.store import database_url
from controller.store.tables import Row
from tests.store.recorded import commit, deployment, record
from tests.support.builders import a_run, a_running_deployment, a_view
from tests.support.database import MovedClock, PostgresServer
from tests.support.town import ADA, Town
from tests.support.town import PROGRAM as SOMEBODY

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PROGRAM = "1.2.3"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tidegate.backup"


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes an empty database of the kind that is asked for; its URL."""
    made: list[str] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'target-{len(made)}.db'}"
        server: PostgresServer = request.getfixturevalue("postgres")
        made.append(server.make_database())
        return server.url(made[-1])

    yield make
    for name in made:
        server: PostgresServer = request.getfixturevalue("postgres")
        server.drop_database(name)


def fill(store: Store, clock: MovedClock) -> None:
    """A row at least in every table: dev runs its second deployment, staging is held, prod waits for its first."""
    running = replace(a_running_deployment(), **named("dev", 2))
    done = replace(deployment(1), phase=Phase.SUCCEEDED)
    other = replace(deployment(1, "staging"), phase=Phase.SUCCEEDED)
    record(store, done, running, other, deployment(1, "prod"))
    with store.write() as unit:
        drift = Drifted((Drift(Difference("backend", "target group", "check path", "/health", "/other"), NINE),))
        unit.environments.save(replace(unit.environments.get("dev"), live=1, drift=drift))
        unit.environments.save(replace(unit.environments.get("prod"), recorded=f"{1:040x}"))
        held = Hold(Reason("smoke.red", "it smokes"), HoldUntil.NEXT_COMMIT, NINE, 1)
        unit.environments.save(replace(unit.environments.get("staging"), hold=held))
        for number in ("1", "2"):
            repository, letter = "acme/captioncraft", "a\0\ud800"
            push = Delivery(number, "github", "push", None, repository, None, letter, "a" * 40, "0" * 64, NINE)
            unit.deliveries.accept(push)
        unit.revisions.ignore("dev", commit(9), commit(1).sha)
        unit.deliveries.settle("github", "1", DeliveryState.DONE, "looked")
        unit.outbox.put("deployment", "told", {"z": 1, "a": [None, True, 1.5, "ü"]})
        unit.outbox.put("deployment", "due", {})
        unit.outbox.sent(unit.outbox.due(clock.now())[0].id)
        unit.timers.set("dev", NINE + timedelta(seconds=5))
        unit.sightings.put(Sighting("dev", {"backend": a_view()}, NINE))
        unit.evidence.add(FailureEvidence(done.id, done.id, 9, NINE), done)
        unit.distances.put(Measured("prod", "dev", None, commit(1).sha, None, None, NINE))
        unit.delivery_facts.put([Fact("dev-1", "dev", "", NINE, NINE, succeeded=True)])
        unit.samples.put(done, [Sample("backend", "errors", Slot.GREEN, NINE, 0.1 + 0.2, 9, 0.01, Result.FAILED)])
        unit.runs.put(a_run(task="arn:task"))
        unit.proposals.ask("acme/captioncraft", 7, "develop", NINE)
        claimed = unit.proposals.claim(NINE, timedelta(0))
        assert claimed is not None
        unit.proposals.settle(replace(claimed, comment=Written(5, "digest")), NINE)
        unit.sessions.begin("0" * 64, Session(ADA, NINE, NINE, NINE + timedelta(hours=12)))
        unit.tokens.add("1" * 64, ApiToken(0, "ci", Role.OPERATOR, None, "ada", NINE))
        unit.links.add("2" * 64, Link(ADA, "prod-1", "3" * 64, NINE + timedelta(hours=1)), NINE)
        unit.identities.put("T1", "U1", ADA, NINE)
        unit.codes.add("4" * 64, ADA, NINE + timedelta(minutes=10), NINE)
        unit.interactions.take("5" * 64, NINE, timedelta(minutes=15))
        unit.tellings.put("slack", "dev-1", "#deploys", Said("C1", "1.0"), "shown", NINE)
        unit.audit.append(
            [AuditEntry(Event.STEP_ENDED, "dev", "dev-1", "ada", NINE, "ünï\n", {"b": 1, "a": {"x": None}})]
        )
    with store.write() as unit:
        unit.anchors.add(Anchor(1, "a" * 64, "key", NINE))
    orders = Orders(store, clock, Rights(Polls(Town(), store), {}, clock), lambda _: None)
    orders.leave(OrderKind.ABORT, "dev", "dev-2", "because", SOMEBODY)
    with store.write() as unit:
        unit.leases.claim("dev", "old", 60)


def named(environment: str, number: int) -> dict[str, Any]:
    one = deployment(number, environment)
    return {"id": one.id, "number": number, "environment": environment, "revision": one.revision}


def rows_of(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as the file would have it."""
    engine = schema.open_engine(database_url(url), writes=False)
    with engine.connect() as connection:
        found = {
            table.name: [
                {name: portable(value) for name, value in row.items()}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in Row.metadata.sorted_tables
        }
    engine.dispose()
    return found


@pytest.fixture
def filled(store: Store, database: str, clock: MovedClock) -> str:
    fill(store, clock)
    store.close()
    return database


def taken(url: str, file: Path, clock: MovedClock) -> Backup:
    return back_up(url, file, clock, PROGRAM)


def opened(url: str, clock: MovedClock) -> Store:
    return Store(url, clock)


# ------------------------------------------------------------- the file


def test_a_backup_says_what_is_in_it_and_only_its_owner_may_read_it(filled: str, file: Path, clock: MovedClock) -> None:
    made = taken(filled, file, clock)
    assert made.header.schema == ScriptDirectory.from_config(schema.configuration()).get_current_head()
    assert (made.header.program, made.header.taken_at) == (PROGRAM, "2026-03-01T09:00:00+00:00")
    assert made.header.tables == {name: len(rows) for name, rows in rows_of(filled).items()}
    assert min(made.header.tables.values()) > 0, "a table without a row proves nothing"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (made.sha256, made.bytes) == (checksum(file), file.stat().st_size)


def test_a_backup_is_taken_while_a_controller_writes(
    store: Store, database: str, file: Path, clock: MovedClock
) -> None:
    fill(store, clock)
    with store.write() as unit:
        unit.timers.set("prod", NINE)
        made = taken(database, file, clock)
    assert made.header.tables["timers"] == 1, "what is not committed is not there"


def test_everything_in_it_is_of_one_moment(store: Store, database: str, file: Path, clock: MovedClock) -> None:
    """Rows that are written while the file is written are not in it."""
    record(store, deployment(1))
    with one_moment(database) as connection:
        before = {table.name: count(connection, table) for table in Row.metadata.sorted_tables}
        record(store, deployment(2))
        with store.write() as unit:
            unit.audit.append([AuditEntry(Event.STEP_ENDED, "dev", None, "tidegate", NINE, "later")])
        tables = [Rows(*everything(connection, table)) for table in Row.metadata.sorted_tables]
        write(file, Header("1", "now", PROGRAM, before), tables)
    check(file)


def test_a_backup_never_replaces_a_file(filled: str, file: Path, clock: MovedClock) -> None:
    file.write_text("mine")
    with pytest.raises(Blocked) as caught:
        taken(filled, file, clock)
    assert caught.value.code == "backup.exists" and file.read_text() == "mine"


def test_a_backup_that_cannot_be_written_leaves_nothing(filled: str, tmp_path: Path, clock: MovedClock) -> None:
    with pytest.raises(Blocked) as caught:
        taken(filled, tmp_path / "nowhere" / "file", clock)
    assert caught.value.code == "backup.unreadable"
    with pytest.raises(ValueError, match="boom"):
        write(tmp_path / "half", Header("1", "now", PROGRAM, {"timers": 1}), broken_tables())
    assert [path.name for path in tmp_path.iterdir() if "half" in path.name] == []


def broken_tables() -> Iterator[Rows]:
    yield Rows("timers", ["environment"], [["dev"]])
    raise ValueError("boom")


def test_a_database_without_tables_is_not_backed_up(empty_database: str, file: Path, clock: MovedClock) -> None:
    with pytest.raises(Blocked) as caught:
        taken(empty_database, file, clock)
    assert caught.value.code == "database.schema_old" and not file.exists()


def test_a_damaged_sqlite_file_is_not_backed_up(tmp_path: Path, migrated_file: Path, clock: MovedClock) -> None:
    path = tmp_path / "damaged.db"
    shutil.copyfile(migrated_file, path)
    url = f"sqlite:///{path}"
    store = Store(url, clock)
    with store.write() as unit:
        unit.environments.ensure([f"environment-{number}" for number in range(500)])
    store.close()
    content = bytearray(path.read_bytes())
    where = content.rindex(b"environment-300")
    content[where : where + 15] = b"environment-999"
    path.write_bytes(content)
    with pytest.raises(Blocked) as caught:
        taken(url, tmp_path / "file", clock)
    assert caught.value.code == "database.corrupt" and not (tmp_path / "file").exists()


# --------------------------------------------------------- damaged files


@pytest.fixture
def some_file(file: Path) -> Path:
    rows = [[f"environment-{number}", "2026-03-01T09:00:00.000000Z"] for number in range(1200)]
    write(file, Header("0001", "now", PROGRAM, {"timers": 1200}), [Rows("timers", ["environment", "due_at"], rows)])
    return file


def test_a_file_that_is_cut_off_anywhere_is_refused(some_file: Path) -> None:
    whole = some_file.read_bytes()
    assert check(some_file)[0].tables == {"timers": 1200}
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        some_file.write_bytes(whole[:length])
        assert refusal(some_file) == "backup.damaged", length


def test_a_file_with_one_bit_changed_anywhere_is_refused(some_file: Path) -> None:
    """The first ten bytes are the compression's own head, of which most say nothing about the content."""
    whole = some_file.read_bytes()
    for place in range(10, len(whole), 61):
        some_file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert refusal(some_file) == "backup.damaged", place


def rewritten(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Its lines changed, and compressed again without a trace of that."""
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    file.write_bytes(gzip.compress("".join(f"{line}\n" for line in change(lines)).encode()))


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:3], *lines[4:]],
        lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
        lambda lines: [line.replace("environment-7", "environment-8") for line in lines],
        lambda lines: lines[:-1],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [lines[0].replace('"format":1', '"format":2'), *lines[1:]],
        lambda lines: ["{}", *lines[1:]],
        lambda lines: ["not JSON", *lines[1:]],
        lambda lines: [lines[0].replace("1200", "1201"), *lines[1:]],
        lambda _: [],
    ],
    ids=["lost", "swapped", "changed", "no end", "two ends", "newer format", "no head", "no JSON", "count", "empty"],
)
def test_lines_that_were_changed_are_refused(some_file: Path, change: Callable[[list[str]], list[str]]) -> None:
    rewritten(some_file, change)
    assert refusal(some_file) == "backup.damaged"


def refusal(file: Path) -> str:
    with pytest.raises(Blocked) as caught:
        check(file)
    return caught.value.code


def test_a_file_that_is_not_there_is_said_to_be_unreadable(file: Path) -> None:
    assert refusal(file) == "backup.unreadable"


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_file_changes_nothing(filled: str, file: Path, clock: MovedClock, damage: str) -> None:
    taken(filled, file, clock)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        rewritten(file, lambda lines: [line.replace("captioncraft", "captioncrash") for line in lines])
    before = rows_of(filled)
    with pytest.raises(Blocked) as caught:
        restore(filled, file, clock, replace_all=True)
    assert caught.value.code == "backup.damaged"
    assert rows_of(filled) == before


# -------------------------------------------------------------- restoring


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_stays_is_the_same_in_either_database(
    filled: str, file: Path, target: Callable[[str], str], clock: MovedClock, kind: str
) -> None:
    before, url = rows_of(filled), target(kind)
    taken(filled, file, clock)
    restore(url, file, clock)
    after = rows_of(url)
    check_schema(url)
    for table in ("revisions", "deliveries"):
        assert after[table] == before[table]
    assert after["audit"][: len(before["audit"])] == before["audit"]
    assert list(after["audit"][0]["facts"]) == ["b", "a"], "documents keep the order of their keys"
    assert [row["sent_at"] for row in after["outbox"]] == [row["sent_at"] for row in before["outbox"]]
    moved = {"dev-2", "prod-1"}
    finished = [row for row in before["deployments"] if row["id"] not in moved]
    assert [row for row in after["deployments"] if row["id"] not in moved] == finished


def again(url: str, file: Path, clock: MovedClock) -> tuple[Store, Restored]:
    """Backed up, a minute passes, and restored into the same database."""
    taken(url, file, clock)
    clock.sleep(60)
    done = restore(url, file, clock, replace_all=True)
    return opened(url, clock), done


def test_leases_of_the_past_are_fenced_off_and_taken_over(
    store: Store, database: str, file: Path, clock: MovedClock
) -> None:
    fill(store, clock)
    with store.write() as unit:
        old = unit.leases.claim("dev", "old", 3600)
    store.close()
    assert isinstance(old, Lease)
    after, _ = again(database, file, clock)
    with pytest.raises(Conflict), after.fenced(old):
        pass
    with after.write() as unit:
        assert not unit.leases.is_held(old)
        new = unit.leases.claim("dev", "new", 60)
    after.close()
    assert isinstance(new, Lease) and new.taken_over and new.epoch > old.epoch + EPOCHS


def test_an_environment_that_nobody_held_is_taken_over_as_well(filled: str, file: Path, clock: MovedClock) -> None:
    after, _ = again(filled, file, clock)
    with after.write() as unit:
        lease = unit.leases.claim("prod", "new", 60)
    after.close()
    assert isinstance(lease, Lease) and lease.taken_over


def test_what_moved_rests_and_what_was_ever_deployed_waits_for_a_person(
    filled: str, file: Path, clock: MovedClock
) -> None:
    after, done = again(filled, file, clock)
    with after.read() as unit:
        marked, dev, staging = (
            unit.deployments.get("dev-2"),
            unit.environments.get("dev"),
            unit.environments.get("staging"),
        )
        prod, still_open = unit.environments.get("prod"), unit.deployments.open("dev")
        waited, audit = unit.deployments.get("prod-1"), unit.audit.page("dev").items
    after.close()
    assert (done.ended, done.resting, done.held) == (("prod-1",), ("dev-2",), ("dev", "staging"))
    assert [entry.event for entry in audit if entry.at == clock.now()][1] is Event.DEPLOYMENT_RESTED
    assert waited is not None and (waited.phase, waited.reason.code) == (Phase.ABORTED, "restore.ended")
    assert marked is not None and marked.rests and marked.phase is Phase.RUNNING
    assert still_open == (marked,)
    assert dev.hold is not None and (dev.hold.until, dev.hold.reason.code) == (HoldUntil.PERSON, "restore.held")
    assert dev.drift.found == (), "nobody is told what differed then"
    assert staging.hold is not None
    assert (staging.hold.until, staging.hold.reason.code) == (HoldUntil.PERSON, "smoke.red"), "why it was held is kept"
    assert prod.hold is None and dev.must_look and staging.must_look and prod.must_look
    assert prod.recorded is None, "its branch is looked at as if for the first time: what waited there has ended"


def test_an_environment_that_was_deployed_since_the_backup_is_held_where_its_rows_are_still_there(
    filled: str, file: Path, clock: MovedClock
) -> None:
    taken(filled, file, clock)
    store = opened(filled, clock)
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("prod"), live=1))
    store.close()
    assert restore(filled, file, clock, replace_all=True).held == ("dev", "prod", "staging")


def test_old_orders_and_old_notices_are_not_carried_out(filled: str, file: Path, clock: MovedClock) -> None:
    after, _ = again(filled, file, clock)
    with after.read() as unit:
        order, due, timers = (
            unit.orders.get(1),
            unit.outbox.due(clock.now() + timedelta(days=9)),
            unit.timers.due(clock.now()),
        )
        sighting, received = unit.sightings.get("dev"), unit.deliveries.received()
    details = [row["detail"] for row in rows_of(filled)["outbox"]]
    after.close()
    assert order is not None and order.state is OrderState.REFUSED and "leave it again" in order.outcome
    assert (due, timers, sighting) == ((), (), None)
    assert details[0] == "" and "was restored" in details[1]
    assert [delivery.id for delivery in received] == ["2"], "a hint to look is always welcome"


def test_the_audit_says_what_was_restored(filled: str, file: Path, clock: MovedClock) -> None:
    after, _ = again(filled, file, clock)
    with after.read() as unit:
        entries = unit.audit.page(limit=10).items
    after.close()
    newest = entries[0]
    assert newest.event is Event.DATABASE_RESTORED and newest.at == clock.now()
    assert newest.facts["sha256"] == checksum(file) and newest.facts["taken_at"] == "2026-03-01T09:00:00+00:00"
    assert {entry.event for entry in entries[1:4]} == {Event.DEPLOYMENT_ENDED, Event.ENVIRONMENT_HELD}


def test_a_number_that_may_have_been_given_out_is_never_given_out_again(
    filled: str, file: Path, clock: MovedClock
) -> None:
    after, _ = again(filled, file, clock)
    with after.read() as unit:
        numbers = [unit.deployments.next_number(name) for name in ("dev", "prod")]
    record(after, deployment(numbers[0]))
    with after.read() as unit:
        following = unit.deployments.next_number("dev")
    after.close()
    assert numbers == [2 + NUMBERS + 60 + 1, 1 + NUMBERS + 60 + 1], "and one for each second since the backup"
    assert following == numbers[0] + 1


def test_two_restores_of_one_file_give_out_other_numbers_and_epochs(
    filled: str, file: Path, target: Callable[[str], str], clock: MovedClock
) -> None:
    """Into new databases: the second one knows nothing of what the first one gave out."""
    taken(filled, file, clock)
    first, second = target("sqlite"), target("postgresql")
    clock.sleep(10)
    restore(first, file, clock)
    store = opened(first, clock)
    given: list[tuple[int, int]] = []
    for _ in range(30):
        clock.sleep(1)
        with store.read() as unit:
            number = unit.deployments.next_number("dev")
        record(store, deployment(number))
        with store.write() as unit:
            lease = unit.leases.claim("dev", f"{number}", 1)
        assert isinstance(lease, Lease)
        given.append((number, lease.epoch))
    store.close()
    restore(second, file, clock)
    store = opened(second, clock)
    with store.write() as unit:
        number, lease = unit.deployments.next_number("dev"), unit.leases.claim("dev", "new", 60)
    store.close()
    assert isinstance(lease, Lease)
    assert number > max(number for number, _ in given) and lease.epoch > max(epoch for _, epoch in given)


def test_numbers_and_epochs_of_the_database_that_is_replaced_are_not_given_out_again(
    filled: str, file: Path, clock: MovedClock
) -> None:
    """However many there were, and wherever the clock stands."""
    taken(filled, file, clock)
    store = opened(filled, clock)
    record(store, deployment(77_777))
    with store.write() as unit:
        old = unit.leases.claim("dev", "old", 60)
    store.close()
    restore(filled, file, clock, replace_all=True)
    old_epochs = epoch_of(filled, clock)
    restore(filled, file, clock, replace_all=True)
    store = opened(filled, clock)
    with store.write() as unit:
        number, lease = unit.deployments.next_number("dev"), unit.leases.claim("dev", "new", 60)
    store.close()
    assert isinstance(lease, Lease) and isinstance(old, Lease)
    assert number > 77_777 and lease.epoch > old_epochs >= old.epoch + EPOCHS


def epoch_of(url: str, clock: MovedClock) -> int:
    store = opened(url, clock)
    with store.read() as unit:
        found = next(holder.epoch for holder in unit.leases.holders() if holder.environment == "dev")
    store.close()
    return found


def test_whoever_was_let_in_by_a_restored_row_has_to_come_in_anew(filled: str, file: Path, clock: MovedClock) -> None:
    """Some of them may have been locked out since."""
    after, _ = again(filled, file, clock)
    with after.read() as unit:
        assert unit.sessions.get("0" * 64) is None and unit.links.get("2" * 64) is None
        assert [token.revoked_at for token in unit.tokens.all()] == [clock.now()]
        assert (
            unit.identities.person("T1", "U1") is None and unit.tellings.get("slack", "dev-1", "#deploys") is not None
        )
    after.close()


def test_new_rows_follow_the_restored_ones(filled: str, file: Path, clock: MovedClock) -> None:
    after, _ = again(filled, file, clock)
    record(after, deployment(9))
    number = Orders(after, clock, Rights(Polls(Town(), after), {}, clock), lambda _: None).leave(
        OrderKind.UNHOLD, "dev", None, "looked", SOMEBODY
    )
    with after.read() as unit:
        newest = unit.deployments.page().items[0].number
    after.close()
    assert (number, newest) == (2, 9)


# --------------------------------------------------------------- refusals


def test_a_database_with_rows_is_replaced_only_when_that_is_said(filled: str, file: Path, clock: MovedClock) -> None:
    taken(filled, file, clock)
    before = rows_of(filled)
    with pytest.raises(Blocked, match="--replace") as caught:
        restore(filled, file, clock)
    assert caught.value.code == "database.not_empty"
    assert rows_of(filled) == before


def test_empty_tables_count_as_an_empty_database(
    filled: str, file: Path, target: Callable[[str], str], clock: MovedClock
) -> None:
    taken(filled, file, clock)
    url = target("sqlite")
    migrate(url)
    assert restore(url, file, clock).held == ("dev", "staging")


def test_a_database_that_a_controller_uses_is_not_replaced(
    store: Store, database: str, file: Path, clock: MovedClock
) -> None:
    taken(database, file, clock)
    store.ping()
    with pytest.raises(Blocked) as caught:
        restore(database, file, clock, replace_all=True)
    assert caught.value.code == "database.in_use"
    store.ping()


def test_a_backup_of_a_newer_tidegate_is_refused(filled: str, file: Path, clock: MovedClock) -> None:
    write(file, Header("9999", "now", "99.0", {}), [])
    with pytest.raises(Blocked, match="9999") as caught:
        restore(filled, file, clock, replace_all=True)
    assert caught.value.code == "database.schema_unknown"


def test_a_backup_of_older_tables_is_migrated_on_the_way(
    filled: str, file: Path, target: Callable[[str], str], clock: MovedClock
) -> None:
    """As the very first Tidegate would have written it."""
    taken(filled, file, clock)
    old, url = file.with_name("old"), target("postgresql" if filled.startswith("sqlite") else "sqlite")
    header = check(file)[0]
    kept = {name: rows for name, rows in header.tables.items() if name not in NEWER_TABLES}
    write(old, replace(header, schema="0001", tables=kept), as_first_written(file))
    restore(url, old, clock)
    check_schema(url)
    store = opened(url, clock)
    with store.read() as unit:
        assert [one.number for one in unit.deployments.page("dev").items] == [2, 1]
    store.close()


NEWER_COLUMNS = {
    "environments": {"numbers_taken", "looked_by", "looked_at"},
    "deliveries": {"recovered_at"},
    "orders": {"wish", "person", "via", "key"},
    "audit": {"position", "key", "link"},
    "deployments": {"set_aside", "summary", "summarized"},
}
NEWER_TABLES = {
    *("anchors", "audit_head", "codes", "evidence", "identities", "ignored_commits", "interactions", "links"),
    *("contents", "delivery_facts", "delivery_weeks", "distances"),
    *("proposals", "runs", "samples", "sessions", "tellings", "terms", "tokens"),
}
"""What came after the first migration; the test above fails when one is forgotten here."""


def as_first_written(file: Path) -> Iterator[Rows]:
    for found in read(file):
        if isinstance(found, Batch) and found.table not in NEWER_TABLES:
            columns = [name for name in found.rows[0] if name not in NEWER_COLUMNS.get(found.table, set())]
            yield Rows(found.table, columns, [[row[name] for name in columns] for row in found.rows])


def test_what_was_written_on_github_is_found_again_after_a_restore(filled: str, file: Path, clock: MovedClock) -> None:
    taken(filled, file, clock)
    restore(filled, file, clock, replace_all=True)
    store = opened(filled, clock)
    with store.read() as unit:
        found = unit.proposals.get("acme/captioncraft", 7)
        assert unit.proposals.is_due(clock.now())
    assert found is not None and found.comment is None
    store.close()


def test_a_restore_that_dies_leaves_the_database_as_it_was(
    filled: str, file: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(filled, file, clock)
    before = rows_of(filled)

    def die(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restored_rows, "BECOMES", {**BECOMES, "audit": die})
    with pytest.raises(KeyboardInterrupt):
        restore(filled, file, clock, replace_all=True)
    assert rows_of(filled) == before


def test_every_table_says_what_a_restore_makes_of_it() -> None:
    assert set(BECOMES) == set(Row.metadata.tables)
    assert list(BECOMES)[-1] == "audit", "what was done is told when it was done"


# ----------------------------------------------------------------- memory


def test_memory_stays_flat_however_many_rows_there_are(file: Path) -> None:
    """A row is a kilobyte: all of them together would be twenty megabytes."""
    row = ["dev", "x" * 1000]
    header = Header("0001", "now", PROGRAM, {"timers": 20_000})
    tracemalloc.start()
    write(file, header, [Rows("timers", ["environment", "due_at"], (row for _ in range(20_000)))])
    check(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4_000_000


def test_the_lines_are_json_that_anybody_can_read(some_file: Path) -> None:
    first, second, third, *_ = gzip.decompress(some_file.read_bytes()).splitlines()
    assert json.loads(first)["tidegate"] == "backup"
    assert json.loads(second) == {"table": "timers", "columns": ["environment", "due_at"]}
    assert json.loads(third) == ["environment-0", "2026-03-01T09:00:00.000000Z"]
