"""Playing a script on one side: somebody who answers AWS's calls, ours or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import botocore
from botocore.exceptions import ClientError

from tests.oracles.normal import normal
from tests.oracles.script import OK, Script, Step, filled, found

Heard = dict[str, Any]
"""How a step ended: `outcome` is `ok`, `error`, `never` (what was awaited did not come), `broken` (no AWS answers like
this) or `not asked` (an earlier step did not give what this one needs). With it `answer`, `code`, `status`, `message`.
"""


class Side(Protocol):
    """Somebody who answers."""

    name: str
    crashes: tuple[type[Exception], ...]
    """What may come out instead of an answer; for our own side nothing."""

    def begin(self) -> Mapping[str, Any]:
        """Start from nothing; what scripts may use from the beginning: vpc, subnets, security group, the time."""
        ...

    def client(self, service: str) -> Any: ...

    def pauses(self) -> Iterator[None]:
        """Let time go by before something awaited is asked for again; ends when waiting is over."""
        ...


def play(script: Script, side: Side) -> list[Heard]:
    """Everything heard, step by step, with ids and times replaced by names."""
    known = dict(side.begin())
    return [_heard(side, step, known) for step in script.steps]


def _heard(side: Side, step: Step, known: dict[str, Any]) -> Heard:
    try:
        parameters = filled(step.parameters, known)
    except KeyError as missing:
        return {"outcome": "not asked", "message": f"nothing was kept as {missing.args[0]}"}
    heard = _asked(side, step, parameters)
    if heard["outcome"] == OK:
        kept = {name: found(heard["answer"], path) for name, path in step.keep.items()}
        known |= {name: value for name, value in kept.items() if isinstance(value, str)}
    normalized: Heard = normal(heard, known)
    return normalized


def _asked(side: Side, step: Step, parameters: dict[str, Any]) -> Heard:
    heard = _once(side, step, parameters)
    if not step.awaited:
        return heard
    for _ in side.pauses():
        if heard["outcome"] != OK or _has_come(step, heard):
            return heard
        heard = _once(side, step, parameters)
    return heard if heard["outcome"] != OK or _has_come(step, heard) else {**heard, "outcome": "never"}


def _has_come(step: Step, heard: Heard) -> bool:
    return all(found(heard["answer"], path) == value for path, value in step.awaited.items())


def _once(side: Side, step: Step, parameters: dict[str, Any]) -> Heard:
    method = getattr(side.client(step.service), botocore.xform_name(step.operation))
    try:
        answer = method(**parameters)
    except ClientError as error:
        told = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return {
            "outcome": "error",
            "code": told.get("Code", ""),
            "status": status,
            "message": told.get("Message", ""),
        }
    except side.crashes as error:
        return {"outcome": "broken", "message": type(error).__name__}
    return {"outcome": OK, "answer": {key: value for key, value in answer.items() if key != "ResponseMetadata"}}
