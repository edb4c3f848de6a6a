"""What turning back would still restore; how one turned back is told in `tests/cli/test_deployments.py` as well."""

from dataclasses import replace

from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.domain.step import StepKind, StepState
from controller.domain.way_home import standing_undo, way_home
from controller.homeward import turned_back
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


HOOKED = FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate]}\n")


def in_before() -> Deployment:
    """Its `before` runs, which comes second; nothing has changed yet."""
    running = a_running_deployment(HOOKED)
    first, second = running.steps[:2]
    return running.with_step(first.started(NOON).ended(StepState.DONE, NOON, "")).with_step(second.started(NOON))


def test_what_failed_before_anything_had_changed_did_not_turn_back() -> None:
    failed = turned_back(in_before(), Reason("before.failed", "before backend (migrate): exit code 3"), NOON)
    assert failed.turning is not None and failed.turning.ends_as is Phase.FAILED
    assert way_home(failed) == ""


def test_a_command_that_failed_says_its_name_once() -> None:
    failed = turned_back(in_before(), Reason("before.failed", "before backend (migrate): exit code 3"), NOON)
    assert (failed.steps[1].title, failed.steps[1].detail) == ("before backend", "exit code 3")


def test_traffic_that_was_home_in_the_same_second_was_so_at_once() -> None:
    running = a_running_deployment(WARM)
    for step in running.steps:
        if step.kind is StepKind.BAKE:
            break
        running = running.with_step(step.started(NOON).ended(StepState.DONE, NOON, ""))
    assert running.step is not None
    back = turned_back(running.with_step(running.step.started(NOON)), Reason("smoke.red", "red"), NOON)
    assert back.step is not None
    told = way_home(back.with_step(back.step.started(NOON).ended(StepState.DONE, NOON, "home")))
    assert told.endswith("with 100% of the traffic on the new version; all of it was home at once")
