"""Target tracking policies. Each has two alarms in CloudWatch, which anyone can look at.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

from typing import Any

from sandbox.world.autoscaling import model, tracking
from sandbox.world.autoscaling.model import Policy
from sandbox.world.cloudwatch import alarms
from sandbox.world.cloudwatch.model import alarms as alarms_of
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, copied, page

operations = Operations()

REQUESTS = "ALBRequestCountPerTarget"
UTILIZATIONS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
PER_PAGE = 10
HIGH_MINUTES, LOW_MINUTES = 3, 15
LOW_SHARE = 0.9
"""Tasks are taken away only when it is clearly below the target: a tenth, as AWS's own alarms have it."""


@operations.changes("PutScalingPolicy")
def put_scaling_policy(call: Call) -> Answer:
    place, target, name = call.place, model.target(call), call["PolicyName"]
    model.require(call.get("PolicyType") == "TargetTrackingScaling", "The sandbox knows TargetTrackingScaling only.")
    tracked = call["TargetTrackingScalingPolicyConfiguration"]
    watched = _watched(tracked, target.resource)
    store, key = model.store(place), (target.resource, name)
    known = store.policies.get(key)
    if known is None:
        ends = f"{target.resource}-Alarm{{}}-{place.ids.uuid()}"
        high, low = (f"TargetTracking-{ends.format(side)}" for side in ("High", "Low"))
        arn = place.arn(
            "autoscaling", f"scalingPolicy:{place.ids.uuid()}:resource/ecs/{target.resource}:policyName/{name}"
        )
        known = store.policies[key] = Policy(name, arn, target.resource, {}, place.now(), high, low)
    known.tracking = copied(tracked)
    goal = float(tracked["TargetValue"])
    _put_alarm(call, known, known.high, watched, goal, "GreaterThanThreshold", HIGH_MINUTES)
    _put_alarm(call, known, known.low, watched, goal * LOW_SHARE, "LessThanThreshold", LOW_MINUTES)
    tracking.follow(place)
    return {"PolicyARN": known.arn, "Alarms": _alarms(place, known)}


def _watched(tracked: dict[str, Any], resource: str) -> dict[str, Any]:
    """The metric of a predefined specification, as an alarm has it."""
    given = tracked.get("PredefinedMetricSpecification")
    model.require(given is not None, "The sandbox tracks predefined metrics only.")
    assert given is not None
    kind, label = given["PredefinedMetricType"], given.get("ResourceLabel", "")
    if kind in UTILIZATIONS:
        _, cluster, name = resource.split("/")
        of = (("ClusterName", cluster), ("ServiceName", name))
        return {"Namespace": "AWS/ECS", "MetricName": UTILIZATIONS[kind], "Dimensions": _dimensions(*of), **_BY_AVERAGE}
    model.require(kind == REQUESTS, f"The sandbox knows {', '.join([*UTILIZATIONS, REQUESTS])}, found {kind}")
    balancer, found, group = label.partition("/targetgroup/")
    model.require(bool(found), f"ResourceLabel app/…/…/targetgroup/…/… is required for {REQUESTS}, found {label}")
    of = (("LoadBalancer", balancer), ("TargetGroup", f"targetgroup/{group}"))
    return {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCountPerTarget",
        "Dimensions": _dimensions(*of),
        "Statistic": "Sum",
    }


_BY_AVERAGE = {"Statistic": "Average"}


def _dimensions(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def _put_alarm(
    call: Call, policy: Policy, name: str, watched: dict[str, Any], threshold: float, comparison: str, minutes: int
) -> None:
    given = {
        **watched,
        "AlarmName": name,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        "AlarmActions": [policy.arn],
        "Period": 60,
        "EvaluationPeriods": minutes,
        "Threshold": threshold,
        "ComparisonOperator": comparison,
    }
    alarms.put_metric_alarm(Call(call.place, given, call.caller))


@operations.changes("DeleteScalingPolicy")
def delete_scaling_policy(call: Call) -> Answer:
    name = call["PolicyName"]
    found = model.store(call.place).policies.get((model.resource(call), name))
    if found is None:
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for policy name: {name}")
    remove(call.place, found)
    return {}


def remove(place: Place, policy: Policy) -> None:
    """With its alarms, unless somebody has deleted them."""
    del model.store(place).policies[policy.resource, policy.name]
    names = [name for name in (policy.high, policy.low) if name in alarms_of(place)]
    alarms.delete_alarms(Call(place, {"AlarmNames": names}, ""))


@operations.reads("DescribeScalingPolicies")
def describe_scaling_policies(call: Call) -> Answer:
    every = sorted(model.store(call.place).policies.values(), key=lambda each: (each.resource, each.name))
    wanted = call.get("PolicyNames")
    found = [each for each in every if model.is_asked_for(call, each.resource) if not wanted or each.name in wanted]
    listed, token = page(found, call.get("NextToken"), call.get("MaxResults", PER_PAGE))
    return {"ScalingPolicies": [_shown(call.place, each) for each in listed], "NextToken": token}


def _shown(place: Place, policy: Policy) -> Answer:
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": model.ECS,
        "ResourceId": policy.resource,
        "ScalableDimension": model.DIMENSION,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": policy.tracking,
        "Alarms": _alarms(place, policy),
        "CreationTime": policy.created_at,
    }


def _alarms(place: Place, policy: Policy) -> list[dict[str, str]]:
    known = alarms_of(place)
    return [{"AlarmName": name, "AlarmARN": known[name].arn} for name in (policy.high, policy.low) if name in known]
