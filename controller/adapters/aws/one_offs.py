"""Tasks that run one command and end, beside the slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TASKS, LIST_TASKS, RUN_TASK, STOP_TASK
from controller.adapters.aws.errors import Gone, Taken
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.log_tail import LogTail
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import one_offs as wire
from controller.adapters.aws.wire.tags import read_ecs_tags
from controller.domain.actions import RunTask, StopTask
from controller.domain.errors import Blocked, Transient
from controller.domain.names import log_group
from controller.domain.ports import Permit
from controller.domain.snapshot import TaskView

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import FailureTypeDef, TaskTypeDef


class OneOffTasks:
    """`ports.OneOffs`."""

    def __init__(self, caller: Caller, owner: Owner, foundation: FoundationReader) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation
        self._log = LogTail(caller)

    def run(self, action: RunTask, permit: Permit) -> str:
        """The token makes it one task, as long as AWS remembers it; a task that shows is not asked for again."""
        cluster = self._foundation.read().cluster
        found = self._started(cluster, action.token)
        if found is not None:
            return found["taskArn"]
        request = RUN_TASK(wire.run(action, cluster, self._owner.one_off(action.service, permit.deployment)))
        try:
            reply = self._caller.change(request, _about(action.service), permit)
        except Taken as taken:
            raise Transient(f"{taken} Its task does not show yet: it is looked for again.", code=taken.code) from taken
        if not reply["tasks"]:
            raise _refused(action.service, reply["failures"])
        return reply["tasks"][0]["taskArn"]

    def find(self, service: str, token: str, task: str | None) -> TaskView | None:
        cluster = self._foundation.read().cluster
        found = self._described(cluster, [task]) if task else self._started(cluster, token)
        if found is None:
            return None
        failed = wire.has_stopped(found) and not wire.view(found, ()).has_succeeded
        group = log_group(self._owner.place, service)
        lines = self._log.allowed_lines(group, service, found["taskArn"]) if failed else ()
        return wire.view(found, lines)

    def stop(self, action: StopTask, permit: Permit) -> None:
        """A task that is stopping has lost its tags, and needs no second word."""
        cluster = self._foundation.read().cluster
        found = self._described(cluster, [action.task])
        if found is None or found.get("desiredStatus") == "STOPPED":
            return
        self._owner.insist(read_ecs_tags(found.get("tags", [])), f"Task {action.task}")
        request = STOP_TASK(wire.stop(action, cluster, permit.deployment))
        try:
            self._caller.change(request, _about(action.service), permit)
        except Gone:
            return

    def _started(self, cluster: str, token: str) -> TaskTypeDef | None:
        """The task that was started with this token, whether it still runs or has ended; None while none shows."""
        about = f"tasks started by {wire.started_by(token)}"
        arns = [
            arn
            for status in wire.STATUSES
            for page in self._caller.pages(LIST_TASKS(wire.listed(cluster, token, status)), about)
            for arn in page["taskArns"]
        ]
        return self._described(cluster, sorted(set(arns))) if arns else None

    def _described(self, cluster: str, tasks: list[str]) -> TaskTypeDef | None:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
        request = DESCRIBE_TASKS({"cluster": cluster, "tasks": tasks, "include": ["TAGS"]})
        shown = self._caller.read(request, ", ".join(tasks))["tasks"]
        return min(shown, key=wire.created, default=None)


def _about(service: str) -> str:
    return f"one-off task of {service}"


def _refused(service: str, failures: list[FailureTypeDef]) -> Transient | Blocked:
    """ECS answers 200 also where it started nothing."""
    said = "; ".join(dict.fromkeys(f"{each.get('reason', '?')} {each.get('detail', '')}".strip() for each in failures))
    told = f"ecs RunTask for {_about(service)}: AWS started nothing: {said or 'it gave no reason'}."
    if wire.is_capacity(said):
        return Transient(f"{told} It is tried again by itself.", code="task.no_capacity")
    return Blocked(f"{told} Correct what AWS names here.", code="task.refused")
