"""Application Auto Scaling: targets with tags, policies, scheduled actions."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, autoscaling, opening
from tests.oracles.scripts.foundation import ACCOUNT, DEFINED, REGION, service

OF = {"ServiceNamespace": "ecs", "ResourceId": "service/dev/worker", "ScalableDimension": "ecs:service:DesiredCount"}
OF_ECS = {"ServiceNamespace": "ecs"}
TAGS = {"managed-by": "tidegate", "tidegate:place": "captioncraft-dev"}
AWAKE = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
NO_TARGET = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/0123456789abcdef"
LABEL = "app/dev/0123456789abcdef/targetgroup/dev-web/0123456789abcdef"
WORKER = service("worker", loadBalancers=None, desiredCount=1)
GONE = ("ObjectNotFoundException", "aws.gone")
REFUSED = ("ValidationException", "aws.refused")


def register(least: int | None = 1, most: int | None = 4, **changes: Any) -> Step:
    """A member that is None is left out."""
    given = {**OF, "MinCapacity": least, "MaxCapacity": most, **changes}
    return autoscaling("RegisterScalableTarget", **{key: value for key, value in given.items() if value is not None})


def track(metric: str = "ECSServiceAverageCPUUtilization", name: str = "worker-cpu", label: str | None = None) -> Step:
    watched = {"PredefinedMetricType": metric, **({"ResourceLabel": label} if label else {})}
    return autoscaling(
        "PutScalingPolicy",
        **OF,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": watched,
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 300,
        },
    )


def at(schedule: str = "cron(0 20 * * ? *)", **changes: Any) -> Step:
    given = {
        "ScheduledActionName": "worker-1",
        "Schedule": schedule,
        "Timezone": "Europe/Berlin",
        "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0},
        **changes,
    }
    return autoscaling("PutScheduledAction", **OF, **given)


TARGETS = autoscaling("DescribeScalableTargets", **OF_ECS, ResourceIds=[OF["ResourceId"], "service/dev/nowhere"])
POLICIES = autoscaling("DescribeScalingPolicies", **OF_ECS, PolicyNames=["worker-cpu", "worker-requests"])
ACTIONS = autoscaling("DescribeScheduledActions", **OF_ECS)
DEREGISTER = autoscaling("DeregisterScalableTarget", **OF)
READY = opening(*DEFINED, WORKER)

SCRIPTS = (
    Script(
        "a scalable target from its making to its end",
        (
            *READY,
            register(Tags=TAGS, SuspendedState=AWAKE).keeps(target="ScalableTargetARN"),
            TARGETS,
            autoscaling("ListTagsForResource", ResourceARN="${target}"),
            autoscaling("TagResource", ResourceARN="${target}", Tags={"who": "ada"}),
            autoscaling("ListTagsForResource", ResourceARN="${target}"),
            register(None, None, SuspendedState={**AWAKE, "DynamicScalingInSuspended": True}),
            TARGETS,
            register(2, 6),
            TARGETS,
            autoscaling("DescribeScalingActivities", **OF, MaxResults=1),
            DEREGISTER,
            TARGETS,
            DEREGISTER.fails(*GONE),
        ),
    ),
    Script(
        "a scalable target that cannot be",
        (
            *READY,
            register(None, None).fails(*REFUSED),
            register(4, 1).fails(*REFUSED),
            autoscaling(
                "RegisterScalableTarget",
                **{**OF, "ResourceId": "service/dev/nowhere"},
                MinCapacity=1,
                MaxCapacity=2,
            ).fails("ValidationException", "aws.gone"),
            track().fails(*GONE),
            at().fails(*GONE),
            autoscaling("ListTagsForResource", ResourceARN=NO_TARGET).fails("ResourceNotFoundException", "aws.gone"),
        ),
    ),
    Script(
        "target tracking policies",
        (
            *READY,
            *opening(register()),
            track(),
            track(),
            track("ALBRequestCountPerTarget", "worker-requests", LABEL),
            POLICIES,
            track("ALBRequestCountPerTarget", "worker-requests").fails(*REFUSED),
            autoscaling("DeleteScalingPolicy", **OF, PolicyName="worker-requests"),
            POLICIES,
            autoscaling("DeleteScalingPolicy", **OF, PolicyName="worker-requests").fails(*GONE),
            *opening(DEREGISTER),
            POLICIES,
        ),
    ),
    Script(
        "scheduled actions",
        (
            *READY,
            *opening(register()),
            at(),
            at(ScheduledActionName="worker-2", Schedule="cron(30 7 ? * MON,TUE *)"),
            ACTIONS,
            at("cron(0 21 * * ? *)"),
            ACTIONS,
            at("at noon").fails(*REFUSED),
            at(Timezone="Europe/Nowhere").fails(*REFUSED),
            autoscaling("DeleteScheduledAction", **OF, ScheduledActionName="worker-1"),
            autoscaling("DeleteScheduledAction", **OF, ScheduledActionName="worker-1").fails(*GONE),
            *opening(DEREGISTER),
            ACTIONS,
        ),
    ),
)
