"""Why tasks stopped: asked for while AWS still knows it, which is about an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TASKS, LIST_TASKS
from controller.adapters.aws.log_tail import LogTail
from controller.adapters.aws.wire import stopped as wire
from controller.domain.snapshot import TaskFailure

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

BATCH = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html: tasks in one call."""

SHOWN = 10
"""The newest so many are explained: after them the reasons repeat."""

WITH_LOGS = 3


class Forensics:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._log = LogTail(caller)

    def failures(
        self, cluster: str, name: str, definition: str, service: str, log_group: str
    ) -> tuple[TaskFailure, ...]:
        """Stopped tasks of the ECS service `name` that ran this definition, newest first."""
        tasks = wire.of_definition(self._stopped(cluster, name), definition)[:SHOWN]
        with_logs = [task["taskArn"] for task in tasks if wire.has_run(task)][:WITH_LOGS]
        told = {arn: self._log.allowed_lines(log_group, service, arn) for arn in with_logs}
        return tuple(wire.failure(task, told.get(task["taskArn"], ())) for task in tasks)

    def _stopped(self, cluster: str, name: str) -> list[TaskTypeDef]:
        about = f"stopped tasks of {name}"
        pages = self._caller.pages(LIST_TASKS(wire.listed(cluster, name)), about)
        arns = [arn for page in pages for arn in page["taskArns"]]
        return [
            task
            for batch in batched(arns, BATCH)
            for task in self._caller.read(DESCRIBE_TASKS({"cluster": cluster, "tasks": batch}), about)["tasks"]
        ]
