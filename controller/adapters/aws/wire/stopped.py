"""Stopped tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from controller.adapters.aws.explanations import explain
from controller.adapters.aws.wire.sentences import said
from controller.domain.evidence import ContainerEnd, StoppedTasks
from controller.domain.snapshot import TaskFailure
from controller.domain.strangers import harmless

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, ListTasksRequestTypeDef, TaskTypeDef


Status = Literal["STOPPED", "RUNNING"]

KINDS_TOLD = 5
"""Of a slot's stopped tasks: after them the reasons repeat."""


def listed(cluster: str, service: str, status: Status = "STOPPED") -> ListTasksRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html: within the last hour, or so."""
    return {"cluster": cluster, "serviceName": service, "desiredStatus": status}


def of_definition(tasks: Sequence[TaskTypeDef], definition: str) -> list[TaskTypeDef]:
    """Those of one task definition that have really stopped, newest first: the slot has had other versions before."""
    return [task for task in _newest_first(tasks) if task.get("taskDefinitionArn") == definition]


def ended(tasks: Sequence[TaskTypeDef], definition: str | None, since: datetime) -> list[TaskTypeDef]:
    """Those that have really stopped, newest first: of this definition, or since this moment where none is known."""
    if definition is not None:
        return of_definition(tasks, definition)
    return [task for task in _newest_first(tasks) if "stoppedAt" in task and task["stoppedAt"] >= since]


def _newest_first(tasks: Sequence[TaskTypeDef]) -> list[TaskTypeDef]:
    stopped = [task for task in tasks if task.get("lastStatus") == "STOPPED"]
    return sorted(stopped, key=lambda task: task["stoppedAt"].timestamp() if "stoppedAt" in task else 0, reverse=True)


def alike(tasks: Sequence[TaskTypeDef]) -> list[list[TaskTypeDef]]:
    """In groups that stopped for the same reason with the same exit codes, the newest first."""
    groups: dict[object, list[TaskTypeDef]] = {}
    for task in tasks:
        key = (task.get("stopCode"), task.get("stoppedReason"), tuple(map(_end, task.get("containers", []))))
        groups.setdefault(key, []).append(task)
    return list(groups.values())[:KINDS_TOLD]


def stopped(tasks: Sequence[TaskTypeDef], lines: Sequence[str]) -> StoppedTasks:
    """Tasks that stopped alike; `lines` are the last ones of the newest."""
    newest, told = tasks[0], failure(tasks[0], lines)
    return StoppedTasks(
        times=len(tasks),
        task=short(newest["taskArn"]),
        stopped_at=newest.get("stoppedAt"),
        stop_code=newest.get("stopCode", ""),
        reason=said(told.stopped_reason),
        containers=tuple(map(_end, newest.get("containers", []))),
        explanation=told.explanation,
        counts=told.counts,
        is_out_of_memory="OutOfMemory" in told.stopped_reason,
        lines=tuple(lines),
    )


def _end(container: ContainerTypeDef) -> ContainerEnd:
    return ContainerEnd(
        harmless(container.get("name", "")), container.get("exitCode"), harmless(container.get("reason", ""))
    )


def short(task: str) -> str:
    """The id in a task's ARN."""
    return task.rsplit("/", 1)[-1]


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
