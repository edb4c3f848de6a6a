"""A conversation with AWS as data: calls in order, what is kept of the answers, and how each call should end.

A text like `${rule}` in a parameter stands for what an earlier step kept under that name, or for what the side gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from string import Template
from typing import Any

OK = "ok"
ALONE = re.compile(r"\$\{(\w+)\}")
"""A parameter that is one name and nothing else; what was kept may be a number."""


@dataclass(frozen=True)
class Step:
    """One call. Paths into answers are written with dots: `Rules.0.RuleArn`."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    expect: str = OK
    """`ok`, or the error's code as boto3 shows it."""
    means: str = ""
    """What the controller makes of that error (a code of `controller.adapters.aws.errors`); empty where it never meets
    it."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Name → path into the answer."""
    awaited: Mapping[str, Any] = field(default_factory=dict)
    """Path → value: the call is made again until its answer is like this. Only for reading."""
    is_compared: bool = True

    def keeps(self, **names: str) -> Step:
        return replace(self, keep=names)

    def fails(self, code: str, means: str = "") -> Step:
        return replace(self, expect=code, means=means)

    def until(self, awaited: Mapping[str, Any]) -> Step:
        return replace(self, awaited=awaited)


@dataclass(frozen=True)
class Script:
    """`name` is a sentence's worth: what the conversation is about."""

    name: str
    steps: tuple[Step, ...]

    @property
    def fingerprint(self) -> str:
        """Of what is asked, so that answers to other questions are noticed."""
        asked = [(step.service, step.operation, step.parameters, step.keep, step.awaited) for step in self.steps]
        return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


class Service:
    """Makes steps: `ecs("CreateCluster", clusterName="dev")`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, operation: str, **parameters: Any) -> Step:
        return Step(self._name, operation, parameters)


autoscaling = Service("application-autoscaling")
cloudformation = Service("cloudformation")
cloudwatch = Service("cloudwatch")
ecr = Service("ecr")
ecs = Service("ecs")
elbv2 = Service("elbv2")
logs = Service("logs")
scheduler = Service("scheduler")
sts = Service("sts")


def opening(*steps: Step) -> tuple[Step, ...]:
    """What has to be there before a conversation begins; its answers are compared elsewhere."""
    return tuple(replace(step, is_compared=False) for step in steps)


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Parameters with every name replaced. Raises KeyError for one that is not known.

    >>> filled({"Id": "${id}", "Name": "a ${colour}"}, {"id": 7, "colour": "blue"})
    {'Id': 7, 'Name': 'a blue'}
    """
    if isinstance(value, str):
        alone = ALONE.fullmatch(value)
        return known[alone[1]] if alone else Template(value).substitute(known)
    if isinstance(value, Mapping):
        return {key: filled(member, known) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [filled(member, known) for member in value]
    return value


def found(answer: Any, path: str) -> Any:
    """What is at a path of an answer, None where the answer has no such place.

    >>> found({"Rules": [{"Priority": "10"}]}, "Rules.0.Priority")
    '10'
    """
    for part in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(part)] if int(part) < len(answer) else None
        elif isinstance(answer, Mapping):
            answer = answer.get(part)
    return answer
