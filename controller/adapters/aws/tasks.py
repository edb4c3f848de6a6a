"""The ECS services behind the slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    CREATE_SERVICE,
    DELETE_SERVICE,
    DESCRIBE_SERVICES,
    LIST_SERVICES,
    UPDATE_SERVICE,
)
from controller.adapters.aws.errors import Gone, Taken
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import services as wire
from controller.adapters.aws.wire.tags import read_ecs_tags
from controller.domain.actions import AddTasks, DeleteSlot, EmptySlot, RunSlot, SetCount, TuneSlot
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.names import slot_name
from controller.domain.ports import Permit
from controller.domain.slot import Slot

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef


class EcsServices:
    """Reads of ECS services by name."""

    def __init__(self, caller: Caller, owner: Owner) -> None:
        self._caller = caller
        self._owner = owner

    def active(self, cluster: str, names: Sequence[str]) -> dict[str, ServiceTypeDef]:
        """Name → service, for those that exist. Draining and deleted ones are absent; `Blocked` for somebody else's."""
        found = self.shown(cluster, names)
        active = {name: service for name, service in found.items() if service["status"] == "ACTIVE"}
        for name, service in active.items():
            self._owner.insist(read_ecs_tags(service.get("tags", [])), f"ECS service {name}")
        return active

    def listed(self, cluster: str) -> list[str]:
        """The names of all services of the cluster, whoever made them; draining ones are not among them."""
        pages = self._caller.pages(LIST_SERVICES(wire.listed(cluster)), f"ECS services in {cluster}")
        return [arn.rsplit("/", 1)[-1] for page in pages for arn in page["serviceArns"]]

    def shown(self, cluster: str, names: Sequence[str]) -> dict[str, ServiceTypeDef]:
        """Name → service, in whatever state it is. `Transient` when AWS's answer leaves a name out altogether."""
        return {
            name: each for batch in batched(names, wire.BATCH) for name, each in self._batch(cluster, batch).items()
        }

    def _batch(self, cluster: str, names: list[str]) -> dict[str, ServiceTypeDef]:
        about = f"ECS services {', '.join(names)} in {cluster}"
        reply = self._caller.read(
            DESCRIBE_SERVICES({"cluster": cluster, "services": names, "include": ["TAGS"]}), about
        )
        found = {service["serviceName"]: service for service in reply["services"]}
        missing = {
            failure.get("arn", "").rsplit("/", 1)[-1] for failure in reply["failures"] if failure["reason"] == "MISSING"
        }
        unclear = [name for name in names if name not in found and name not in missing]
        if unclear:
            raise Transient(
                f"Reading {about}: AWS said nothing about {', '.join(unclear)}: {reply['failures']}."
                " It is tried again by itself.",
                code="aws.incomplete",
            )
        return found


class SlotTasks:
    """`ports.Tasks`."""

    def __init__(self, caller: Caller, owner: Owner, foundation: FoundationReader, groups: Groups) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation
        self._groups = groups
        self._services = EcsServices(caller, owner)

    def run_slot(self, action: RunSlot, permit: Permit) -> None:
        cluster = self._foundation.read().cluster
        name = slot_name(self._owner.place, action.service, action.slot)
        group = self._group(action)
        shown = self._found(cluster, name)
        if shown is None:
            shown = self._created(action, cluster, name, group, permit)
        if shown is not None:
            request = wire.update(action, cluster, shown, group)
            self._caller.change(UPDATE_SERVICE(request), f"ECS service {name}", permit)

    def tune_slot(self, action: TuneSlot, permit: Permit) -> None:
        cluster = self._foundation.read().cluster
        name = slot_name(self._owner.place, action.service, action.slot)
        if self._found(cluster, name) is not None:
            request = wire.tune(cluster, name, action.grace_seconds)
            self._caller.change(UPDATE_SERVICE(request), f"ECS service {name}", permit)

    def set_count(self, action: SetCount, permit: Permit) -> None:
        assert action.count > 0, f"{action.slot} of {action.service}: what has no tasks is emptied, not counted"
        self._scale(action.service, action.slot, action.count, permit)

    def add_tasks(self, action: AddTasks, permit: Permit) -> None:
        cluster = self._foundation.read().cluster
        name = slot_name(self._owner.place, action.service, action.slot)
        shown = self._found(cluster, name)
        if shown is not None and shown["desiredCount"] < action.count:
            self._caller.change(UPDATE_SERVICE(wire.scale(cluster, name, action.count)), f"ECS service {name}", permit)

    def empty_slot(self, action: EmptySlot, permit: Permit) -> None:
        self._scale(action.service, action.slot, 0, permit)

    def delete_slot(self, action: DeleteSlot, permit: Permit) -> None:
        """The tasks are gone before the service goes, and the service before the group that its tasks were in."""
        cluster = self._foundation.read().cluster
        name = slot_name(self._owner.place, action.service, action.slot)
        shown = self._found(cluster, name)
        if shown is not None:
            _insist_on_empty(shown)
            self._delete(cluster, name, permit)
        self._groups.remove(action.service, action.slot, permit)

    def _delete(self, cluster: str, name: str, permit: Permit) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html: without `force`, so that
        ECS itself refuses a service that was filled meanwhile."""
        request = DELETE_SERVICE({"cluster": cluster, "service": name})
        try:
            self._caller.change(request, f"ECS service {name}", permit)
        except Gone:
            return

    def _scale(self, service: str, slot: Slot, count: int, permit: Permit) -> None:
        """A slot that was never filled is as empty as one that was emptied."""
        cluster = self._foundation.read().cluster
        name = slot_name(self._owner.place, service, slot)
        if self._found(cluster, name) is not None:
            self._caller.change(UPDATE_SERVICE(wire.scale(cluster, name, count)), f"ECS service {name}", permit)

    def _found(self, cluster: str, name: str) -> ServiceTypeDef | None:
        """The service if it is there and ours. Its name is blocked while a deleted one drains."""
        shown = self._services.shown(cluster, [name]).get(name)
        if shown is None or shown["status"] == "INACTIVE":
            return None
        self._owner.insist(read_ecs_tags(shown.get("tags", [])), f"ECS service {name}")
        if shown["status"] == "DRAINING":
            raise Transient(
                f"ECS service {name} was deleted and is still draining: its name is free again after that."
                " It is tried again by itself.",
                code="aws.draining",
            )
        _insist_on_controller(shown)
        return shown

    def _created(
        self, action: RunSlot, cluster: str, name: str, group: str | None, permit: Permit
    ) -> ServiceTypeDef | None:
        """None when it was created; the service when it was there all the time and an earlier look did not show it."""
        tags = self._owner.slot(action.service, action.slot, permit.deployment)
        request = wire.create(action, cluster, name, group, tags, permit.token)
        try:
            self._caller.change(CREATE_SERVICE(request), f"ECS service {name}", permit)
        except Taken as taken:
            shown = self._found(cluster, name)
            if shown is None:
                raise Transient(f"{taken} It does not show yet: it is looked for again.", code=taken.code) from taken
            return shown
        return None

    def _group(self, action: RunSlot) -> str | None:
        """The slot's target group. A service with a port and without a route has none."""
        if action.content.port is None:
            return None
        return self._groups.arns(action.service).get(action.slot)


def _insist_on_empty(shown: ServiceTypeDef) -> None:
    name, left = shown["serviceName"], shown["runningCount"] + shown["pendingCount"]
    if shown["desiredCount"] > 0:
        raise Conflict(
            f"ECS service {name} is to run {shown['desiredCount']} tasks: it is emptied first, then deleted."
            " It is looked at again before anything else happens.",
            code="slot.not_empty",
        )
    if left > 0:
        text = f"ECS service {name}: {left} of its tasks have not stopped yet. It is tried again by itself."
        raise Transient(text, code="slot.stopping")


def _insist_on_controller(shown: ServiceTypeDef) -> None:
    kind = shown.get("deploymentController", {}).get("type", "ECS")
    if kind != "ECS":
        raise Blocked(
            f"ECS service {shown['serviceName']} is deployed by the controller {kind}; Tidegate works with ECS only."
            " Delete the service, or change its deployment controller to ECS.",
            code="aws.other_controller",
        )
