"""Tags of alarms and dashboards."""

from __future__ import annotations

from sandbox.world.cloudwatch import model
from sandbox.world.cloudwatch.model import refuse, require
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer, tag_list

operations = Operations()


@operations.reads("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    return {"Tags": tag_list(_of(call), "Key", "Value")}


@operations.changes("TagResource")
def tag_resource(call: Call) -> Answer:
    present = _of(call)
    wanted = {**present, **model.tags(call["Tags"])}
    most = model.TAGS_PER_RESOURCE
    require(len(wanted) <= most, f"A resource can have at most {most} tags", "InvalidParameterValueException")
    present.update(wanted)
    return {}


@operations.changes("UntagResource")
def untag_resource(call: Call) -> Answer:
    present = _of(call)
    for key in call["TagKeys"]:
        present.pop(key, None)
    return {}


def _of(call: Call) -> dict[str, str]:
    arn = call["ResourceARN"]
    by_arn = {each.arn: each.tags for each in model.alarms(call.place).values()}
    by_arn |= {each.arn: each.tags for each in model.dashboards(call.place).values()}
    if arn not in by_arn:
        raise refuse(f"The resource {arn} does not exist", "ResourceNotFoundException", 404)
    return by_arn[arn]
