"""The history: whatever is asked for, the index finds what reading every line would find, in pages."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from controller.domain.backlog import Backlog
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.search import Search, read_search
from controller.domain.summary import Before, HistoryLine, Trigger
from controller.loop.catching_up import CatchingUp
from controller.store import BadCursor, Store
from controller.store.postings import BLOCK, pack, unpack
from tests.store.recorded import deployment, record
from tests.support.builders import a_running_deployment
from tests.support.database import MovedClock

START = datetime(2026, 2, 27, 22, 30, tzinfo=UTC)
TITLES = ("Retry payments-api (#41)", "Add captions", "Fix the retry of captions", "Drop ÜBER tones", "")
LOGINS = ("ada", "Grace", None)
PHASES = (Phase.SUCCEEDED, Phase.SUCCEEDED, Phase.FAILED, Phase.ROLLED_BACK, Phase.SUPERSEDED)


def made(number: int, chance: Random, environment: str = "dev") -> Deployment:
    at = START + timedelta(minutes=37 * number) - timedelta(hours=chance.choice((0, 0, 0, 5)))
    plain = deployment(number, environment, kind=chance.choice(list(Kind)), created_at=at)
    commit = replace(
        plain.revision.commit,
        message=chance.choice(TITLES),
        authors=(Author(1, chance.choice(LOGINS), "Somebody"),),
    )
    phase = chance.choice(PHASES)
    reason = Reason("smoke.red" if phase is Phase.FAILED else "deployment.ended", f"it came to {phase.words}")
    requester = Person(7, "Otto") if chance.random() < 0.2 else None
    return replace(
        plain, revision=replace(plain.revision, commit=commit), phase=phase, reason=reason, requester=requester
    )


def fill(store: Store, count: int = 60) -> None:
    chance = Random(6)
    for number in range(1, count + 1):
        record(store, made(number, chance, ("dev", "staging", "prod")[number % 3]))


def catch_up(store: Store) -> None:
    catching_up = CatchingUp(store, MovedClock())
    while catching_up.work():
        pass


SEARCHES: tuple[Mapping[str, str], ...] = (
    {},
    {"environment": "dev"},
    {"environment": "dev", "phase": "failed"},
    {"kind": "rollback"},
    {"actor": "GRACE"},
    {"actor": "@otto", "environment": "prod"},
    {"actor": "nobody"},
    {"text": "retry"},
    {"text": "RETRY captions"},
    {"text": "payments-api 41"},
    {"text": "über"},
    {"text": "smoke.red"},
    {"text": "dev-3"},
    {"text": "000000000000000000000000000000000000000c"},
    {"text": "0000000"},
    {"text": "develop-0000000"},
    {"text": "retry tones"},
    {"since": "2026-02-28"},
    {"until": "2026-02-28"},
    {"since": "2026-02-28", "until": "2026-02-28", "phase": "succeeded"},
    {"since": "2026-02-28T03:17:00Z", "until": "2026-03-01T01:05:00+01:00"},
    {"since": "2027-01-01"},
    {"phase": "waiting", "kind": "deploy"},
)


def everything(store: Store, search: Search, limit: int, **more: int) -> list[HistoryLine]:
    """All pages, each in a transaction of its own."""
    found: list[HistoryLine] = []
    cursor: str | None = None
    while True:
        with store.read() as unit:
            page = unit.history.page(search, limit, cursor, **more)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("asked", SEARCHES, ids=str)
def test_pages_hold_what_reading_every_line_would_find(store: Store, asked: Mapping[str, str]) -> None:
    fill(store)
    search = read_search(asked)
    lines = everything(store, Search(), 200)
    wanted = [line.id for line in lines if search.admits(line)]
    assert [line.seq for line in lines] == sorted((line.seq for line in lines), reverse=True)
    for limit in (1, 7, 200):
        assert [line.id for line in everything(store, search, limit)] == wanted


def test_the_searches_are_not_all_empty(store: Store) -> None:
    fill(store)
    counts = {str(asked): len(everything(store, read_search(asked), 200)) for asked in SEARCHES}
    assert sorted(count for count in counts.values() if not count) == [0, 0, 0, 0]


def spread(store: Store, blocks: int) -> None:
    """Each in a block of its own, with empty ones between them."""
    chance = Random(1)
    for number in range(1, blocks + 1):
        record(store, made(number, chance))
        with store.write() as unit:
            move = text(f"UPDATE deployments SET seq = {number * 2 * BLOCK} WHERE id = 'dev-{number}'")
            unit.deployments._transaction.change(move)
            unit.deployments._transaction.change(text("DELETE FROM terms"))
            unit.deployments._transaction.change(text("UPDATE deployments SET summarized = -1"))
    catch_up(store)


def test_what_is_blocks_apart_is_found_and_a_page_may_end_early_and_say_so(store: Store) -> None:
    spread(store, 5)
    search = read_search({"kind": "deploy", "text": "develop"})
    ids = [line.id for line in everything(store, Search(), 10) if search.admits(line)]
    assert [line.id for line in everything(store, search, 10)] == ids != []
    assert [line.id for line in everything(store, search, 10, most_blocks=2)] == ids
    with store.read() as unit:
        page = unit.history.page(read_search({"text": "nowhere"}), 10, None, most_blocks=2)
    assert (page.items, page.looked_back_to is not None, page.next is not None) == ((), True, True)


def test_rows_of_an_older_program_are_listed_at_once_and_found_once_the_loop_has_been_there(store: Store) -> None:
    fill(store, 9)
    with store.write() as unit:
        unit.deployments._transaction.change(text("UPDATE deployments SET summarized = -1, summary = NULL"))
        unit.deployments._transaction.change(text("DELETE FROM terms"))
    search = read_search({"text": "captions"})
    with store.read() as unit:
        assert len(unit.history.page(Search(), 20).items) == 9
        assert unit.history.page(search, 20).backlog == Backlog(left=9)
    catch_up(store)
    with store.read() as unit:
        page = unit.history.page(search, 20)
    assert page.items
    assert page.backlog == Backlog()


def test_what_an_older_program_has_saved_is_summarized_again(store: Store) -> None:
    record(store, deployment(1))
    with store.write() as unit:
        unit.deployments._transaction.change(text("UPDATE deployments SET phase = 'failed', version = version + 1"))
    catch_up(store)
    assert [line.id for line in everything(store, read_search({"phase": "failed", "kind": "deploy"}), 5)] == ["dev-1"]


UNREADABLE = (
    "body_version = 99",
    "body = '{}'",
    "body = '[]'",
    'steps = \'[{"kind": "no such step"}]\'',
)
"""What may be wrong with a row: a newer Tidegate wrote it, or it is broken."""


def spoil(store: Store, which: str, how: str) -> None:
    """As an older program has left it, and `which` as nobody can read it."""
    with store.write() as unit:
        change = unit.deployments._transaction.change
        change(text("UPDATE deployments SET summarized = -1, summary = NULL"))
        change(text("DELETE FROM terms"))
        change(text(f"UPDATE deployments SET {how} WHERE id = '{which}'"))


@pytest.mark.parametrize("how", UNREADABLE)
def test_one_that_cannot_be_read_is_set_aside_and_all_others_become_searchable(store: Store, how: str) -> None:
    record(store, *(deployment(number) for number in (1, 2, 3)))
    spoil(store, "dev-2", how)
    with capture_logs() as logged:
        catch_up(store)
        catching_up = CatchingUp(store, MovedClock())
        catching_up._has_tried_again = True
        assert not catching_up.work()
    told = [(line["deployment"], line["log_level"]) for line in logged]
    assert told == [("dev-2", "error")], "once, by its id"
    with store.read() as unit:
        found = unit.history.page(read_search({"text": "develop"}), 5)
        assert [line.id for line in found.items] == ["dev-3", "dev-1"]
        assert found.backlog == Backlog(left=0, unreadable=1)


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("is_set_aside", [False, True])
def test_one_that_cannot_be_read_is_listed_by_what_its_columns_tell(store: Store, how: str, is_set_aside: bool) -> None:
    record(store, *(deployment(number) for number in (1, 2, 3)))
    spoil(store, "dev-2", how)
    if is_set_aside:
        catch_up(store)
        assert [line.id for line in everything(store, read_search({"text": "dev-2"}), 5)] == ["dev-2"]
    lines = everything(store, Search(), 2)
    assert [(line.id, line.summary.trigger) for line in lines] == [
        ("dev-3", Trigger.MERGE),
        ("dev-2", Trigger.UNKNOWN),
        ("dev-1", Trigger.MERGE),
    ]
    with store.read() as unit:
        assert [one.id for one in unit.history.full(lines)] == ["dev-3", "dev-1"]


def test_what_was_set_aside_is_tried_again_when_a_controller_starts(store: Store) -> None:
    record(store, *(deployment(number) for number in (1, 2)))
    spoil(store, "dev-1", "body_version = 99")
    catch_up(store)
    with store.write() as unit:
        unit.deployments._transaction.change(text("UPDATE deployments SET body_version = 1"))
    catch_up(store)
    with store.read() as unit:
        found = unit.history.page(read_search({"text": "develop"}), 5)
    assert ([line.id for line in found.items], found.backlog) == (["dev-2", "dev-1"], Backlog())


def test_a_row_that_is_no_json_is_set_aside_as_well(migrated_file: Path, tmp_path: Path) -> None:
    """PostgreSQL refuses to store such a one."""
    shutil.copyfile(migrated_file, tmp_path / "tidegate.db")
    store = Store(f"sqlite:///{tmp_path / 'tidegate.db'}", MovedClock())
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    record(store, *(deployment(number) for number in (1, 2, 3)))
    spoil(store, "dev-2", "body = '{'")
    catch_up(store)
    with store.read() as unit:
        page = unit.history.page(Search(), 5)
        assert [line.id for line in page.items] == ["dev-3", "dev-2", "dev-1"]
        assert unit.history.backlog() == Backlog(unreadable=1)
    store.close()


def test_what_was_live_before_one_that_can_be_read_may_be_unreadable(store: Store) -> None:
    record(store, deployment(1), replace(deployment(2), phase=Phase.SUCCEEDED, replaced="dev-1"))
    spoil(store, "dev-1", "body_version = 99")
    catch_up(store)
    assert [line.id for line in everything(store, read_search({"text": "develop"}), 5)] == ["dev-2"]


class SlowDisk(MovedClock):
    """Whatever is measured takes a fifth of a second."""

    def monotonic(self) -> float:
        self.sleep(0.2)
        return super().monotonic()


def test_a_batch_is_as_large_as_a_short_transaction_has_time_for(store: Store) -> None:
    fill(store, 60)
    spoil(store, "", "version = version")
    quick, slow = CatchingUp(store, MovedClock()), CatchingUp(store, SlowDisk())
    assert slow.work() and slow._pace.size == 10
    assert quick.work() and quick._pace.size == 40
    assert slow.work() and slow._pace.size == 5
    with store.read() as unit:
        assert unit.history.backlog() == Backlog(left=60 - 20 - 20 - 10)


def test_a_deployment_is_found_by_what_it_becomes(store: Store) -> None:
    running = a_running_deployment()
    record(store, running)
    by_service = read_search({"service": "backend", "phase": "running"})
    assert [line.id for line in everything(store, by_service, 5)] == [running.id]
    with store.write() as unit:
        unit.deployments.save(running.moved(Phase.ABORTED, Reason("order.aborted", "Otto stopped it"), START))
    assert not everything(store, by_service, 5)
    assert [line.id for line in everything(store, read_search({"text": "otto stopped"}), 5)] == [running.id]


def test_a_line_knows_what_was_live_before(store: Store) -> None:
    first, second = replace(deployment(1), phase=Phase.SUCCEEDED), deployment(2)
    record(store, first, second)
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), live=1))
        unit.deployments.save(second.moved(Phase.RUNNING, Reason("deployment.running", "it runs"), START))
    (line, _) = everything(store, Search(), 5)
    assert line.summary.before == Before("dev-1", first.revision.version)
    assert line.summary.trigger is Trigger.MERGE
    assert line.actor == "ada"


def test_a_cursor_of_nobodys_is_refused(store: Store) -> None:
    with store.read() as unit, pytest.raises(BadCursor):
        unit.history.page(read_search({"text": "x"}), 5, "nonsense")


@pytest.mark.parametrize("rows", [0, 1, 1 << (BLOCK - 1), (1 << BLOCK) - 1, sum(1 << n for n in range(0, BLOCK, 9))])
def test_rows_come_back_as_they_were_packed(rows: int) -> None:
    assert unpack(pack(rows)) == rows
    assert len(pack(rows)) <= 684


def plans_of(store: Store, search: Search) -> list[str]:
    """How the database carries out each statement of a page."""
    with store.read() as unit:
        connection = unit.history._transaction.connection
        is_postgres = unit.history._transaction.is_postgres
        asked: list[tuple[str, Any]] = []

        def hear(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
            asked.append((statement, parameters))

        if is_postgres:  # a few rows are always read as a whole, if that is allowed
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(connection, "before_cursor_execute", hear)
        unit.history.page(search, 5)
        event.remove(connection, "before_cursor_execute", hear)
        explain = "EXPLAIN" if is_postgres else "EXPLAIN QUERY PLAN"
        told = [connection.exec_driver_sql(f"{explain} {one}", parameters).all() for one, parameters in asked]
    return ["\n".join(str(row[-1]) for row in rows) for rows in told]


WHOLE = re.compile(r"SCAN (deployments|terms)\b(?!.*deployments_(?:stale|set_aside))|Seq Scan on (deployments|terms)")
"""Those indexes have only what is still to be done, or can't be."""


@pytest.mark.parametrize("asked", SEARCHES[1:], ids=str)
def test_no_search_reads_a_whole_table(store: Store, asked: Mapping[str, str]) -> None:
    fill(store, 12)
    plans = plans_of(store, read_search(asked))
    assert plans
    assert [plan for plan in plans if WHOLE.search(plan)] == []


def test_a_plan_that_reads_a_whole_table_would_be_noticed(store: Store) -> None:
    with store.read() as unit:
        transaction = unit.history._transaction
        explain = "EXPLAIN" if transaction.is_postgres else "EXPLAIN QUERY PLAN"
        told = transaction.rows(text(f"{explain} SELECT count(secret) FROM deployments"))
    assert WHOLE.search("\n".join(str(list(row.values())[-1]) for row in told))
