"""The scheduler's decisions, one picture at a time, and what no decision may ever do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.world.scheduler import ServicePicture, TaskPicture, decide, threshold

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def task(
    name: str,
    current: bool = True,
    healthy: bool = True,
    stage: str = "running",
    failing: bool = False,
    age: float = 60,
) -> TaskPicture:
    since = NOW - timedelta(seconds=age)
    return TaskPicture(name, current, stage, since, since if healthy else None, failing)  # type: ignore[arg-type]


def old(name: str, **changes: bool) -> TaskPicture:
    return task(name, current=False, **changes)


def stopped(picture: ServicePicture) -> dict[str, str]:
    return {stop.task_id: stop.why for stop in decide(picture, NOW).stop}


def test_an_empty_service_starts_all_its_tasks() -> None:
    assert decide(ServicePicture(desired=3), NOW).start == 3


def test_a_service_that_wants_nothing_is_complete_at_once() -> None:
    decision = decide(ServicePicture(desired=0), NOW)
    assert (decision.start, decision.complete, decision.is_steady) == (0, True, True)


def test_new_tasks_start_beside_the_old_ones_up_to_the_ceiling() -> None:
    picture = ServicePicture(desired=4, tasks=tuple(old(f"o{i}") for i in range(4)), maximum_percent=150)
    decision = decide(picture, NOW)
    assert (decision.start, decision.stop) == (2, ())


def test_old_tasks_stay_until_new_ones_are_healthy() -> None:
    tasks = (old("o1"), old("o2"), task("n1", healthy=False), task("n2"))
    assert len(stopped(ServicePicture(desired=2, tasks=tasks))) == 1


def test_a_deployment_is_complete_only_when_the_last_old_task_has_gone() -> None:
    new = (task("n1"), task("n2"))
    leaving = task("o1", current=False, stage="stopping")
    assert not decide(ServicePicture(desired=2, tasks=(*new, leaving)), NOW).complete
    assert decide(ServicePicture(desired=2, tasks=new), NOW).complete


def test_a_task_that_its_balancer_calls_unhealthy_is_spared_during_the_grace_period() -> None:
    young = task("t1", healthy=False, failing=True, age=10)
    picture = ServicePicture(desired=1, tasks=(young,), grace=timedelta(seconds=30))
    decision = decide(picture, NOW)
    assert decision.stop == ()
    assert decision.look_again_at == NOW + timedelta(seconds=20)
    assert stopped(ServicePicture(desired=1, tasks=(young,), grace=timedelta(seconds=10))) == {"t1": "unhealthy"}


def test_scaling_in_takes_the_least_useful_task_first() -> None:
    tasks = (task("healthy"), task("booting", healthy=False, stage="starting", age=1))
    assert stopped(ServicePicture(desired=1, tasks=tasks, state="COMPLETED")) == {"booting": "surplus"}


def test_enough_failures_fail_the_deployment_and_start_nothing() -> None:
    decision = decide(ServicePicture(desired=2, failed_tasks=3, threshold=3), NOW)
    assert (decision.fail, decision.start) == (True, 0)


def test_a_failed_deployment_starts_nothing_and_leaves_the_old_tasks() -> None:
    picture = ServicePicture(desired=2, state="FAILED", tasks=(old("o1"), old("o2")))
    decision = decide(picture, NOW)
    assert (decision.start, decision.stop, decision.complete) == (0, (), False)


def test_a_failed_deployment_can_still_be_scaled_to_nothing() -> None:
    picture = ServicePicture(desired=0, state="FAILED", tasks=(old("o1"), task("n1")))
    assert stopped(picture) == {"o1": "surplus", "n1": "surplus"}


def test_a_throttled_service_waits_and_says_until_when() -> None:
    later = NOW + timedelta(seconds=8)
    decision = decide(ServicePicture(desired=2, may_start_from=later), NOW)
    assert (decision.start, decision.look_again_at) == (0, later)


def test_percentages_that_allow_no_move_are_stuck() -> None:
    picture = ServicePicture(desired=1, tasks=(old("o1"),), minimum_percent=100, maximum_percent=100)
    assert decide(picture, NOW).is_stuck


def test_a_half_floor_lets_old_tasks_go_first() -> None:
    tasks = (old("o1"), old("o2"))
    picture = ServicePicture(desired=2, tasks=tasks, minimum_percent=50, maximum_percent=100)
    assert len(stopped(picture)) == 1


def test_a_deleted_service_stops_everything() -> None:
    assert stopped(ServicePicture(desired=0, tasks=(task("t1"),), is_draining=True)) == {"t1": "deleted"}


@pytest.mark.parametrize(
    ("breaker", "desired", "expected"),
    [
        ({"enable": False, "rollback": False}, 10, None),
        ({"enable": True, "rollback": False}, 2, 3),
        ({"enable": True, "rollback": False}, 25, 13),
        ({"enable": True, "rollback": False}, 1000, 200),
        ({"enable": True, "thresholdConfiguration": {"type": "COUNT", "value": 2}}, 50, 2),
        ({"enable": True, "thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 10}}, 4, 1),
        ({"enable": True, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 10}}, 4, 3),
    ],
)
def test_the_breaker_trips_at(breaker: dict[str, object], desired: int, expected: int | None) -> None:
    assert threshold(breaker, desired) == expected


tasks = st.builds(
    task,
    st.uuids().map(str),
    current=st.booleans(),
    healthy=st.booleans(),
    stage=st.sampled_from(["starting", "running", "stopping"]),
    failing=st.booleans(),
    age=st.floats(0, 300),
)
pictures = st.builds(
    ServicePicture,
    desired=st.integers(0, 6),
    tasks=st.lists(tasks, max_size=12).map(tuple),
    state=st.sampled_from(["IN_PROGRESS", "COMPLETED", "FAILED"]),
    minimum_percent=st.sampled_from([0, 50, 100]),
    maximum_percent=st.sampled_from([100, 150, 200]),
    grace=st.sampled_from([timedelta(0), timedelta(seconds=60)]),
    failed_tasks=st.integers(0, 5),
    threshold=st.sampled_from([None, 3]),
)


@given(pictures)
def test_no_decision_crosses_the_floor_or_the_ceiling(picture: ServicePicture) -> None:
    decision = decide(picture, NOW)
    stops = {stop.task_id: stop.why for stop in decision.stop}
    left = [each for each in picture.tasks if each.stage != "stopping" and each.id not in stops]
    if decision.start:
        assert len(left) + decision.start <= picture.desired * picture.maximum_percent // 100
        assert sum(each.is_current for each in left) + decision.start <= picture.desired
    healthy_replaced = [each for each in picture.tasks if stops.get(each.id) == "replaced" and each.healthy_from]
    if healthy_replaced:
        floor = -(-picture.desired * picture.minimum_percent // 100)
        assert sum(each.healthy_from is not None for each in left) >= floor


@given(pictures)
def test_a_complete_service_has_exactly_what_it_wants(picture: ServicePicture) -> None:
    if decide(picture, NOW).complete:
        alive = [each for each in picture.tasks if each.stage != "stopping"]
        assert len(alive) == picture.desired
        assert all(each.is_current and each.healthy_from for each in alive)
