"""Tags of everything that ECS has."""

from __future__ import annotations

from sandbox.world.ecs import model
from sandbox.world.ecs.model import refuse
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, tag_list, tag_map

operations = Operations()


@operations.reads("ListTagsForResource")
def list_tags(call: Call) -> Answer:
    return {"tags": tag_list(_tags_of(call.place, call["resourceArn"]))}


@operations.changes("TagResource")
def tag(call: Call) -> Answer:
    tags = _tags_of(call.place, call["resourceArn"])
    added = {**tags, **tag_map(call["tags"])}
    if len(added) > 50:
        raise refuse("The maximum number of tags is 50.")
    tags.update(added)
    return {}


@operations.changes("UntagResource")
def untag(call: Call) -> Answer:
    tags = _tags_of(call.place, call["resourceArn"])
    for key in call["tagKeys"]:
        tags.pop(key, None)
    return {}


def _tags_of(place: Place, arn: str) -> dict[str, str]:
    kind, _, rest = arn.split(":", 5)[-1].partition("/")
    store = model.store(place)
    if kind == "cluster":
        return model.cluster(place, rest).tags
    if kind == "task-definition":
        return model.definition(place, rest).tags
    if kind == "service":
        return model.service(place, rest.partition("/")[0], rest).tags
    if kind == "task" and model.short(rest) in store.tasks:
        return store.tasks[model.short(rest)].tags
    raise refuse(f"The specified resource was not found: {arn}")
