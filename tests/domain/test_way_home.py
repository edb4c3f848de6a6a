"""What turning back would still restore; how one turned back is told in `tests/cli/test_deployments.py`."""

from dataclasses import replace

from controller.domain.deployment import Deployment, Phase
from controller.domain.step import StepKind, StepState
from controller.domain.way_home import standing_undo
from tests.support.builders import FILE, NOON, a_running_deployment

WARM = FILE.replace("{type: rolling}", "{type: blue_green, bake: 5m}").replace(
    "{hold: next_commit}", "{hold: next_commit, keep_warm: 5m}"
)


def a_warm_one() -> Deployment:
    """It succeeded, and keeps the old slots of both services."""
    done = a_running_deployment(WARM)
    for step in done.steps:
        if step.kind is not StepKind.RETIRE:
            done = done.with_step(step.started(NOON).ended(StepState.DONE, NOON, ""))
    return replace(done, phase=Phase.SUCCEEDED)


def services(deployment: Deployment) -> list[str]:
    return [entry.service for entry in standing_undo(deployment)]


def test_while_it_moves_all_of_it_stands() -> None:
    assert services(a_running_deployment()) == ["backend", "frontend"]


def test_later_it_stands_for_the_slots_that_are_still_kept_warm() -> None:
    warm = a_warm_one()
    retire = warm.steps[-1]
    assert services(warm) == ["backend", "frontend"]
    assert services(warm.with_step(replace(retire, services=("frontend",)))) == ["frontend"]
    assert services(warm.with_step(retire.ended(StepState.SKIPPED, NOON, "dev-3 took over"))) == []


def test_of_what_turned_back_or_never_started_nothing_stands() -> None:
    assert services(replace(a_running_deployment(), phase=Phase.ABORTED)) == []
    assert services(replace(a_running_deployment(), undo=None)) == []
