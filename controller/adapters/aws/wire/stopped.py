"""Stopped tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.explanations import explain
from controller.domain.snapshot import TaskFailure

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, ListTasksRequestTypeDef, TaskTypeDef


def listed(cluster: str, service: str) -> ListTasksRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html: within the last hour, or so."""
    return {"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED"}


def of_definition(tasks: Sequence[TaskTypeDef], definition: str) -> list[TaskTypeDef]:
    """Those of one task definition that have really stopped, newest first: the slot has had other versions before."""
    ended = [
        task for task in tasks if task.get("taskDefinitionArn") == definition and task.get("lastStatus") == "STOPPED"
    ]
    return sorted(ended, key=lambda task: task["stoppedAt"].timestamp() if "stoppedAt" in task else 0, reverse=True)


def failure(task: TaskTypeDef, lines: Sequence[str]) -> TaskFailure:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

    The container's own reason says more than the task's, where there is one.
    """
    containers = task.get("containers", [])
    container: ContainerTypeDef = containers[0] if containers else {}
    exit_code = container.get("exitCode")
    said = [text for text in (task.get("stoppedReason", ""), container.get("reason", "")) if text]
    reason = ": ".join(dict.fromkeys(said))
    explanation = explain(task.get("stopCode", ""), reason, exit_code, lines)
    return TaskFailure(
        task=task["taskArn"],
        stopped_reason=reason,
        exit_code=exit_code,
        explanation=explanation.text,
        counts=explanation.counts,
        log_lines=tuple(lines),
        stopped_at=task.get("stoppedAt"),
    )


def has_run(task: TaskTypeDef) -> bool:
    """Whether there can be a log at all."""
    return any("exitCode" in container for container in task.get("containers", []))
