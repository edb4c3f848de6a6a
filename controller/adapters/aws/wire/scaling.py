"""Scalable targets, their policies and scheduled actions.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.domain.actions import HoldScaling, PutScaling
from controller.domain.arns import balancer_of
from controller.domain.names import group_name, policy_name, slot_name, turn_name
from controller.domain.scaling import HELD, Aim, Bounds, Metric, Motion, Scaling, ScalingView, Turn
from controller.domain.slot import Slot

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.type_defs import (
        ScalableTargetTypeDef,
        ScalingPolicyTypeDef,
        ScheduledActionTypeDef,
        TargetTrackingScalingPolicyConfigurationUnionTypeDef,
    )

NAMESPACE, DIMENSION = "ecs", "ecs:service:DesiredCount"

TARGETS_AT_ONCE = 50
"""https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html"""

NAMES_AT_ONCE = 50

KINDS: Mapping[Metric, str] = {
    Metric.CPU: "ECSServiceAverageCPUUtilization",
    Metric.MEMORY: "ECSServiceAverageMemoryUtilization",
    Metric.REQUESTS: "ALBRequestCountPerTarget",
}

MEMBERS: Mapping[Motion, str] = {
    Motion.IN: "DynamicScalingInSuspended",
    Motion.OUT: "DynamicScalingOutSuspended",
    Motion.CLOCK: "ScheduledScalingSuspended",
}

PAUSE_SECONDS = 300
"""Of a policy that names none: API_TargetTrackingScalingPolicyConfiguration, for ECS services."""

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
CRON = re.compile(r"cron\((\d{1,2}) (\d{1,2}) (?:\* \* \?|\? \* ([A-Z,]+)) \*\)")


@dataclass(frozen=True)
class Place:
    """Where the slots of one place are, by the names that Application Auto Scaling goes by."""

    name: str
    cluster: str
    listener: str

    def resource_id(self, service: str, slot: Slot) -> str:
        return f"service/{self.cluster.rpartition('/')[2]}/{slot_name(self.name, service, slot)}"


def about(resource: str) -> dict[str, str]:
    return {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": DIMENSION}


def registered(action: PutScaling, resource: str, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """`tags` are given only when it is made: one that is there takes no others here."""
    return {
        **about(resource),
        "MinCapacity": action.bounds.min,
        "MaxCapacity": action.bounds.max,
        "SuspendedState": suspended(action.suspended),
        **({"Tags": dict(tags)} if tags is not None else {}),
    }


def held(action: HoldScaling, resource: str) -> dict[str, Any]:
    return {
        **about(resource),
        "MinCapacity": action.room.min,
        "MaxCapacity": action.room.max,
        "SuspendedState": suspended(HELD),
    }


def suspended(motions: frozenset[Motion]) -> dict[str, bool]:
    return {member: motion in motions for motion, member in MEMBERS.items()}


def is_registered(shown: ScalableTargetTypeDef, action: PutScaling) -> bool:
    return (_bounds(shown), _suspended(shown)) == (action.bounds, action.suspended)


def tracking(aim: Aim, label: str) -> TargetTrackingScalingPolicyConfigurationUnionTypeDef:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html

    `label` is what requests are counted of.
    """
    metric: Any = {"PredefinedMetricType": KINDS[aim.metric]}
    if aim.metric is Metric.REQUESTS:
        metric["ResourceLabel"] = label
    return {
        "TargetValue": aim.target,
        "PredefinedMetricSpecification": metric,
        "ScaleOutCooldown": aim.out_seconds,
        "ScaleInCooldown": aim.in_seconds,
    }


def label(listener: str, group_arn: str) -> str:
    """
    >>> label("arn:aws:elb:eu-west-1:1:listener/app/dev/50dc/f2f7", "arn:aws:elb:eu-west-1:1:targetgroup/dev-api/6d0e")
    'app/dev/50dc/targetgroup/dev-api/6d0e'
    """
    return f"{balancer_of(listener)}/{group_arn.rpartition(':')[2]}"


def scheduled(turn: Turn) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html"""
    hour, minute = divmod(turn.minute, 60)
    days = f"? * {','.join(DAYS[day] for day in turn.days)}" if len(turn.days) < len(DAYS) else "* * ?"
    return {
        "Schedule": f"cron({minute} {hour} {days} *)",
        "Timezone": turn.timezone,
        "ScalableTargetAction": {"MinCapacity": turn.bounds.min, "MaxCapacity": turn.bounds.max},
    }


def policy_names(place: Place, service: str, slot: Slot) -> tuple[str, ...]:
    return tuple(policy_name(place.name, service, slot, metric) for metric in Metric)


def turn_names(place: Place, service: str, slot: Slot, count: int) -> tuple[str, ...]:
    return tuple(turn_name(place.name, service, slot, number) for number in range(1, count + 1))


def view(
    place: Place,
    service: str,
    slot: Slot,
    shown: ScalableTargetTypeDef,
    policies: Iterable[ScalingPolicyTypeDef],
    actions: Iterable[ScheduledActionTypeDef],
) -> ScalingView:
    """What is there of ours; a policy or an action that is not as we write it is as if it were not there."""
    aims = (_aim(place, service, slot, policy) for policy in policies)
    by_metric = {aim.metric: aim for aim in aims if aim is not None}
    turns = (_turn(action) for action in sorted(actions, key=_number))
    scaling = Scaling(
        _bounds(shown),
        tuple(by_metric[metric] for metric in Metric if metric in by_metric),
        tuple(turn for turn in turns if turn is not None),
    )
    return ScalingView(scaling, _suspended(shown))


def _bounds(shown: ScalableTargetTypeDef) -> Bounds:
    return Bounds(shown["MinCapacity"], shown["MaxCapacity"])


def _suspended(shown: ScalableTargetTypeDef) -> frozenset[Motion]:
    state = shown.get("SuspendedState", {})
    return frozenset(motion for motion, member in MEMBERS.items() if state.get(member))


def _aim(place: Place, service: str, slot: Slot, shown: ScalingPolicyTypeDef) -> Aim | None:
    """None for one that looks at something else, as at the requests of another slot, or that never takes tasks away."""
    config: Any = shown.get("TargetTrackingScalingPolicyConfiguration", {})
    given = config.get("PredefinedMetricSpecification", {})
    metric = next((metric for metric, kind in KINDS.items() if kind == given.get("PredefinedMetricType")), None)
    if metric is None or shown["PolicyName"] != policy_name(place.name, service, slot, metric):
        return None
    of_slot = f"{balancer_of(place.listener)}/targetgroup/{group_name(place.name, service, slot)}/"
    if metric is Metric.REQUESTS and not given.get("ResourceLabel", "").startswith(of_slot):
        return None
    if config.get("DisableScaleIn"):
        return None
    pauses = (config.get(f"Scale{way}Cooldown", PAUSE_SECONDS) for way in ("Out", "In"))
    return Aim(metric, float(config["TargetValue"]), *pauses)


def _turn(shown: ScheduledActionTypeDef) -> Turn | None:
    match = CRON.fullmatch(shown["Schedule"])
    given = shown.get("ScalableTargetAction", {})
    if match is None or "MinCapacity" not in given or "MaxCapacity" not in given:
        return None
    names = match[3].split(",") if match[3] else DAYS
    days = tuple(place for place, name in enumerate(DAYS) if name in names)
    bounds = Bounds(given["MinCapacity"], given["MaxCapacity"])
    return Turn(int(match[2]) * 60 + int(match[1]), days, shown.get("Timezone", "UTC"), bounds)


def _number(shown: ScheduledActionTypeDef) -> int:
    end = shown["ScheduledActionName"].rpartition("-")[2]
    return int(end) if end.isdecimal() else 0


def is_as(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a policy or an action shows every member that is wanted; members beside them are AWS's own.

    >>> is_as({"TargetValue": 70.0, "DisableScaleIn": False}, {"TargetValue": 70.0})
    True
    """
    return all(
        is_as(shown.get(key, {}), value) if isinstance(value, Mapping) else shown.get(key) == value
        for key, value in wanted.items()
    )
