from dataclasses import replace

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.evidence import FailureEvidence
from controller.store import Store
from tests.store.recorded import deployment, record
from tests.support.evidence import FOUND


@pytest.fixture
def left(store: Store) -> tuple[Deployment, Deployment]:
    """One that was live, and the rollback that left it."""
    both = deployment(2, phase=Phase.SUCCEEDED), deployment(3)
    record(store, *both)
    return both


def kept(store: Store, number: int) -> tuple[FailureEvidence, ...]:
    with store.read() as unit:
        return unit.evidence.of(f"dev-{number}")


def test_it_comes_back_exactly_with_whoever_wrote_it_and_whoever_it_is_about(
    store: Store, left: tuple[Deployment, Deployment]
) -> None:
    found = replace(FOUND, deployment="dev-3", about="dev-2")
    with store.write() as unit:
        assert unit.evidence.add(found, left[1])
    assert kept(store, 2) == kept(store, 3) == (found,)
    assert kept(store, 1) == ()


def test_of_one_step_the_first_stays(store: Store, left: tuple[Deployment, Deployment]) -> None:
    with store.write() as unit:
        assert unit.evidence.add(FOUND, left[0])
        assert not unit.evidence.add(replace(FOUND, slots=()), left[0])
        assert unit.evidence.add(replace(FOUND, step=12, slots=()), left[0])
    assert [(found.step, bool(found.slots)) for found in kept(store, 2)] == [(9, True), (12, False)]


def test_a_deployment_among_many_is_read_without_it(store: Store, left: tuple[Deployment, Deployment]) -> None:
    with store.write() as unit:
        unit.evidence.add(FOUND, left[0])
    with store.read() as unit:
        overview = unit.overviews.about(left[0])
        assert overview.evidence[left[0].id] == (FOUND,)
        assert unit.overviews.of("dev").evidence.get(left[0].id) is None
