"""Scalable targets: registered, changed, shown, tagged, given up."""

from __future__ import annotations

from sandbox.world.autoscaling import capacity, model, policies
from sandbox.world.autoscaling.model import AWAKE, Target
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer, page

operations = Operations()

AT_ONCE = 50


@operations.changes("RegisterScalableTarget")
def register_scalable_target(call: Call) -> Answer:
    """A service outside of the bounds is brought into them, also by a call that names none.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    name, store = model.resource(call), model.store(call.place)
    known = store.targets.get(name)
    known = _made(call, name) if known is None else _changed(call, known)
    store.targets[name] = known
    capacity.fit(call.place, known)
    return {"ScalableTargetARN": known.arn}


def _made(call: Call, name: str) -> Target:
    place = call.place
    for bound in ("MinCapacity", "MaxCapacity"):
        model.require(bound in call, f"{bound} must be given when a scalable target is registered.")
    model.require(model.service(place, name) is not None, f"ECS service doesn't exist: {name}")
    _check(call["MinCapacity"], call["MaxCapacity"])
    arn = place.arn("application-autoscaling", f"scalable-target/{place.ids.hex(32)}")
    suspended = {**AWAKE, **call.get("SuspendedState", {})}
    tags = dict(call.get("Tags", {}))
    return Target(name, arn, call["MinCapacity"], call["MaxCapacity"], suspended, place.now(), tags)


def _changed(call: Call, known: Target) -> Target:
    """What is not given stays; tags are of its making only."""
    model.require("Tags" not in call, "Tags are given when a scalable target is made; use TagResource.")
    minimum, maximum = call.get("MinCapacity", known.minimum), call.get("MaxCapacity", known.maximum)
    _check(minimum, maximum)
    known.minimum, known.maximum = minimum, maximum
    known.suspended = {**known.suspended, **call.get("SuspendedState", {})}
    return known


def _check(minimum: int, maximum: int) -> None:
    model.require(0 <= minimum <= maximum, f"Maximum capacity {maximum} is below minimum capacity {minimum}.")


@operations.changes("DeregisterScalableTarget")
def deregister_scalable_target(call: Call) -> Answer:
    """With its policies and scheduled actions; the count stays as it is."""
    target, store = model.target(call), model.store(call.place)
    for each in [each for each in store.policies.values() if each.resource == target.resource]:
        policies.remove(call.place, each)
    store.actions = {key: each for key, each in store.actions.items() if each.resource != target.resource}
    del store.targets[target.resource]
    return {}


@operations.reads("DescribeScalableTargets")
def describe_scalable_targets(call: Call) -> Answer:
    """Resources that are no targets are left out."""
    wanted = call.get("ResourceIds")
    model.require(len(wanted or []) <= AT_ONCE, f"At most {AT_ONCE} resource IDs can be given at once.")
    every = sorted(model.store(call.place).targets.values(), key=lambda each: each.resource)
    found = [each for each in every if model.is_asked_for(call, each.resource) if not wanted or each.resource in wanted]
    listed, token = page(found, call.get("NextToken"), call.get("MaxResults", AT_ONCE))
    return {"ScalableTargets": [_shown(each) for each in listed], "NextToken": token}


def _shown(target: Target) -> Answer:
    return {
        "ServiceNamespace": model.ECS,
        "ResourceId": target.resource,
        "ScalableDimension": model.DIMENSION,
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": f"arn:aws:iam::{target.arn.split(':')[4]}:role/aws-service-role/ecs.application-autoscaling."
        "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
        "CreationTime": target.created_at,
        "SuspendedState": dict(target.suspended),
        "ScalableTargetARN": target.arn,
    }


@operations.reads("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    return {"Tags": dict(_tagged(call).tags)}


@operations.changes("TagResource")
def tag_resource(call: Call) -> Answer:
    _tagged(call).tags.update(call["Tags"])
    return {}


def _tagged(call: Call) -> Target:
    arn = call["ResourceARN"]
    found = next((each for each in model.store(call.place).targets.values() if each.arn == arn), None)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")
    return found
