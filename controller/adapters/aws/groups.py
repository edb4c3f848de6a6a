"""Target groups: found by name, ours by tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    CREATE_TARGET_GROUP,
    DELETE_TARGET_GROUP,
    DESCRIBE_TARGET_GROUP_ATTRIBUTES,
    DESCRIBE_TARGET_GROUPS,
    DESCRIBE_TARGET_HEALTH,
    MODIFY_TARGET_GROUP,
    MODIFY_TARGET_GROUP_ATTRIBUTES,
)
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.tagging import ElbTags
from controller.adapters.aws.wire import groups as wire
from controller.domain.actions import PrepareGroup
from controller.domain.names import group_name
from controller.domain.ports import Permit
from controller.domain.slot import Slot
from controller.domain.snapshot import GroupView

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetGroupAttributeTypeDef, TargetGroupTypeDef


class Groups:
    """The target groups of one place."""

    def __init__(self, caller: Caller, owner: Owner, tags: ElbTags) -> None:
        self._caller = caller
        self._owner = owner
        self._tags = tags
        self._there: frozenset[str] = frozenset()

    def find(self, names: Sequence[str]) -> dict[str, TargetGroupTypeDef]:
        """Name → group, for those that exist; `Blocked` when one of them is somebody else's.

        One absent name fails the whole call, so those that were there last time are asked for together, and only the
        others one by one.
        """
        together = [name for name in names if name in self._there]
        found = self._described(together)
        if len(found) < len(together):
            together = []
        alone = [name for name in names if name not in together]
        found.update({name: group for each in alone for name, group in self._described([each]).items()})
        self._there = self._there.difference(names).union(found)
        self._insist(found)
        return found

    def arns(self, service: str) -> dict[Slot, str]:
        """The groups of a service's slots, as far as they exist."""
        named = {slot: group_name(self._owner.place, service, slot) for slot in Slot}
        found = self.find(list(named.values()))
        return {slot: found[name]["TargetGroupArn"] for slot, name in named.items() if name in found}

    def view(self, group: TargetGroupTypeDef, targets: bool) -> GroupView:
        arn = group["TargetGroupArn"]
        if not targets:
            return GroupView(arn)
        about = f"target group {group['TargetGroupName']}"
        health = self._caller.read(DESCRIBE_TARGET_HEALTH({"TargetGroupArn": arn}), about)
        return wire.view(group, self._attributes(group), health["TargetHealthDescriptions"])

    def prepare(self, action: PrepareGroup, vpc: str, permit: Permit) -> None:
        """Make the group, or change what differs; a group that is as it should be is left alone."""
        name = group_name(self._owner.place, action.service, action.slot)
        group = self._described([name]).get(name) or self._created(action, name, vpc, permit)
        self._owner.insist(self._tags.now(group["TargetGroupArn"]), f"Target group {name}")
        self._adjusted(group, action, permit)

    def remove(self, service: str, slot: Slot, permit: Permit) -> None:
        """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html

        `Transient` while a rule still forwards to it, whoever made that; nothing to do when it is gone.
        """
        name = group_name(self._owner.place, service, slot)
        group = self._described([name]).get(name)
        if group is None:
            return
        arn, about = group["TargetGroupArn"], f"target group {name}"
        try:
            self._owner.insist(self._tags.now(arn), f"Target group {name}")
            self._caller.change(DELETE_TARGET_GROUP({"TargetGroupArn": arn}), about, permit)
        except Gone:
            return

    def _created(self, action: PrepareGroup, name: str, vpc: str, permit: Permit) -> TargetGroupTypeDef:
        tags = self._owner.slot(action.service, action.slot, permit.deployment)
        request = wire.create(name, vpc, action.settings, tags)
        return self._caller.change(CREATE_TARGET_GROUP(request), f"target group {name}", permit)["TargetGroups"][0]

    def _adjusted(self, group: TargetGroupTypeDef, action: PrepareGroup, permit: Permit) -> None:
        arn, about = group["TargetGroupArn"], f"target group {group['TargetGroupName']}"
        attributes = self._attributes(group)
        if wire.modify(arn, wire.settings(group, attributes)) != wire.modify(arn, action.settings):
            self._caller.change(MODIFY_TARGET_GROUP(wire.modify(arn, action.settings)), about, permit)
        delay = wire.settings(group, attributes).deregistration_delay_seconds
        if delay != action.settings.deregistration_delay_seconds:
            request = wire.modify_drain(arn, action.settings)
            self._caller.change(MODIFY_TARGET_GROUP_ATTRIBUTES(request), about, permit)

    def _attributes(self, group: TargetGroupTypeDef) -> list[TargetGroupAttributeTypeDef]:
        about = f"target group {group['TargetGroupName']}"
        asked = DESCRIBE_TARGET_GROUP_ATTRIBUTES({"TargetGroupArn": group["TargetGroupArn"]})
        return self._caller.read(asked, about)["Attributes"]

    def _described(self, names: list[str]) -> dict[str, TargetGroupTypeDef]:
        """All of them, or none when one is absent."""
        if not names:
            return {}
        try:
            reply = self._caller.read(DESCRIBE_TARGET_GROUPS({"Names": names}), f"target groups {', '.join(names)}")
        except Gone:
            return {}
        return {group["TargetGroupName"]: group for group in reply["TargetGroups"]}

    def _insist(self, found: dict[str, TargetGroupTypeDef]) -> None:
        tags = self._tags.of([group["TargetGroupArn"] for group in found.values()])
        for name, group in found.items():
            self._owner.insist(tags[group["TargetGroupArn"]], f"Target group {name}")
