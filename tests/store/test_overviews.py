"""Everything about an environment in one picture."""

from datetime import UTC, datetime

import pytest

from controller.store import Store
from tests.support.builders import a_deployment, a_revision

DUE = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as unit:
        unit.environments.ensure(["dev", "prod", "staging", "attic"])
        unit.revisions.add(a_revision())
        unit.deployments.add(a_deployment(1))
        unit.timers.set("dev", DUE)
    return store


def test_an_overview_holds_what_belongs_to_its_environment(filled: Store) -> None:
    with filled.read() as unit:
        dev, prod = unit.overviews.of("dev"), unit.overviews.of("prod")
    assert [one.id for one in dev.open] == ["dev-1"] and dev.due_at == DUE
    assert prod.open == () and prod.due_at is None and prod.live is None


def test_environments_come_in_the_order_of_the_bindings_and_then_by_name(filled: Store) -> None:
    with filled.read() as unit:
        names = [one.environment.name for one in unit.overviews.all(["dev", "staging", "prod"])]
    assert names == ["dev", "staging", "prod", "attic"]


def test_an_environment_that_is_not_there_is_said_to_be_missing(filled: Store) -> None:
    with filled.read() as unit, pytest.raises(LookupError, match="nowhere"):
        unit.overviews.of("nowhere")
