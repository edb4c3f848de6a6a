from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.metrics import Result, Sample
from controller.domain.slot import Slot
from controller.store import Store
from controller.store.samples import KEPT_DEPLOYMENTS
from tests.store.recorded import deployment, record
from tests.support.builders import NOON

FIRST = Sample("backend", "errors", Slot.GREEN, NOON, 0.0125, 1200, 0.01, Result.FAILED)


@pytest.fixture
def moving(store: Store) -> Deployment:
    return recorded(store, deployment(1))[0]


def recorded(store: Store, *deployments: Deployment) -> tuple[Deployment, ...]:
    record(store, *deployments)
    return deployments


def later(minutes: int, **changes: object) -> Sample:
    return replace(FIRST, at=NOON + timedelta(minutes=minutes), **changes)


def kept(store: Store, number: int = 1) -> tuple[Sample, ...]:
    with store.read() as unit:
        return unit.samples.page(f"dev-{number}").items


def put(store: Store, of: Deployment, *samples: Sample) -> int:
    with store.write() as unit:
        return unit.samples.put(of, samples)


def test_samples_come_back_newest_first_and_exactly(store: Store, moving: Deployment) -> None:
    third = replace(FIRST, metric="latency_p95", value=0.1 + 0.2, limit=0.8, verdict=Result.PASSED)
    assert put(store, moving, FIRST, later(1), third) == 3
    assert kept(store) == (third, later(1), FIRST)


def test_a_sample_is_stored_once_and_stays_as_it_was_first(store: Store, moving: Deployment) -> None:
    put(store, moving, FIRST)
    assert put(store, moving, FIRST, replace(FIRST, value=0.5), later(1)) == 1
    assert kept(store) == (later(1), FIRST)


def test_what_was_lost_in_a_crash_is_written_by_the_next_look(store: Store, moving: Deployment) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as unit:
        1 // (unit.samples.put(moving, [FIRST, later(1)]) - 2)
    assert kept(store) == ()
    put(store, moving, FIRST, later(1), later(2))
    assert len(kept(store)) == 3


def test_the_same_minute_of_another_slot_service_or_deployment_is_another_sample(store: Store) -> None:
    one, other = recorded(store, deployment(1, phase=Phase.SUCCEEDED), deployment(2))
    others = (replace(FIRST, slot=Slot.BLUE), replace(FIRST, service="frontend"))
    assert put(store, one, FIRST, *others) + put(store, other, FIRST) == 4
    assert kept(store, 2) == (FIRST,)


def test_pages_end(store: Store, moving: Deployment) -> None:
    put(store, moving, *map(later, range(5)))
    with store.read() as unit:
        first = unit.samples.page("dev-1", limit=3)
        second = unit.samples.page("dev-1", limit=3, cursor=first.next)
    assert [sample.at.minute for sample in (*first.items, *second.items)] == [4, 3, 2, 1, 0]
    assert second.next is None


def test_samples_of_deployments_long_ago_go_when_new_ones_come(store: Store) -> None:
    old, near, new = recorded(
        store,
        deployment(1, phase=Phase.SUCCEEDED),
        deployment(2, phase=Phase.SUCCEEDED),
        deployment(KEPT_DEPLOYMENTS + 1),
    )
    put(store, old, FIRST)
    put(store, near, FIRST)
    put(store, new, FIRST)
    assert (kept(store, 1), kept(store, 2), len(kept(store, KEPT_DEPLOYMENTS + 1))) == ((), (FIRST,), 1)
