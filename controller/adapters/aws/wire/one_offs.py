"""Tasks that run one command and end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from controller.adapters.aws.explanations import explain
from controller.adapters.aws.wire import stopped
from controller.adapters.aws.wire.tags import ecs_tags
from controller.domain.actions import RunTask, StopTask
from controller.domain.snapshot import TaskView

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ContainerOverrideTypeDef,
        ListTasksRequestTypeDef,
        RunTaskRequestTypeDef,
        StopTaskRequestTypeDef,
        TaskTypeDef,
    )

STATUSES: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
"""What is desired of a task: one that still starts is among those that are to run."""

CAPACITY = re.compile(r"capacity|RESOURCE:|limit on the number|tasks you can run concurrently", re.IGNORECASE)


def run(action: RunTask, cluster: str, tags: Mapping[str, str]) -> RunTaskRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html

    The service's own definition with another command: so it has the same image, size, role, secrets and log. A retry is
    this very request; with other parameters the token would be refused.
    """
    override: ContainerOverrideTypeDef = {"name": action.service, "command": list(action.command)}
    if action.environment:
        override["environment"] = [{"name": key, "value": value} for key, value in sorted(action.environment.items())]
    return {
        "cluster": cluster,
        "taskDefinition": action.definition,
        "count": 1,
        "clientToken": action.token,
        "startedBy": started_by(action.token),
        "launchType": "FARGATE",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": sorted(action.subnets),
                "securityGroups": sorted(action.security_groups),
                "assignPublicIp": "DISABLED",
            }
        },
        "overrides": {"containerOverrides": [override]},
        "enableECSManagedTags": True,
        "enableExecuteCommand": False,
        "tags": ecs_tags(tags),
    }


def stop(action: StopTask, cluster: str, deployment: str) -> StopTaskRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
    return {"cluster": cluster, "task": action.task, "reason": f"Tidegate: {deployment} needs it no longer"}


def listed(cluster: str, token: str, status: Literal["RUNNING", "STOPPED"]) -> ListTasksRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html

    `startedBy` bears no filter beside it but the status.
    """
    return {"cluster": cluster, "startedBy": started_by(token), "desiredStatus": status}


def started_by(token: str) -> str:
    """At most 128 letters, digits, hyphens, slashes and underscores."""
    return f"tidegate/{token}"


def has_stopped(task: TaskTypeDef) -> bool:
    return task.get("lastStatus") == "STOPPED"


def created(task: TaskTypeDef) -> float:
    return task["createdAt"].timestamp() if "createdAt" in task else 0.0


def is_capacity(reason: str) -> bool:
    return CAPACITY.search(reason) is not None


def view(task: TaskTypeDef, lines: Sequence[str]) -> TaskView:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html: all containers of ours are essential."""
    containers: Sequence[Any] = task.get("containers", [])
    shown = TaskView(
        task=task["taskArn"],
        is_stopping=task.get("desiredStatus") == "STOPPED",
        is_stopped=has_stopped(task),
        exit_codes=tuple(each.get("exitCode") for each in containers),
        started_at=task.get("startedAt"),
        stopped_at=task.get("stoppedAt"),
    )
    if not shown.is_stopped or shown.has_succeeded:
        return shown
    return _with_failure(shown, task, lines)


def _with_failure(shown: TaskView, task: TaskTypeDef, lines: Sequence[str]) -> TaskView:
    """One task alone: what is held against a version only when it happens to all of its tasks is not held here."""
    failure = stopped.failure(task, lines)
    explanation = explain(task.get("stopCode", ""), failure.stopped_reason, failure.exit_code, lines)
    return replace(shown, failure=replace(failure, counts=explanation.counts and explanation.counts_alone))
