"""Figures of delivery: rows of finished deployments, summed up by weeks, and read without reading them all."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from controller.domain.dora import COUNTED, Fact, Key, Lead
from controller.store import BadCursor, Store
from tests.store.recorded import deployment, record
from tests.support.builders import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEAD = Lead(None, None, HOUR, HOUR)


def a_fact(number: int, service: str = "", environment: str = "dev", **more: object) -> Fact:
    at = NOON - number * DAY
    return Fact(f"{environment}-{number}", environment, service, at - HOUR, at, **{"succeeded": True, **more})  # type: ignore[arg-type]


def put(store: Store, *facts: Fact) -> None:
    with store.write() as unit:
        unit.delivery_facts.put(facts)
        while unit.delivery_facts.sum_up(2):
            pass


@pytest.fixture
def facts(store: Store) -> tuple[Fact, ...]:
    record(store, *(deployment(number) for number in (1, 2, 3, 4)), deployment(9, "prod"))
    found = (
        a_fact(1, leads=(LEAD,)),
        a_fact(2, succeeded=False, failed=True, harmed=True, restored=HOUR),
        a_fact(3, succeeded=False),
        a_fact(4, failed=True, harmed=True),
        a_fact(9, environment="prod"),
        a_fact(1, "backend", leads=(LEAD,)),
    )
    put(store, *found)
    return found


def test_what_was_put_comes_back(store: Store, facts: tuple[Fact, ...]) -> None:
    with store.read() as unit:
        found = unit.delivery_facts.between("dev", "", NOON - 10 * DAY, NOON)
        assert found == tuple(reversed([fact for fact in facts if (fact.environment, fact.service) == ("dev", "")]))
        assert unit.delivery_facts.between(None, "backend", NOON - 10 * DAY, NOON) == (facts[-1],)
        assert unit.delivery_facts.services() == ("backend",)
        assert unit.delivery_facts.first(None, "") == facts[4].finished_at


def test_the_names_of_services_are_one_question_however_many_there_are(store: Store) -> None:
    record(store, deployment(1))
    put(store, *(a_fact(1, service) for service in ("", "worker", "backend", "api")))
    asked: list[str] = []
    with store.read() as unit:
        connection = unit.delivery_facts._transaction.connection
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert unit.delivery_facts.services() == ("api", "backend", "worker")
    assert len(asked) == 1


def test_a_week_is_marked_once_for_all_that_one_transaction_puts(store: Store, facts: tuple[Fact, ...]) -> None:
    asked: list[str] = []
    with store.write() as unit:
        connection = unit.delivery_facts._transaction.connection
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        for fact in facts[:3]:
            unit.delivery_facts.put([fact])
    assert len([each for each in asked if each.startswith("INSERT INTO delivery_facts")]) == 1
    weeks = {fact.week for fact in facts[:3]}
    assert len([each for each in asked if "delivery_weeks" in each]) == 2 * len(weeks) < 6
    with store.read() as unit:
        assert unit.delivery_facts.is_stale()


def test_put_again_it_is_counted_once_and_as_it_is_now(store: Store, facts: tuple[Fact, ...]) -> None:
    put(store, a_fact(1, failed=True, harmed=True))
    with store.read() as unit:
        report = unit.delivery_facts.report("dev", "", NOON, 2)
    assert (report.four.failures.failed, report.four.failures.started) == (3, 4)


def test_weeks_are_summed_up_anew_only_where_something_changed(store: Store, facts: tuple[Fact, ...]) -> None:
    with store.write() as unit:
        assert not unit.delivery_facts.is_stale()
        unit.delivery_facts.put([facts[0]])
        assert unit.delivery_facts.is_stale()
        unit.delivery_facts.sum_up(10)
        assert not unit.delivery_facts.is_stale()


@pytest.mark.parametrize("environment", ["dev", "prod", None])
def test_a_report_is_of_one_environment_or_of_all(
    store: Store, facts: tuple[Fact, ...], environment: str | None
) -> None:
    with store.read() as unit:
        report = unit.delivery_facts.report(environment, "", NOON, 3)
    wanted = [fact for fact in facts if not fact.service and environment in (None, fact.environment)]
    assert report.four.failures.started == len(wanted)
    assert sum(week.four.frequency.deployments for week in report.weeks) == sum(fact.succeeded for fact in wanted)


def test_the_reports_of_all_environments_are_two_questions(store: Store, facts: tuple[Fact, ...]) -> None:
    names, asked = ["dev", "staging", "prod"], []
    with store.read() as unit:
        one_by_one = tuple(unit.delivery_facts.report(name, "", NOON, 3) for name in names)
        connection = unit.delivery_facts._transaction.connection
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert unit.delivery_facts.reports(names, NOON, 3) == one_by_one
    assert len(asked) == 2


@pytest.mark.parametrize("key", list(Key))
def test_the_rows_of_a_figure_are_those_that_its_sum_counts(store: Store, facts: tuple[Fact, ...], key: Key) -> None:
    with store.read() as unit:
        page = unit.delivery_facts.page("dev", "", NOON - 10 * DAY, NOON, key)
    assert list(page.items) == [
        fact for fact in facts if (fact.environment, fact.service) == ("dev", "") and COUNTED[key](fact)
    ]


def test_rows_come_in_pages_without_a_gap(store: Store, facts: tuple[Fact, ...]) -> None:
    seen: list[str] = []
    cursor: str | None = None
    with store.read() as unit:
        while True:
            page = unit.delivery_facts.page(None, "", NOON - 10 * DAY, NOON, Key.FAILURES, 2, cursor)
            seen += [fact.deployment for fact in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert seen == ["dev-1", "dev-2", "dev-3", "dev-4", "prod-9"]


def test_a_cursor_of_something_else_is_no_cursor(store: Store) -> None:
    with store.read() as unit, pytest.raises(BadCursor):
        unit.delivery_facts.page(None, "", NOON, NOON, Key.LEAD, 2, "eA")
