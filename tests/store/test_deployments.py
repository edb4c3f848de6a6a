from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from controller.domain.deployment import Deployment, Phase, TurningBack
from controller.domain.errors import Conflict
from controller.domain.reason import Reason
from controller.domain.secret import Secret
from controller.domain.step import StepState, Trouble
from controller.store import BadCursor, Store
from tests.store.recorded import commit, deployment, record
from tests.support.builders import NOON, a_running_deployment

SETTLED = Reason("deployment.settled", "settled")


def in_phase(number: int, phase: Phase, environment: str = "dev", tree: str | None = None) -> Deployment:
    return deployment(number, environment, tree, phase=phase)


def running_with_everything() -> Deployment:
    """A deployment in which no field has its default any more."""
    running = a_running_deployment()
    step = running.steps[0]
    trouble = Trouble(Reason("aws.throttled", "slow down"), 3)
    busy = replace(step, trouble=trouble, observed=timedelta(seconds=1.5), detail="working")
    turning = TurningBack(Phase.FAILED, ("backend",), quarantines=False)
    return replace(running.with_step(busy), turning=turning, finished_at=NOON + timedelta(microseconds=1))


def test_a_deployment_comes_back_as_it_was_added(store: Store) -> None:
    full = running_with_everything()
    assert full.plan
    assert full.undo
    record(store, full)
    with store.read() as unit:
        assert unit.deployments.get(full.id) == full


def test_a_saved_deployment_has_the_next_version(store: Store) -> None:
    new = deployment(1)
    record(store, new)
    moved = new.moved(Phase.REJECTED, Reason("order.rejected", "no"), NOON)
    with store.write() as unit:
        saved = unit.deployments.save(moved)
    with store.read() as unit:
        assert unit.deployments.get(new.id) == saved == replace(moved, version=1)


def test_of_two_who_save_the_same_version_one_gets_a_conflict(store: Store) -> None:
    read = deployment(1)
    record(store, read)
    with store.write() as unit:
        unit.deployments.save(read.because(Reason("first", "won")))
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.deployments.save(read.because(Reason("second", "lost")))
    assert caught.value.code == "deployment.changed"
    with store.read() as unit:
        found = unit.deployments.get(read.id)
    assert found is not None
    assert found.reason.code == "first"


def test_the_secret_is_in_a_column_of_its_own_and_in_no_document(store: Store) -> None:
    record(store, replace(running_with_everything(), secret=Secret("open-sesame")))
    with store.read() as unit:
        columns = "body, steps, undo, secret"
        (row,) = unit.deployments._transaction.rows(text(f"SELECT {columns} FROM deployments"))
    assert row.pop("secret") == "open-sesame"
    assert "open-sesame" not in str(row)


def test_numbers_count_within_an_environment(store: Store) -> None:
    record(store, deployment(1), deployment(2), deployment(1, "prod"))
    with store.read() as unit:
        numbers = [unit.deployments.next_number(name) for name in ("dev", "prod", "staging")]
    assert numbers == [3, 2, 1]


def test_a_number_is_given_once(store: Store) -> None:
    record(store, deployment(1))
    with pytest.raises(Conflict) as caught:
        record(store, replace(deployment(2), number=1))
    assert caught.value.code == "database.taken"


def test_the_database_itself_refuses_a_second_one_in_flight(store: Store) -> None:
    record(store, in_phase(1, Phase.RUNNING), in_phase(2, Phase.WAITING), in_phase(1, Phase.ROLLING_BACK, "prod"))
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.deployments.save(in_phase(2, Phase.RUNNING))
    assert caught.value.code == "database.taken"


def test_open_are_those_with_something_left_to_do_in_the_order_of_their_numbers(store: Store) -> None:
    retiring = in_phase(3, Phase.SUCCEEDED)
    retiring = replace(retiring, steps=a_running_deployment().steps)
    over = tuple(replace(step, state=StepState.DONE) for step in retiring.steps)
    record(
        store,
        replace(in_phase(4, Phase.SUCCEEDED), steps=over),
        in_phase(5, Phase.WAITING),
        in_phase(2, Phase.FAILED),
        retiring,
        in_phase(1, Phase.ROLLING_BACK),
        in_phase(6, Phase.RUNNING, "prod"),
    )
    with store.read() as unit:
        assert [one.number for one in unit.deployments.open("dev")] == [1, 3, 5]


def test_a_deployment_that_ends_is_no_longer_open(store: Store) -> None:
    waiting = deployment(1)
    record(store, waiting)
    with store.write() as unit:
        unit.deployments.save(waiting.moved(Phase.SUPERSEDED, Reason("superseded", "newer"), NOON))
    with store.read() as unit:
        assert unit.deployments.open("dev") == ()


def test_live_is_the_one_that_the_environment_names(store: Store) -> None:
    record(store, in_phase(1, Phase.SUCCEEDED), in_phase(2, Phase.SUCCEEDED), in_phase(1, Phase.SUCCEEDED, "prod"))
    with store.write() as unit:
        assert unit.deployments.live("dev") is None
        unit.environments.save(replace(unit.environments.get("dev"), live=1))
        live = unit.deployments.live("dev")
        numbered = unit.deployments.numbered("dev", 1)
    assert live is not None
    assert live.id == "dev-1"
    assert live == numbered


def pages(store: Store, limit: int, **filters: object) -> list[list[str]]:
    found, cursor = [], None
    while True:
        with store.read() as unit:
            page = unit.deployments.page(limit=limit, cursor=cursor, **filters)  # type: ignore[arg-type]
        found.append([one.id for one in page.items])
        cursor = page.next
        if cursor is None:
            return found


def test_pages_show_everything_once_newest_first(store: Store) -> None:
    record(store, *(deployment(number) for number in range(1, 6)))
    assert pages(store, 2) == [["dev-5", "dev-4"], ["dev-3", "dev-2"], ["dev-1"]]
    assert pages(store, 5) == [["dev-5", "dev-4", "dev-3", "dev-2", "dev-1"]]


def test_pages_are_filtered_by_environment_and_phase(store: Store) -> None:
    record(store, in_phase(1, Phase.FAILED), in_phase(1, Phase.FAILED, "prod"), in_phase(2, Phase.SUCCEEDED))
    assert pages(store, 5, environment="dev") == [["dev-2", "dev-1"]]
    assert pages(store, 5, phase=Phase.FAILED) == [["prod-1", "dev-1"]]
    assert pages(store, 5, phase=Phase.FAILED, environment="dev") == [["dev-1"]]
    assert pages(store, 5, environment="staging") == [[]]


def test_a_deployment_added_meanwhile_moves_no_page(store: Store) -> None:
    record(store, *(deployment(number) for number in range(1, 5)))
    with store.read() as unit:
        first = unit.deployments.page(limit=2)
    record(store, deployment(5))
    with store.read() as unit:
        second = unit.deployments.page(limit=2, cursor=first.next)
    assert [one.number for one in second.items] == [2, 1]


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "ZGVwbG95bWVudHM6LTE", "YXVkaXQ6MQ", "\u00fc", "a" * 10_000])
def test_a_cursor_that_was_never_given_out_is_a_bad_cursor(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor, match="not a cursor of deployments"), store.read() as unit:
        unit.deployments.page(cursor=cursor)


def test_promoted_is_the_image_of_the_newest_success_with_the_same_tree(store: Store) -> None:
    def sealed(one: Deployment, image: str) -> Deployment:
        return replace(one, revision=replace(one.revision, images={"backend": image}))

    record(
        store,
        sealed(in_phase(1, Phase.SUCCEEDED, "staging", tree="t1"), "api@sha256:1"),
        sealed(in_phase(2, Phase.SUCCEEDED, "staging", tree="t1"), "api@sha256:2"),
        sealed(in_phase(3, Phase.FAILED, "staging", tree="t1"), "api@sha256:3"),
        sealed(in_phase(4, Phase.SUCCEEDED, "staging", tree="t2"), "api@sha256:4"),
        sealed(in_phase(5, Phase.SUCCEEDED, "dev", tree="t1"), "api@sha256:5"),
    )
    with store.read() as unit:
        assert unit.deployments.promoted("staging", "t1", "backend") == "api@sha256:2"
        assert unit.deployments.promoted("staging", "t1", "frontend") is None
        assert unit.deployments.promoted("staging", "t3", "backend") is None


def test_trees_that_differ_only_in_what_is_ignored_are_promoted_alike(store: Store) -> None:
    """t2 and t3 follow t1 and change only what staging ignores; t5 follows t4, which is not known here."""
    recorded = in_phase(1, Phase.SUCCEEDED, "staging", tree="t1")
    record(store, replace(recorded, revision=replace(recorded.revision, images={"backend": "api@sha256:1"})))
    with store.write() as unit:
        unit.revisions.ignore("staging", commit(2, "t2"), commit(1).sha)
        unit.revisions.ignore("staging", commit(3, "t3"), commit(2).sha)
        unit.revisions.ignore("staging", commit(3, "t3"), commit(2).sha)
        unit.revisions.ignore("staging", commit(5, "t5"), commit(4).sha)
    with store.read() as unit:
        found = {tree: unit.deployments.promoted("staging", tree, "backend") for tree in ("t1", "t2", "t3", "t5")}
        assert unit.deployments.promoted("dev", "t2", "backend") is None
    assert found == {"t1": "api@sha256:1", "t2": "api@sha256:1", "t3": "api@sha256:1", "t5": None}
    later = in_phase(6, Phase.SUCCEEDED, "staging", tree="t3")
    record(store, replace(later, revision=replace(later.revision, images={"backend": "api@sha256:6"})))
    with store.read() as unit:
        assert unit.deployments.promoted("staging", "t1", "backend") == "api@sha256:6", "whichever of them it was"


def at(number: int, phase: Phase, minute: int, **changes: object) -> Deployment:
    """It began, and ended, at this minute after noon."""
    moment = NOON + timedelta(minutes=minute)
    return deployment(number, phase=phase, created_at=moment, started_at=moment, finished_at=moment, **changes)


def live_is(store: Store, number: int) -> None:
    with store.write() as unit:
        unit.environments.ensure(["dev"])
        unit.environments.save(replace(unit.environments.get("dev"), live=number))


def left_by(store: Store, number: int) -> str | None:
    with store.read() as unit:
        found = unit.deployments.left_by(unit.deployments.get(f"dev-{number}") or deployment(number))
    return found.id if found else None


def test_what_was_live_before_a_deployment_is_known_of_each_however_it_ended(store: Store) -> None:
    record(
        store,
        at(1, Phase.SUCCEEDED, 1),
        at(2, Phase.ROLLED_BACK, 2),
        at(3, Phase.SUCCEEDED, 3, replaced="dev-1"),
        at(4, Phase.FAILED, 4),
        deployment(5),
    )
    live_is(store, 3)
    assert [left_by(store, number) for number in (1, 2, 3, 4, 5)] == [None, "dev-1", "dev-1", "dev-3", "dev-3"]


def test_the_superseded_are_listed_at_whatever_took_their_place(store: Store) -> None:
    def superseded(number: int, by: str) -> Deployment:
        return at(number, Phase.SUPERSEDED, number, reason=Reason("deployment.superseded", f"{by} is newer"))

    record(store, superseded(1, "dev-3"), superseded(2, "dev-3"), deployment(3), superseded(4, "dev-30"), deployment(5))
    with store.read() as unit:
        found = {
            number: [
                one.id for one in unit.deployments.superseded_by(unit.deployments.get(f"dev-{number}") or deployment(1))
            ]
            for number in (3, 5)
        }
    assert found == {3: ["dev-2", "dev-1"], 5: []}
