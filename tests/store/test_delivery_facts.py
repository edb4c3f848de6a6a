"""Figures of delivery: rows of finished deployments, summed up by weeks, and read without reading them all."""

from datetime import timedelta

import pytest

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
