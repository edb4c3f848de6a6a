"""What the database says it would do: whatever is asked often is answered by an index, however long the table."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from controller.domain.deployment import Phase
from controller.domain.events import Event
from controller.store import Store, Unit
from controller.store.cursor import cursor
from tests.support.builders import NOON, a_running_deployment

SMALL = re.compile(
    r"CONSTANT ROW|SCAN (steps|\(subquery|anon)"
    r"|INDEX (timers_due|\w+_(to_ask|to_count|to_sum_up|to_look_at|open|stale|set_aside))\b"
)
"""A row each environment, in order; what one question has found; indexes of what is still to be done alone."""

ENDED = replace(a_running_deployment(), phase=Phase.FAILED, replaced=None)

LATER, LATER_AUDIT = cursor("deployments", 1000), cursor("audit", 1000)

QUESTIONS: dict[str, Callable[[Unit], object]] = {
    "history": lambda unit: unit.deployments.page(),
    "older history": lambda unit: unit.deployments.page(cursor=LATER),
    "history of an environment": lambda unit: unit.deployments.page("dev", cursor=LATER),
    "history in a phase": lambda unit: unit.deployments.page(phase=Phase.FAILED, cursor=LATER),
    "history of an environment in a phase": lambda unit: unit.deployments.page("dev", Phase.FAILED, cursor=LATER),
    "a deployment": lambda unit: unit.deployments.get("dev-1"),
    "open deployments": lambda unit: unit.deployments.open("dev"),
    "the live deployment": lambda unit: unit.deployments.live("dev"),
    "the next number": lambda unit: unit.deployments.next_number("dev"),
    "a promoted image": lambda unit: unit.deployments.promoted("dev", "tree", "backend"),
    "a revision": lambda unit: unit.revisions.by_commit("dev", "sha"),
    "received deliveries": lambda unit: unit.deliveries.received(),
    "a delivery": lambda unit: unit.deliveries.state("github", "1"),
    "waiting orders": lambda unit: unit.orders.waiting("dev"),
    "due timers": lambda unit: unit.timers.due(NOON),
    "the next timer": lambda unit: unit.timers.next(),
    "the message to send": lambda unit: unit.outbox.claim(NOON, timedelta(minutes=1)),
    "deliveries to take in": lambda unit: unit.deliveries.take(100),
    "due messages": lambda unit: unit.outbox.due(NOON),
    "what is still to be sent": lambda unit: unit.outbox.waiting(),
    "the newest delivery": lambda unit: unit.deliveries.newest_at(),
    "contents that GitHub is to be asked about": lambda unit: unit.contents.claim(NOON, timedelta(minutes=1)),
    "what was live before": lambda unit: unit.deployments.before(ENDED),
    "what was well next": lambda unit: unit.deployments.next_success(ENDED),
    "those whose place it took": lambda unit: unit.deployments.superseded_by(ENDED),
    "those that never started": lambda unit: unit.deployments.passed_by(None, ENDED, 10),
    "pull requests to look at": lambda unit: unit.proposals.claim(NOON, timedelta(minutes=1)),
    "open pull requests": lambda unit: unit.proposals.known("acme/captioncraft"),
    "whether there are any": lambda unit: unit.contents.is_due(NOON),
    "figures to count": lambda unit: unit.contents.uncounted(100),
    "what is left to count": lambda unit: unit.contents.backlog(),
    "what can't be read": lambda unit: unit.history.backlog(),
    "deployments to make searchable": lambda unit: unit.history.summarize_some(100),
    "what may be restored by now": lambda unit: unit.contents.count_unrestored_again("dev", NOON),
    "weeks to sum up": lambda unit: unit.delivery_facts.sum_up(10),
    "services": lambda unit: unit.delivery_facts.services(),
    "audit": lambda unit: unit.audit.page(),
    "audit of an environment": lambda unit: unit.audit.page("dev"),
    "audit of a deployment": lambda unit: unit.audit.page(deployment="dev-1"),
    "audit of somebody": lambda unit: unit.audit.page(actor="ada", cursor=LATER_AUDIT),
    "audit of a kind": lambda unit: unit.audit.page(event=Event.ORDER_ACCEPTED, cursor=LATER_AUDIT),
    "audit of a day": lambda unit: unit.audit.page(since=NOON, until=NOON + timedelta(days=1)),
    "more audit of a day": lambda unit: unit.audit.page(since=NOON, cursor=LATER_AUDIT),
}


def explained(unit: Unit, ask: Callable[[Unit], object]) -> list[str]:
    """The plan of each statement that a question makes, line by line."""
    transaction = unit.audit._transaction
    connection = transaction.connection
    asked: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    ask(unit)
    event.remove(connection, "before_cursor_execute", note)
    word = "EXPLAIN" if transaction.is_postgres else "EXPLAIN QUERY PLAN"
    if (
        transaction.is_postgres
    ):  # a table this small is read whole, unless that is forbidden; an index then says it could
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        connection.execute(text("SET LOCAL enable_sort = off"))
    return [
        str(tuple(row)[-1])
        for statement, parameters in asked
        for row in connection.exec_driver_sql(f"{word} {statement}", parameters)
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table_or_sorts_it(store: Store, question: str) -> None:
    with store.write() as unit:
        plan = explained(unit, QUESTIONS[question])
    assert plan
    for line in plan:
        assert "Seq Scan" not in line
        assert "Sort" not in line
        assert "TEMP B-TREE" not in line
        assert not line.startswith("SCAN") or SMALL.search(line)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("what was live before", "deployments_in_phase_by_number"),
        ("what was well next", "deployments_in_phase_by_number"),
        ("those whose place it took", "deployments_in_phase_by_number"),
        ("those that never started", "deployments_in_phase_by_number"),
        ("contents that GitHub is to be asked about", "contents_to_ask"),
        ("figures to count", "contents_to_count"),
        ("what may be restored by now", "delivery_facts_unrestored"),
        ("pull requests to look at", "proposals_to_look_at"),
        ("open pull requests", "proposals_open"),
        ("deployments to make searchable", "deployments_stale"),
    ],
)
def test_what_few_rows_answer_is_asked_of_an_index_of_those(store: Store, question: str, index: str) -> None:
    """Others would do, and read all that was ever there."""
    with store.write() as unit:
        assert index in "\n".join(explained(unit, QUESTIONS[question]))


def test_the_check_notices_a_question_without_an_index(store: Store) -> None:
    statement = text("SELECT * FROM deliveries WHERE detail = 'x' ORDER BY event")
    with store.write() as unit:
        plan = "\n".join(explained(unit, lambda unit: unit.audit._transaction.rows(statement)))
    assert "Seq Scan" in plan or "SCAN deliveries" in plan
    assert "Sort" in plan or "TEMP B-TREE" in plan
