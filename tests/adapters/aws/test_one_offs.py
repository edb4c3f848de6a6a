"""Tasks that run one command and end: started once, found again, judged by their exit codes, stopped."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from controller.adapters.aws.wire import one_offs as wire
from controller.domain.actions import RunTask, StopTask
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.snapshot import TaskView
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import NETWORK_OF_TASKS, OURS, SECURITY_GROUPS, SUBNETS, Rig

COMMAND = ("python", "-m", "migrate")
TOKEN = "f" * 32
PASSES = Script(ends_after_seconds=2.0, exit_code=0, log_lines=("done",))
FAILS = Script(ends_after_seconds=2.0, exit_code=3, log_lines=tuple(f"line {number}" for number in range(30)))


def an_action(rig: Rig, token: str = TOKEN, script: Script = PASSES) -> RunTask:
    rig.sandbox.runtime.script_command(COMMAND, script)
    definition = rig.cloud.definitions.register(rig.content(), rig.permit())
    return RunTask("backend", definition, COMMAND, token, SUBNETS, SECURITY_GROUPS, {"A": "b"})


def started(rig: Rig, script: Script = PASSES) -> str:
    return rig.cloud.one_offs.run(an_action(rig, script=script), rig.permit())


def found(rig: Rig, task: str | None = None) -> TaskView:
    view = rig.cloud.one_offs.find("backend", TOKEN, task)
    assert view is not None
    return view


def test_the_request_names_everything(rig: Rig) -> None:
    action = an_action(rig)
    rig.cloud.one_offs.run(action, rig.permit())
    (asked,) = rig.asked("RunTask")
    assert asked == {
        "cluster": "dev",
        "taskDefinition": action.definition,
        "count": 1,
        "clientToken": TOKEN,
        "startedBy": f"tidegate/{TOKEN}",
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK_OF_TASKS,
        "overrides": {
            "containerOverrides": [
                {"name": "backend", "command": list(COMMAND), "environment": [{"name": "A", "value": "b"}]}
            ]
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": False,
        "tags": asked["tags"],
    }
    tags = {tag["key"]: tag["value"] for tag in asked["tags"]}
    assert OURS.items() <= tags.items()
    shape = botocore.session.get_session().get_service_model("ecs").operation_model("RunTask").input_shape
    validate_parameters(asked, shape)


def test_asked_for_twice_it_is_one_task(rig: Rig) -> None:
    first = started(rig)
    assert rig.cloud.one_offs.run(an_action(rig), rig.permit("another")) == first
    assert rig.changes().count("RunTask") == 1


def test_a_list_that_shows_nothing_yet_leads_to_the_same_task_by_its_token(rig: Rig) -> None:
    action = an_action(rig)
    first = rig.cloud.one_offs.run(action, rig.permit())
    rig.world.faults.add(Fault(kind="missing", operation="ListTasks"))
    assert rig.cloud.one_offs.run(action, rig.permit()) == first
    assert rig.changes().count("RunTask") == 2
    assert len(rig.sandbox.runtime.launches) == 1


def test_a_lost_answer_is_found_again_by_who_started_it(rig: Rig) -> None:
    rig.world.faults.add(Fault(kind="lost_answer", operation="RunTask", times=1))
    with pytest.raises(Transient):
        started(rig)
    (launch,) = rig.sandbox.runtime.launches
    assert found(rig).task == launch.arn


@pytest.mark.parametrize("known", [True, False], ids=["by its ARN", "by its token"])
def test_what_has_ended_well_is_seen_without_its_log(rig: Rig, known: bool) -> None:
    task = started(rig)
    assert not found(rig, task).is_stopped
    rig.clock.advance(10)
    rig.world.calls.clear()
    view = found(rig, task if known else None)
    assert (view.has_succeeded, view.exit_codes, view.failure) == (True, (0,), None)
    assert view.started_at is not None and view.stopped_at is not None
    assert rig.calls("GetLogEvents") == []


def test_what_has_failed_comes_with_its_last_lines(rig: Rig) -> None:
    task = started(rig, FAILS)
    rig.clock.advance(10)
    view = found(rig, task)
    assert (view.has_succeeded, view.exit_codes) == (False, (3,))
    assert view.failure is not None and view.failure.counts
    assert view.failure.log_lines == tuple(f"line {number}" for number in range(10, 30))


def test_one_that_never_ran_has_no_exit_code(rig: Rig) -> None:
    task = started(rig, Script(start_failure="CannotPullContainerError: image not found"))
    rig.clock.advance(10)
    view = found(rig, task)
    assert (view.has_succeeded, view.exit_codes) == (False, (None,))
    assert view.failure is not None and "no such image" in view.failure.explanation


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("CannotPullContainerError: dial tcp: i/o timeout", False),
        ("CannotPullContainerError: toomanyrequests", False),
        ("Capacity is unavailable at this time", False),
        ("You've reached the limit on the number of vCPUs you can run concurrently", False),
        ("CannotPullContainerError: manifest unknown", True),
        ("CannotStartContainerError: executable file not found", True),
    ],
)
def test_what_one_task_is_not_blamed_for(rig: Rig, reason: str, counts: bool) -> None:
    task = started(rig, Script(start_failure=reason))
    rig.clock.advance(10)
    failure = found(rig, task).failure
    assert failure is not None and failure.counts is counts


def test_without_capacity_nothing_was_started(rig: Rig) -> None:
    rig.world.faults.capacity_is_gone = True
    with pytest.raises(Transient, match="Capacity is unavailable") as caught:
        started(rig)
    assert caught.value.code == "task.no_capacity"
    assert rig.cloud.one_offs.find("backend", TOKEN, None) is None


@pytest.mark.parametrize(
    ("failures", "kind", "code"),
    [
        ([{"reason": "RESOURCE:FARGATE"}], Transient, "task.no_capacity"),
        ([{"arn": "a", "reason": "MISSING"}], Blocked, "task.refused"),
        ([], Blocked, "task.refused"),
    ],
)
def test_an_answer_without_a_task_is_no_success(
    rig: Rig, failures: list[dict[str, str]], kind: type[Exception], code: str
) -> None:
    def answer(parsed: Any, **_: Any) -> None:
        parsed.update(tasks=[], failures=failures)

    action = an_action(rig)
    rig.hooks.append(("after-call.ecs.RunTask", answer))
    with pytest.raises(kind) as caught:
        rig.stranger().one_offs.run(action, rig.permit())
    assert getattr(caught.value, "code", "") == code


def test_nobody_s_token_leads_to_no_task(rig: Rig) -> None:
    assert rig.cloud.one_offs.find("backend", TOKEN, None) is None


def test_a_task_that_aws_has_forgotten_is_not_shown(rig: Rig) -> None:
    task = started(rig)
    rig.clock.advance(3 * 3600)
    assert rig.cloud.one_offs.find("backend", TOKEN, task) is None


def test_a_task_is_stopped_once(rig: Rig) -> None:
    task = started(rig, Script())
    rig.clock.advance(5)
    for _ in range(3):
        rig.cloud.one_offs.stop(StopTask("backend", task), rig.permit())
        rig.clock.advance(1)
    assert rig.changes().count("StopTask") == 1
    view = found(rig, task)
    assert (view.is_stopped, view.exit_codes) == (True, (143,))


def test_somebody_else_s_task_is_not_stopped(rig: Rig) -> None:
    definition = an_action(rig).definition
    made = rig.sandbox.ecs.run_task(cluster="dev", taskDefinition=definition, networkConfiguration=NETWORK_OF_TASKS)
    with pytest.raises(Blocked, match="does not touch what it did not make"):
        rig.cloud.one_offs.stop(StopTask("backend", made["tasks"][0]["taskArn"]), rig.permit())


def test_a_task_that_is_gone_needs_no_stop(rig: Rig) -> None:
    gone = "arn:aws:ecs:eu-west-1:123456789012:task/dev/" + "0" * 32
    rig.cloud.one_offs.stop(StopTask("backend", gone), rig.permit())
    assert "StopTask" not in rig.changes()


def test_without_the_lease_nothing_is_started_and_nothing_stopped(rig: Rig) -> None:
    action = an_action(rig)
    with pytest.raises(Conflict):
        rig.cloud.one_offs.run(action, rig.lost_lease())
    task = rig.cloud.one_offs.run(action, rig.permit())
    with pytest.raises(Conflict):
        rig.cloud.one_offs.stop(StopTask("backend", task), rig.lost_lease())
    assert rig.changes().count("StopTask") == 0


def test_all_containers_must_have_ended_well() -> None:
    task: Any = {"taskArn": "arn", "lastStatus": "STOPPED", "containers": [{"exitCode": 0}, {"exitCode": 1}]}
    assert not wire.view(task, ()).has_succeeded
    task["containers"] = [{"exitCode": 0}, {}]
    assert not wire.view(task, ()).has_succeeded
    task["containers"] = []
    assert not wire.view(task, ()).has_succeeded
