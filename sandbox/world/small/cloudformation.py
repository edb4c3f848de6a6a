"""CloudFormation: stacks that are there already, and their outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place, Store
from sandbox.world.values import Answer, page

operations = Operations()


@dataclass
class Stack:
    id: str
    name: str
    outputs: dict[str, str]
    created_at: datetime


@dataclass
class StackStore(Store):
    stacks: dict[str, Stack] = field(default_factory=dict)

    def without_newcomers(self) -> Self:
        return type(self)(self.stacks)


def seed(place: Place, name: str, outputs: dict[str, str]) -> None:
    """Make a stack, or give one other outputs."""
    number = place.ids.uuid()
    arn = place.arn("cloudformation", f"stack/{name}/{number}")
    place.store(StackStore).stacks[name] = Stack(arn, name, outputs, place.now())


@operations.reads("DescribeStacks")
def describe_stacks(call: Call) -> Answer:
    stacks = call.place.store(StackStore).stacks
    found = list(stacks.values())
    if "StackName" in call:
        name = call["StackName"]
        found = [each for each in found if name in (each.name, each.id)]
        if not found:
            raise AwsError("ValidationError", f"Stack with id {name} does not exist")
    listed, token = page(found, call.get("NextToken"), 100)
    return {"Stacks": [_shown(each) for each in listed], "NextToken": token}


def _shown(stack: Stack) -> Answer:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created_at,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()],
        "Tags": [],
    }
