"""How many tasks a service wants: changed by whatever scales it, written down as an activity."""

from __future__ import annotations

from sandbox.world.autoscaling import model
from sandbox.world.autoscaling.model import Activity, Target
from sandbox.world.ecs import rollout
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page

operations = Operations()

ACTIVITIES_KEPT = 1000


def fit(place: Place, target: Target) -> None:
    """Into the bounds, where the service is outside of them."""
    service = model.service(place, target.resource)
    if service is None:
        return
    if service.desired < target.minimum:
        scale(place, target, target.minimum, f"minimum capacity was set to {target.minimum}")
    elif service.desired > target.maximum:
        scale(place, target, target.maximum, f"maximum capacity was set to {target.maximum}")


def scale(place: Place, target: Target, count: int, cause: str) -> None:
    service = model.service(place, target.resource)
    assert service is not None, f"{target.resource} is scaled, so it is there"
    service.desired, service.is_steady = count, False
    description = f"Setting desired count to {count}."
    rollout.note(place, service, f"was scaled by Application Auto Scaling: {cause}")
    place.emit("aws.ecs", "ECS Service Action", service.arn, eventName="SERVICE_DESIRED_COUNT_UPDATED")
    rollout.kick(place, service)
    activity = Activity(place.ids.uuid(), target.resource, description, cause, place.now())
    known = model.store(place)
    known.activities = [activity, *known.activities[: ACTIVITIES_KEPT - 1]]


@operations.reads("DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> Answer:
    found = [each for each in model.store(call.place).activities if model.is_asked_for(call, each.resource)]
    listed, token = page(found, call.get("NextToken"), call.get("MaxResults", 50))
    return {"ScalingActivities": [_shown(each) for each in listed], "NextToken": token}


def _shown(activity: Activity) -> Answer:
    """What the sandbox does is done at once."""
    done = activity.description.replace("Setting", "Successfully set").rstrip(".")
    return {
        "ActivityId": activity.id,
        "ServiceNamespace": model.ECS,
        "ResourceId": activity.resource,
        "ScalableDimension": model.DIMENSION,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.at,
        "EndTime": activity.at,
        "StatusCode": "Successful",
        "StatusMessage": f"{done}. Change successfully fulfilled by ecs.",
    }
