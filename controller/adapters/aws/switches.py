"""Dead-man's switches: one-time schedules of EventBridge Scheduler, in a group of their own for each place."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    CREATE_SCHEDULE,
    CREATE_SCHEDULE_GROUP,
    DELETE_SCHEDULE,
    GET_SCHEDULE,
    LIST_SCHEDULE_GROUP_TAGS,
    UPDATE_SCHEDULE,
)
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.ownership import Owner, Tags
from controller.adapters.aws.wire import schedules as wire
from controller.adapters.aws.wire.services import client_token
from controller.domain.arns import partition_of
from controller.domain.errors import Blocked
from controller.domain.foundation import Foundation
from controller.domain.names import switch_group
from controller.domain.ports import Permit
from controller.domain.switch import ArmedSwitch, Switch


class ScheduledSwitches:
    """`ports.Switches`. Only groups of schedules have tags: a schedule in our group is ours."""

    def __init__(self, caller: Caller, owner: Owner, foundation: FoundationReader) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation

    def arm(self, switch: Switch, permit: Permit) -> None:
        """Renewing is more frequent than making: it is tried first."""
        foundation = self._foundation.read()
        role = _role(foundation, switch)
        if not self._has_group(foundation):
            self._create_group(permit)
        token = client_token(permit.token, f"{switch.name} {switch.fires_at.isoformat()}")
        request = wire.schedule(switch, self._owner.place, partition_of(foundation.listener), role, token)
        try:
            self._caller.change(UPDATE_SCHEDULE(request), _about(switch.name), permit)
        except Gone:
            self._caller.change(CREATE_SCHEDULE(request), _about(switch.name), permit)

    def armed(self, names: Collection[str]) -> Mapping[str, ArmedSwitch]:
        found = {name: self._found(name) for name in names}
        return {name: switch for name, switch in found.items() if switch is not None}

    def disarm(self, name: str, permit: Permit) -> None:
        """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteSchedule.html"""
        if not self._has_group(self._foundation.read()):
            return
        token = client_token(permit.token, name)
        request = DELETE_SCHEDULE({**wire.named(name, self._owner.place), "ClientToken": token})
        try:
            self._caller.change(request, _about(name), permit)
        except Gone:
            return

    def _found(self, name: str) -> ArmedSwitch | None:
        request = GET_SCHEDULE(wire.named(name, self._owner.place))
        try:
            return wire.armed(self._caller.read(request, _about(name)))
        except Gone:
            return None

    def _has_group(self, foundation: Foundation) -> bool:
        """`Blocked` when there is one that is somebody else's."""
        tags = self._group_tags(foundation)
        if tags is not None:
            self._owner.insist(tags, f"Schedule group {switch_group(self._owner.place)}")
        return tags is not None

    def _group_tags(self, foundation: Foundation) -> Tags | None:
        """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListTagsForResource.html"""
        arn = wire.group_arn(
            partition_of(foundation.listener), foundation.region, foundation.account, self._owner.place
        )
        try:
            shown = self._caller.read(LIST_SCHEDULE_GROUP_TAGS({"ResourceArn": arn}), f"schedule group {arn}")
        except Gone:
            return None
        return {tag["Key"]: tag["Value"] for tag in shown["Tags"]}

    def _create_group(self, permit: Permit) -> None:
        place = self._owner.place
        request = CREATE_SCHEDULE_GROUP(wire.group(place, self._owner.everywhere(), client_token(permit.token, place)))
        self._caller.change(request, f"schedule group {switch_group(place)}", permit)


def _about(name: str) -> str:
    return f"dead-man's switch {name}"


def _role(foundation: Foundation, switch: Switch) -> str:
    if foundation.switch_role is None:
        raise Blocked(
            f"Dead-man's switch {switch.name}: {foundation.stack} has no role that EventBridge Scheduler may become."
            " Add the output SwitchRole to the stack, or set aws.switch_role in tidegate.yaml: a role that"
            " scheduler.amazonaws.com may assume and that may call elasticloadbalancing:ModifyRule.",
            code="switch.no_role",
        )
    return foundation.switch_role
