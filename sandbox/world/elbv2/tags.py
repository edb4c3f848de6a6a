"""Tags of everything that ELBv2 has."""

from __future__ import annotations

from sandbox.world.elbv2 import model
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, tag_list

operations = Operations()


@operations.reads("DescribeTags")
def describe_tags(call: Call) -> Answer:
    arns = call["ResourceArns"]
    if len(arns) > 20:
        raise AwsError("ValidationError", f"At most 20 resources can be described at once, found {len(arns)}")
    found = [{"ResourceArn": arn, "Tags": tag_list(tags_of(call.place, arn), "Key", "Value")} for arn in arns]
    return {"TagDescriptions": found}


@operations.changes("AddTags")
def add_tags(call: Call) -> Answer:
    """All or nothing, whichever resource is the one that cannot have them."""
    added = model.tags(call["Tags"])
    every = [tags_of(call.place, arn) for arn in call["ResourceArns"]]
    for tags in every:
        model.insist_on_tag_limit({**tags, **added})
    for tags in every:
        tags.update(added)
    return {}


@operations.changes("RemoveTags")
def remove_tags(call: Call) -> Answer:
    for arn in call["ResourceArns"]:
        for key in call["TagKeys"]:
            tags_of(call.place, arn).pop(key, None)
    return {}


def tags_of(place: Place, arn: str) -> dict[str, str]:
    kind = arn.rsplit(":", maxsplit=1)[-1].partition("/")[0]
    if kind == "targetgroup":
        return model.target_group(place, arn).tags
    if kind == "listener-rule":
        return model.rule(place, arn).tags
    if kind == "listener":
        return model.listener(place, arn).tags
    return model.load_balancer(place, arn).tags
