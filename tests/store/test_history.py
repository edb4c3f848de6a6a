"""The history: whatever is asked for, the index finds what reading every line would find, in pages."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, text

from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.search import Search, read_search
from controller.domain.summary import Before, HistoryLine, Trigger
from controller.loop.catching_up import catch_up
from controller.store import BadCursor, Store
from controller.store.postings import BLOCK, pack, unpack
from tests.store.recorded import deployment, record
from tests.support.builders import a_running_deployment

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
    while catch_up(store):
        pass


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
        assert unit.history.page(search, 20).is_catching_up
    assert not catch_up(store)
    with store.read() as unit:
        page = unit.history.page(search, 20)
    assert page.items
    assert not page.is_catching_up


def test_what_an_older_program_has_saved_is_summarized_again(store: Store) -> None:
    record(store, deployment(1))
    with store.write() as unit:
        unit.deployments._transaction.change(text("UPDATE deployments SET phase = 'failed', version = version + 1"))
    catch_up(store)
    assert [line.id for line in everything(store, read_search({"phase": "failed", "kind": "deploy"}), 5)] == ["dev-1"]


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


WHOLE = re.compile(r"SCAN (deployments|terms)\b(?!.*deployments_unsummarized)|Seq Scan on (deployments|terms)")
"""That index has only what is still to be done."""


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
