"""What `before` did: once for each service, image and command, in each environment."""

import pytest

from controller.domain.errors import Blocked, Conflict
from controller.domain.hooks import RunState
from controller.store import Store
from controller.store.runs import Runs
from tests.support.builders import NEW_IMAGE, OLD_IMAGE, a_run

DONE = RunState.SUCCEEDED
LEDGER = ("dev", "backend", NEW_IMAGE, ("migrate",))


@pytest.fixture(autouse=True)
def _environments(store: Store) -> None:
    with store.write() as unit:
        unit.environments.ensure(["dev", "staging"])


def test_what_was_put_is_read_again(store: Store) -> None:
    run = a_run(state=DONE, task="arn:task", exit_code=0, text="exit code 0", lines=("a", "b"))
    with store.write() as unit:
        unit.runs.put(run)
    with store.read() as unit:
        assert unit.runs.succeeded(*LEDGER) == run
        assert unit.runs.of("dev") == (run,)


def test_a_run_is_put_again_as_it_goes_on(store: Store) -> None:
    with store.write() as unit:
        unit.runs.put(a_run())
        assert unit.runs.succeeded(*LEDGER) is None
        unit.runs.put(a_run(state=DONE))
        assert unit.runs.succeeded(*LEDGER) == a_run(state=DONE)
        assert len(unit.runs.of("dev")) == 1


def test_what_still_runs_is_not_begun_a_second_time(store: Store) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(2))
    with pytest.raises(Blocked, match="`before` of backend ran in dev-2") as refused, store.write() as unit:
        unit.runs.put(a_run(3))
    assert refused.value.code == "before.taken"


def test_what_has_succeeded_is_not_begun_again(store: Store) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(2, state=DONE))
    with pytest.raises(Blocked, match="`before` of backend ran in dev-2") as refused, store.write() as unit:
        unit.runs.put(a_run(3))
    assert refused.value.code == "before.taken"


def test_the_database_itself_refuses_a_second_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "_taken", lambda *_: None)
    with store.write() as unit:
        unit.runs.put(a_run(2, state=DONE))
    with pytest.raises(Conflict) as refused, store.write() as unit:
        unit.runs.put(a_run(3))
    assert refused.value.code == "database.taken"


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.STOPPED, RunState.UNKNOWN])
def test_what_did_not_succeed_may_be_tried_again(store: Store, state: RunState) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(2, state=state))
        unit.runs.put(a_run(3, state=DONE))
        assert [run.number for run in unit.runs.of("dev")] == [2, 3]


@pytest.mark.parametrize(
    "other",
    [{"service": "worker"}, {"image": OLD_IMAGE}, {"command": ("migrate", "--all")}, {"environment": "staging"}],
    ids=lambda other: next(iter(other)),
)
def test_another_service_image_command_or_environment_is_another_matter(store: Store, other: dict[str, object]) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(2, state=DONE))
        unit.runs.put(a_run(3, state=DONE, **other))
        found = unit.runs.succeeded(*LEDGER)
    assert found is not None and found.number == 2


def test_only_what_is_newer_incompatible_and_may_have_run_is_crossed(store: Store) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(1, state=RunState.STOPPED, compatible=False))
        unit.runs.put(a_run(2, state=RunState.STOPPED, compatible=False))
        unit.runs.put(a_run(3, state=RunState.STOPPED))
        unit.runs.put(a_run(4, state=RunState.FAILED, compatible=False))
        unit.runs.put(a_run(5, state=RunState.UNKNOWN, compatible=False))
        assert [run.number for run in unit.runs.since("dev", 1)] == [2, 5]


def test_after_a_restore_nobody_follows_what_was_open(store: Store) -> None:
    with store.write() as unit:
        unit.runs.put(a_run(2))
        unit.runs.put(a_run(3, state=DONE, image=OLD_IMAGE))
        unit.runs.give_up()
        assert [run.state for run in unit.runs.of("dev")] == [RunState.UNKNOWN, DONE]
