"""Why tasks stopped: asked for while AWS still knows it, which is about an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TASKS, GET_LOG_EVENTS, LIST_TASKS
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.wire import stopped as wire
from controller.adapters.aws.wire.definitions import log_stream
from controller.domain.snapshot import TaskFailure

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

BATCH = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html: tasks in one call."""

SHOWN = 10
"""The newest so many are explained: after them the reasons repeat."""

WITH_LOGS = 3
LINES = 20


class Forensics:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def failures(
        self, cluster: str, name: str, definition: str, service: str, log_group: str
    ) -> tuple[TaskFailure, ...]:
        """Stopped tasks of the ECS service `name` that ran this definition, newest first."""
        tasks = wire.of_definition(self._stopped(cluster, name), definition)[:SHOWN]
        with_logs = {task["taskArn"] for task in [task for task in tasks if wire.has_run(task)][:WITH_LOGS]}
        return tuple(
            wire.failure(task, self._lines(log_group, service, task) if task["taskArn"] in with_logs else ())
            for task in tasks
        )

    def _stopped(self, cluster: str, name: str) -> list[TaskTypeDef]:
        about = f"stopped tasks of {name}"
        pages = self._caller.pages(LIST_TASKS(wire.listed(cluster, name)), about)
        arns = [arn for page in pages for arn in page["taskArns"]]
        return [
            task
            for batch in batched(arns, BATCH)
            for task in self._caller.read(DESCRIBE_TASKS({"cluster": cluster, "tasks": batch}), about)["tasks"]
        ]

    def _lines(self, log_group: str, service: str, task: TaskTypeDef) -> tuple[str, ...]:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html: the last ones.

        Without a log group or stream there are none: the task never wrote a line.
        """
        stream = log_stream(service, task["taskArn"])
        asked = GET_LOG_EVENTS(
            {"logGroupName": log_group, "logStreamName": stream, "limit": LINES, "startFromHead": False}
        )
        try:
            reply = self._caller.read(asked, f"log {stream} in {log_group}")
        except Gone:
            return ()
        return tuple(event.get("message", "").rstrip("\n") for event in reply["events"])
