"""Commands that run once beside a deployment: before the new version, and against the environment after the shift."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.hooks import Run, RunState
from controller.domain.orders import OrderKind, OrderState
from controller.domain.step import Step, StepKind, StepState
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

MIGRATE = ("python", "-m", "workload.migrate")
LOAD = ("python", "-m", "workload.load")
BEFORE = "    before: {command: [python, -m, workload.migrate], timeout: 2m}\n"
ONE_WAY = BEFORE.replace("2m}", "2m, compatible: false}")
CALM = FILE.replace("    port: 8000\n", f"    port: 8000\n{BEFORE}")
STRICT = FILE.replace("    port: 8000\n", f"    port: 8000\n{ONE_WAY}")
BAKED = STRICT.replace("{type: rolling}", "{type: blue_green, bake: 1m}").replace(
    "{hold: next_commit}", "{hold: next_commit, keep_warm: 5m}"
)
TESTED = FILE.replace(
    "within: 5s}]\nservices", "within: 5s}, {task: backend, command: [python, -m, workload.load]}]\nservices"
)

PASSES = Script(ends_after_seconds=20.0, exit_code=0, log_lines=("2 tables changed",))
FAILS = Script(
    ends_after_seconds=3.0, exit_code=3, log_lines=("begin", '{"event": "migration failed", "reason": "no lock"}')
)
HANGS = Script()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A first version, without hooks, is live; every run is looked at for what must always hold."""
    made = Stage(tmp_path)
    made.runtime.script_command(MIGRATE, PASSES)
    made.runtime.script_command(LOAD, PASSES)
    watch = Watch(made)
    made.push(FILE)
    made.settle()
    yield made
    broken = watch.at_rest()
    made.store.close()
    assert not broken


def tasks(stage: Stage, command: tuple[str, ...] = MIGRATE) -> int:
    """How many tasks of this command were ever started."""
    return sum(launch.containers[0].command == command for launch in stage.runtime.launches)


def step_of(deployment: Deployment, kind: StepKind) -> Step:
    return next(step for step in deployment.steps if step.kind is kind)


def runs(stage: Stage) -> list[Run]:
    with stage.store.read() as unit:
        return list(unit.runs.of("dev"))


def in_step(stage: Stage, kind: StepKind, number: int = 2) -> bool:
    if stage.phase(number) is None:
        return False
    step = stage.deployment(number).step
    return step is not None and step.kind is kind and step.state is StepState.RUNNING


def is_running(stage: Stage) -> bool:
    return any(launch.containers[0].command == MIGRATE for launch in stage.runtime.running)


def test_before_runs_once_before_any_task_of_the_new_version(stage: Stage) -> None:
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    assert stage.tasks() == 5
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 1)
    step = step_of(stage.deployment(2), StepKind.BEFORE)
    assert (step.title, step.state, step.detail) == ("before backend", StepState.DONE, "exit code 0 after 20s")
    (run,) = runs(stage)
    assert (run.state, run.exit_code, run.deployment) == (RunState.SUCCEEDED, 0, "dev-2")


def test_the_task_runs_the_new_version_and_is_tagged_as_ours(stage: Stage) -> None:
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    (launch,) = [each for each in stage.runtime.running if each.containers[0].command == MIGRATE]
    shown = stage.look("ecs", "DescribeTasks", cluster="captioncraft-dev", tasks=[launch.arn], include=["TAGS"])[
        "tasks"
    ][0]
    tags = {tag["key"]: tag["value"] for tag in shown["tags"]}
    deployment = stage.deployment(2)
    assert deployment.revision.images is not None
    assert launch.containers[0].digest in deployment.revision.images["backend"]
    assert shown["taskDefinitionArn"] in deployment.definitions.values()
    assert (tags["managed-by"], tags["tidegate:deployment"]) == ("tidegate", "dev-2")
    stage.settle()


def test_a_second_deployment_of_the_same_image_and_command_does_not_run_it_again(stage: Stage) -> None:
    stage.push(CALM, content="second")
    stage.settle()
    stage.push(CALM.replace("within: 5s}]\n  frontend", "within: 4s}]\n    env: {A: b}\n  frontend"), content="second")
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 1)
    assert "not run again: it ran in dev-2" in step_of(stage.deployment(3), StepKind.BEFORE).detail


def test_a_restart_does_not_run_it_again(stage: Stage) -> None:
    stage.push(CALM)
    stage.settle()
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 1)


def test_another_image_or_another_command_runs_it_anew(stage: Stage) -> None:
    stage.push(CALM)
    stage.settle()
    stage.push(CALM)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 2)


def test_a_new_command_for_an_image_that_is_live_is_not_run_and_says_so(stage: Stage) -> None:
    stage.push(CALM, content="second")
    stage.settle()
    stage.push(CALM.replace("workload.migrate]", "workload.migrate, again]"), content="second")
    stage.settle()
    found = stage.deployment(3)
    assert (found.reason.code, tasks(stage)) == ("plan.nothing_rolls", 1)
    assert "; the new `before` of backend is not run, because nothing of backend rolls" in found.reason.text


def test_one_that_fails_ends_the_deployment_with_its_last_words_and_moves_nothing(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, FAILS)
    before = stage.weights()
    stage.push(CALM)
    stage.settle()
    deployment = stage.deployment(2)
    assert (deployment.phase, deployment.reason.code) == (Phase.FAILED, "before.failed")
    assert "exit code 3 after 3s; its last words: migration failed: no lock" in deployment.reason.text
    run = step_of(deployment, StepKind.BEFORE).run
    assert run is not None and run.lines == FAILS.log_lines
    assert (stage.weights(), stage.tasks(), tasks(stage)) == (before, 4, 1)
    assert "UpdateService" not in stage.changes()[stage.changes().index("RunTask") :]
    assert [entry.deployment for entry in stage.environment.quarantines] == [2]
    assert stage.environment.hold is not None


def test_what_failed_is_tried_again_once_a_person_let_it(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, FAILS)
    stage.push(CALM)
    stage.settle()
    stage.runtime.script_command(MIGRATE, PASSES)
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 2)


def test_one_that_does_not_end_is_stopped_and_has_failed(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, HANGS)
    stage.push(CALM)
    stage.settle()
    deployment = stage.deployment(2)
    assert (deployment.phase, deployment.reason.code) == (Phase.FAILED, "before.timeout")
    assert "did not end within 2m, and was stopped" in deployment.reason.text
    assert (stage.tasks(), tasks(stage), stage.changes().count("StopTask")) == (4, 1, 1)
    assert stage.environment.quarantines


def test_a_task_that_ended_before_anybody_looked_is_judged_by_its_exit_code(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, replace(PASSES, ends_after_seconds=0.1))
    stage.push(CALM)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_a_task_that_never_ran_says_why_and_is_held_against_the_content(stage: Stage) -> None:
    reason = "CannotStartContainerError: executable file not found in $PATH"
    stage.runtime.script_command(MIGRATE, Script(start_failure=reason))
    stage.push(CALM)
    stage.settle()
    assert stage.deployment(2).reason.code == "before.failed"
    assert "it never ran: The command does not exist in the image" in stage.deployment(2).reason.text
    assert stage.environment.quarantines


@pytest.mark.parametrize(
    "reason",
    [
        "CannotPullContainerError: pull image manifest has been retried: dial tcp: i/o timeout",
        "ResourceInitializationError: failed to configure ENI",
        "Timeout waiting for network interface provisioning to complete.",
    ],
)
def test_the_way_to_the_registry_and_capacity_are_not_held_against_the_content(stage: Stage, reason: str) -> None:
    stage.runtime.script_command(MIGRATE, Script(start_failure=reason))
    stage.push(CALM)
    stage.settle()
    assert (stage.phase(2), stage.environment.quarantines) == (Phase.FAILED, ())


def test_without_capacity_it_waits_and_then_gives_up_without_blame(stage: Stage) -> None:
    stage.aws.faults.capacity_is_gone = True
    stage.push(CALM)
    stage.settle()
    assert (stage.phase(2), stage.deployment(2).reason.code) == (Phase.FAILED, "before.not_started")
    assert "Capacity is unavailable" in stage.deployment(2).reason.text
    assert (tasks(stage), stage.environment.quarantines) == (0, ())


def test_capacity_that_comes_back_is_used(stage: Stage) -> None:
    stage.aws.faults.capacity_is_gone = True
    stage.push(CALM)
    stage.run(lambda: stage.changes().count("RunTask") == 2)
    stage.aws.faults.capacity_is_gone = False
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 1)


# ---------------------------------------------------------------- once, whatever happens


@pytest.mark.parametrize("kind", ["lost_answer", "doubled", "timeout", "server_error", "throttle"])
def test_whatever_becomes_of_the_call_one_task_runs(stage: Stage, kind: Any) -> None:
    stage.aws.faults.add(Fault(kind=kind, operation="RunTask", times=1))
    stage.push(CALM)
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 1)


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
def test_a_list_that_does_not_show_the_task_starts_no_second_one(stage: Stage, operation: str) -> None:
    stage.aws.faults.add(Fault(kind="lost_answer", operation="RunTask", times=1))
    stage.aws.faults.add(Fault(kind="missing", operation=operation, times=6))
    stage.push(CALM)
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 1)


def test_a_controller_that_starts_again_finds_the_task(stage: Stage) -> None:
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    stage.start_over()
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 1)


def test_a_lost_answer_and_a_long_absence_run_nothing_twice(stage: Stage) -> None:
    """AWS shows the task no longer and has forgotten its token: nobody can tell, so a person must."""
    stage.aws.faults.add(Fault(kind="lost_answer", operation="RunTask", times=1))
    stage.push(CALM)
    stage.run(lambda: "RunTask" in stage.changes())
    stage.store.close()
    stage.clock.advance(3 * 3600)
    stage.start()
    stage.settle()
    assert (stage.phase(2), stage.deployment(2).reason.code, tasks(stage)) == (Phase.FAILED, "before.unknown", 1)
    assert stage.environment.hold is not None and not stage.environment.quarantines
    (run,) = runs(stage)
    assert run.state is RunState.UNKNOWN


def test_a_task_that_aws_has_forgotten_is_not_run_again(stage: Stage) -> None:
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    stage.store.close()
    stage.clock.advance(3 * 3600)
    stage.start()
    stage.settle()
    assert (stage.phase(2), stage.deployment(2).reason.code, tasks(stage)) == (Phase.FAILED, "before.lost", 1)
    assert not stage.environment.quarantines


# ---------------------------------------------------------------- people, while it runs


def test_abort_stops_the_task_and_says_that_it_may_have_run(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, HANGS)
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    deployment = stage.deployment(2)
    assert deployment.phase is Phase.ABORTED
    assert (
        "`before` of backend ran in dev-2" in deployment.reason.text and "that is not undone" in deployment.reason.text
    )
    assert (stage.tasks(), stage.changes().count("StopTask")) == (4, 1)
    (run,) = runs(stage)
    assert (run.state, "may have done a part" in run.text) == (RunState.STOPPED, True)


def test_a_task_that_ends_well_while_it_is_stopped_has_run(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, replace(PASSES, ends_after_seconds=8.0))
    stage.push(CALM, content="second")
    stage.run(lambda: is_running(stage))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.aws.faults.add(Fault(kind="timeout", operation="StopTask", times=1))
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED
    (run,) = runs(stage)
    assert run.state is RunState.SUCCEEDED
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 1)


def test_an_abort_after_a_lost_answer_finds_the_task_and_stops_it(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, HANGS)
    stage.aws.faults.add(Fault(kind="lost_answer", operation="RunTask", times=1))
    stage.push(CALM)
    stage.run(lambda: "RunTask" in stage.changes())
    stage.order(OrderKind.ABORT, "dev-2")
    stage.aws.faults.add(Fault(kind="missing", operation="ListTasks", times=4))
    stage.settle()
    assert (stage.phase(2), stage.tasks()) == (Phase.ABORTED, 4)


def test_an_abort_before_the_task_was_ever_started_ends(stage: Stage) -> None:
    stage.aws.faults.capacity_is_gone = True
    stage.push(CALM)
    stage.run(lambda: "RunTask" in stage.changes())
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.ABORTED, 0)
    (run,) = runs(stage)
    assert "probably not run" in run.text


def test_a_command_that_nobody_could_stop_keeps_no_later_deployment_from_running_it(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, replace(PASSES, ends_after_seconds=300.0))
    stage.push(CALM, content="second")
    stage.run(lambda: is_running(stage))
    stage.aws.faults.add(Fault("denied", operation="StopTask", times=10**6))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: stage.deployment(2).stuck is not None)
    order = stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert "nobody follows before backend any more" in stage.left(order).outcome
    (run,) = runs(stage)
    assert (run.state, "may still run" in run.text) == (RunState.UNKNOWN, True)
    stage.aws.faults.clear()
    stage.runtime.script_command(MIGRATE, PASSES)
    stage.run(lambda: not is_running(stage))
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 2)


def test_a_place_that_is_taken_is_told(stage: Stage) -> None:
    """As rows may have it that an earlier Tidegate left."""
    stage.push(CALM, content="second")
    stage.run(lambda: is_running(stage))
    (run,) = runs(stage)
    with stage.store.write() as unit:
        unit.runs.put(replace(run, state=RunState.FAILED))
        unit.runs.put(replace(run, token="f" * 32, deployment="dev-1", number=1))
    stage.run(lambda: stage.environment.trouble is not None)
    trouble = stage.environment.trouble
    assert trouble is not None and trouble.code == "before.taken" and "ran in dev-1" in trouble.text
    with stage.store.write() as unit:
        unit.runs.put(replace(run, token="f" * 32, deployment="dev-1", number=1, state=RunState.UNKNOWN))
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.environment.trouble is None


def test_a_pause_lets_a_command_that_runs_end_and_begins_none(stage: Stage) -> None:
    text = CALM.replace("    port: 8080\n", f"    port: 8080\n{BEFORE}")
    stage.push(text)
    stage.run(lambda: is_running(stage))
    stage.order(OrderKind.PAUSE, "dev-2")
    stage.run(lambda: in_step(stage, StepKind.BEFORE) and stage.deployment(2).step.services == ("frontend",))  # type: ignore[union-attr]
    stage.run(lambda: "paused by ada" in stage.passes[-1].reason.text)
    assert tasks(stage) == 1
    stage.order(OrderKind.RESUME, "dev-2")
    stage.settle()
    assert (stage.phase(2), tasks(stage)) == (Phase.SUCCEEDED, 2)


def test_a_newer_commit_waits_for_its_end(stage: Stage) -> None:
    stage.push(CALM)
    stage.run(lambda: is_running(stage))
    stage.push(CALM)
    stage.run(lambda: stage.phase(3) is Phase.WAITING)
    assert stage.phase(2) is Phase.RUNNING
    stage.settle()
    assert (stage.phase(2), stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, Phase.SUCCEEDED, 2)


# ---------------------------------------------------------------- what the version before does not work with


def test_after_an_incompatible_run_nothing_turns_back_by_itself(stage: Stage) -> None:
    before = stage.weights()
    stage.push(STRICT, Script(status=503))
    stage.run(lambda: in_step(stage, StepKind.SMOKE) and "must end it" in stage.deployment(2).reason.text)
    for _ in range(200):
        stage.step()
    deployment = stage.deployment(2)
    assert deployment.phase is Phase.RUNNING
    assert "versions from before don't work with it" in deployment.reason.text
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert (stage.phase(2), stage.weights()) == (Phase.ABORTED, before)
    with stage.store.read() as unit:
        outcome = unit.orders.get(1)
    assert outcome is not None and "that is not undone" in outcome.outcome


def test_one_that_fails_itself_ends_the_deployment_also_where_it_is_incompatible(stage: Stage) -> None:
    stage.runtime.script_command(MIGRATE, FAILS)
    stage.push(STRICT)
    stage.settle()
    assert stage.phase(2) is Phase.FAILED


def test_an_incompatible_run_of_the_version_that_is_live_keeps_nothing_from_turning_back(stage: Stage) -> None:
    stage.push(STRICT, content="second")
    stage.settle()
    bad = STRICT.replace("path: /ready, within: 5s}]\n  frontend", "path: /ready, status: 404}]\n  frontend")
    stage.push(bad.replace("    port: 8000\n", "    port: 8000\n    env: {A: b}\n"), content="second")
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.ROLLED_BACK, 1)


def test_going_back_across_an_incompatible_run_must_be_typed(stage: Stage) -> None:
    stage.push(STRICT)
    stage.settle()
    with stage.store.read() as unit:
        crossed = unit.runs.since("dev", 1)
    assert [run.deployment for run in crossed] == ["dev-2"]
    from controller.inbox.wishes import OrderRefused

    with pytest.raises(OrderRefused, match="say what is crossed: `--across dev-2`") as refused:
        stage.order(OrderKind.ROLLBACK, to="dev-1")
    assert refused.value.code == "order.across"
    with pytest.raises(OrderRefused):
        stage.order(OrderKind.ROLLBACK)
    with pytest.raises(OrderRefused):
        stage.order(OrderKind.ROLLBACK, to="dev-1", across="dev-1")
    number = stage.order(OrderKind.ROLLBACK, to="dev-1", across="dev-2")
    stage.settle()
    with stage.store.read() as unit:
        answer = unit.orders.get(number)
    assert answer is not None and answer.state is OrderState.DONE
    assert stage.phase(3) is Phase.SUCCEEDED


def test_going_back_across_a_compatible_run_needs_no_word(stage: Stage) -> None:
    stage.push(CALM)
    stage.settle()
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert (stage.phase(3), tasks(stage)) == (Phase.SUCCEEDED, 1)


def test_going_forward_again_crosses_nothing(stage: Stage) -> None:
    stage.push(STRICT)
    stage.settle()
    stage.order(OrderKind.ROLLBACK, across="dev-2")
    stage.settle()
    stage.order(OrderKind.ROLLBACK, to="dev-2")
    stage.settle()
    assert (stage.phase(4), tasks(stage)) == (Phase.SUCCEEDED, 1)


# ---------------------------------------------------------------- verify


def test_a_test_runs_against_the_environment_after_the_shift(stage: Stage) -> None:
    stage.push(TESTED)
    stage.run(lambda: in_step(stage, StepKind.TEST) and tasks(stage, LOAD) == 1)
    (launch,) = [each for each in stage.runtime.launches if each.containers[0].command == LOAD]
    assert launch.containers[0].environment["TIDEGATE_TARGET"].startswith("http://")
    assert all(weights.get("captioncraft-dev-backend-green", 100) == 100 for weights in stage.weights().values())
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED
    assert [step.title for step in stage.deployment(2).steps][5:8] == ["verify", "test backend", "settle"]


def test_a_test_that_fails_turns_back(stage: Stage) -> None:
    before = stage.weights()
    stage.runtime.script_command(LOAD, FAILS)
    stage.push(TESTED)
    stage.settle()
    assert (stage.phase(2), stage.deployment(2).reason.code) == (Phase.ROLLED_BACK, "test.failed")
    assert stage.weights() == before


def test_each_deployment_runs_its_test_anew(stage: Stage) -> None:
    stage.push(TESTED, content="second")
    stage.settle()
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert (stage.phase(3), tasks(stage, LOAD)) == (Phase.SUCCEEDED, 2)


def test_a_test_of_a_service_that_does_not_roll_runs_what_is_live(stage: Stage) -> None:
    stage.push(TESTED, content="second")
    stage.settle()
    stage.push(TESTED.replace("    port: 8080\n", "    port: 8080\n    env: {A: b}\n"), content="second")
    stage.settle()
    assert (stage.phase(3), tasks(stage, LOAD)) == (Phase.SUCCEEDED, 2)


def test_aborting_a_test_sends_the_traffic_home_before_anything_is_stopped(stage: Stage) -> None:
    before = stage.weights()
    stage.runtime.script_command(LOAD, HANGS)
    stage.push(TESTED)
    stage.run(lambda: in_step(stage, StepKind.TEST) and tasks(stage, LOAD) == 1)
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    changes = stage.changes()
    home = max(index for index, name in enumerate(changes) if name == "ModifyRule")
    assert (stage.phase(2), stage.weights()) == (Phase.ABORTED, before)
    assert home < changes.index("StopTask")
