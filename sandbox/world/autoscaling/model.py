"""What is remembered of scalable targets, their policies and scheduled actions, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.world.ecs import model as ecs
from sandbox.world.ecs.model import Service
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call
from sandbox.world.place import Place, Store
from sandbox.world.values import Parameters

ECS, DIMENSION = "ecs", "ecs:service:DesiredCount"
"""The only namespace and dimension that the sandbox scales."""

SCALE_IN, SCALE_OUT, SCHEDULED = "DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"
AWAKE = {SCALE_IN: False, SCALE_OUT: False, SCHEDULED: False}


@dataclass
class Target:
    resource: str
    """`service/<cluster>/<name>`"""
    arn: str
    minimum: int
    maximum: int
    suspended: dict[str, bool]
    created_at: datetime
    tags: dict[str, str]
    scaled_out_at: datetime | None = None
    scaled_in_at: datetime | None = None


@dataclass
class Policy:
    name: str
    arn: str
    resource: str
    tracking: Parameters
    """TargetTrackingScalingPolicyConfiguration, as it was given."""
    created_at: datetime
    high: str
    low: str
    """The names of its alarms."""


@dataclass
class Action:
    """A scheduled action; another one takes its place when it is put again."""

    name: str
    arn: str
    resource: str
    settings: Parameters
    created_at: datetime


@dataclass
class Activity:
    id: str
    resource: str
    description: str
    cause: str
    at: datetime


@dataclass
class ScalingStore(Store):
    targets: dict[str, Target] = field(default_factory=dict)
    """By resource."""
    policies: dict[tuple[str, str], Policy] = field(default_factory=dict)
    """By resource and name; scheduled actions too."""
    actions: dict[tuple[str, str], Action] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    """Newest first."""


def store(place: Place) -> ScalingStore:
    return place.store(ScalingStore)


def resource(call: Call) -> str:
    """The ECS service that a call is about."""
    name = str(call["ResourceId"])
    require(call["ServiceNamespace"] == ECS, "The sandbox scales ECS services only.")
    require(call["ScalableDimension"] == DIMENSION, f"The sandbox scales {DIMENSION} only.")
    require(name.startswith("service/") and name.count("/") == 2, f"Unsupported service resource ID: {name}")
    return name


def target(call: Call) -> Target:
    name = resource(call)
    found = store(call.place).targets.get(name)
    if found is None:
        told = f"service namespace: {ECS}, resource ID: {name}, scalable dimension: {DIMENSION}"
        raise AwsError("ObjectNotFoundException", f"No scalable target registered for {told}")
    return found


def service(place: Place, name: str) -> Service | None:
    """None for one that is not there, and for one that is going."""
    _, cluster, short = name.split("/")
    found = ecs.store(place).services.get((cluster, short))
    return found if found is not None and found.status == "ACTIVE" else None


def require(condition: bool, message: str) -> None:
    if not condition:
        raise AwsError("ValidationException", message)


def is_asked_for(call: Call, name: str) -> bool:
    """Whether a listing that may name one resource is about this one."""
    require(call["ServiceNamespace"] == ECS, "The sandbox scales ECS services only.")
    return call.get("ResourceId") in (None, name)
