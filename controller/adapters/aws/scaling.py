"""`ports.Scaling`: Application Auto Scaling of the ECS services behind the slots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    DELETE_SCALING_POLICY,
    DELETE_SCHEDULED_ACTION,
    DEREGISTER_SCALABLE_TARGET,
    DESCRIBE_SCALABLE_TARGETS,
    DESCRIBE_SCALING_POLICIES,
    DESCRIBE_SCHEDULED_ACTIONS,
    LIST_SCALING_TAGS,
    PUT_SCALING_POLICY,
    PUT_SCHEDULED_ACTION,
    REGISTER_SCALABLE_TARGET,
)
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import scaling as wire
from controller.domain.actions import HoldScaling, PutScaling, RemoveScaling
from controller.domain.names import policy_name
from controller.domain.ports import Permit
from controller.domain.scaling import HELD, Found, Metric, ScalingView
from controller.domain.slot import Slot

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.type_defs import (
        ScalableTargetTypeDef,
        ScalingPolicyTypeDef,
        ScheduledActionTypeDef,
    )


class SlotScaling:
    """Policies and scheduled actions are known by name, scalable targets by the service that they scale, and by their
    tags."""

    def __init__(self, caller: Caller, owner: Owner, foundation: FoundationReader, groups: Groups) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation
        self._groups = groups

    def look(self, services: Collection[str]) -> Found:
        """One call where nothing scales; else one more for the policies, and for the schedules of all of ECS, or for
        the pages of their answers."""
        place = self._place()
        slots = {place.resource_id(service, slot): (service, slot) for service in services for slot in Slot}
        targets = self._targets(list(slots))
        policies = self._policies([slots[resource] for resource in targets], place)
        actions = self._actions() if targets else []
        found: dict[str, dict[Slot, ScalingView]] = {}
        for resource, target in targets.items():
            service, slot = slots[resource]
            own = [each for each in policies if each["ResourceId"] == resource]
            turns = [each for each in actions if each["ResourceId"] == resource]
            found.setdefault(service, {})[slot] = wire.view(place, service, slot, target, own, turns)
        return found

    def put(self, action: PutScaling, permit: Permit) -> None:
        """Bounds last: a slot that the clock has sent to sleep is never without the turn that wakes it. One that is new
        here stays as it is until then."""
        resource = self._place().resource_id(action.service, action.slot)
        target, first = self._target(resource), _as_it_is(action)
        if target is None:
            tags = self._owner.slot(action.service, action.slot, permit.deployment)
            self._register(wire.registered(first, resource, tags), resource, permit)
        self._put_aims(action, resource, permit)
        self._put_turns(action, resource, permit)
        is_registered = first == action if target is None else wire.is_registered(target, action)
        if not is_registered:
            self._register(wire.registered(action, resource, None), resource, permit)

    def hold(self, action: HoldScaling, permit: Permit) -> None:
        """Its bounds have room for what it runs, so that nothing is brought into them."""
        resource = self._place().resource_id(action.service, action.slot)
        if self._target(resource) is not None:
            self._register(wire.held(action, resource), resource, permit)

    def remove(self, action: RemoveScaling, permit: Permit) -> None:
        """With all that is on it: policies, their alarms, scheduled actions. Also where none is shown: what a look
        misses would fill the slot again."""
        resource = self._place().resource_id(action.service, action.slot)
        self._target(resource)
        request: Any = wire.about(resource)
        try:
            self._caller.change(DEREGISTER_SCALABLE_TARGET(request), _about(resource), permit)
        except Gone:
            return

    def _place(self) -> wire.Place:
        foundation = self._foundation.read()
        return wire.Place(self._owner.place, foundation.cluster, foundation.listener)

    def _register(self, request: Any, resource: str, permit: Permit) -> None:
        self._caller.change(REGISTER_SCALABLE_TARGET(request), _about(resource), permit)

    def _target(self, resource: str) -> ScalableTargetTypeDef | None:
        """`Blocked` where it is somebody else's; `Conflict` while AWS shows it without tags that it can be known by."""
        target = self._targets([resource]).get(resource)
        if target is None:
            return None
        asked = LIST_SCALING_TAGS({"ResourceARN": target["ScalableTargetARN"]})
        tags = self._caller.read(asked, _about(resource))["Tags"]
        self._owner.insist(tags, f"Scalable target {resource}")
        return target

    def _put_aims(self, action: PutScaling, resource: str, permit: Permit) -> None:
        """Those that are wanted first: between the two there are too many rather than too few."""
        place = self._place()
        known = {each["PolicyName"]: each for each in self._policies([(action.service, action.slot)], place)}
        wanted = {policy_name(place.name, action.service, action.slot, aim.metric): aim for aim in action.scaling.aims}
        counted = any(aim.metric is Metric.REQUESTS for aim in action.scaling.aims)
        label = self._label(action) if counted else ""
        for name, aim in wanted.items():
            tracking = wire.tracking(aim, label)
            shown: Any = known.get(name, {})
            if not wire.is_as(shown.get("TargetTrackingScalingPolicyConfiguration", {}), dict(tracking)):
                request: Any = {
                    **wire.about(resource),
                    "PolicyName": name,
                    "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": tracking,
                }
                self._caller.change(PUT_SCALING_POLICY(request), f"scaling policy {name}", permit)
        for name in known.keys() - wanted.keys():
            gone: Any = {**wire.about(resource), "PolicyName": name}
            self._caller.change(DELETE_SCALING_POLICY(gone), f"scaling policy {name}", permit)

    def _label(self, action: PutScaling) -> str:
        arn = self._groups.arns(action.service).get(action.slot)
        assert arn is not None, f"{action.service} counts requests, so {action.slot} has a target group"
        return wire.label(self._foundation.read().listener, arn)

    def _put_turns(self, action: PutScaling, resource: str, permit: Permit) -> None:
        names = wire.turn_names(self._place(), action.service, action.slot, len(action.scaling.turns))
        known: dict[str, Any] = {each["ScheduledActionName"]: each for each in self._actions(resource)}
        for name, turn in zip(names, action.scaling.turns, strict=True):
            scheduled = wire.scheduled(turn)
            if not wire.is_as(known.get(name, {}), scheduled):
                request: Any = {**wire.about(resource), "ScheduledActionName": name, **scheduled}
                self._caller.change(PUT_SCHEDULED_ACTION(request), f"scheduled action {name}", permit)
        for name in known.keys() - set(names):
            gone: Any = {**wire.about(resource), "ScheduledActionName": name}
            self._caller.change(DELETE_SCHEDULED_ACTION(gone), f"scheduled action {name}", permit)

    def _targets(self, resources: Sequence[str]) -> dict[str, ScalableTargetTypeDef]:
        found: dict[str, ScalableTargetTypeDef] = {}
        for batch in batched(resources, wire.TARGETS_AT_ONCE):
            request: Any = {"ServiceNamespace": wire.NAMESPACE, "ResourceIds": batch}
            pages = self._caller.pages(DESCRIBE_SCALABLE_TARGETS(request), f"scalable targets {', '.join(batch)}")
            found.update({each["ResourceId"]: each for page in pages for each in page["ScalableTargets"]})
        return found

    def _policies(self, slots: Sequence[tuple[str, Slot]], place: wire.Place) -> list[ScalingPolicyTypeDef]:
        """By name, so that an account's other policies are not paged through."""
        names = [name for service, slot in slots for name in wire.policy_names(place, service, slot)]
        found: list[ScalingPolicyTypeDef] = []
        for batch in batched(names, wire.NAMES_AT_ONCE):
            request: Any = {"ServiceNamespace": wire.NAMESPACE, "PolicyNames": batch}
            pages = self._caller.pages(DESCRIBE_SCALING_POLICIES(request), f"scaling policies {', '.join(batch)}")
            found += [each for page in pages for each in page["ScalingPolicies"]]
        return found

    def _actions(self, resource: str | None = None) -> list[ScheduledActionTypeDef]:
        """Of one service, or of all: how many a service has, only AWS knows."""
        request: Any = wire.about(resource) if resource else {"ServiceNamespace": wire.NAMESPACE}
        pages = self._caller.pages(DESCRIBE_SCHEDULED_ACTIONS(request), f"scheduled actions of {resource or 'ECS'}")
        return [each for page in pages for each in page["ScheduledActions"]]


def _as_it_is(action: PutScaling) -> PutScaling:
    """Nothing makes the slot smaller, and its bounds have room for what it runs."""
    if action.suspended >= HELD:
        return action
    return replace(action, bounds=action.scaling.room, suspended=HELD)


def _about(resource: str) -> str:
    return f"scaling of {resource}"
