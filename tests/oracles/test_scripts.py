"""The scripts cover what the controller and the sandbox can do, and the sandbox ends each call as its script says."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import botocore.session
import pytest

from controller.adapters.aws.calls import CALLS
from controller.adapters.aws.errors import MEANINGS, UNKNOWN, meaning_of
from sandbox.wire.models import shown_code
from sandbox.world.services import SERVICES
from sandbox.world.world import REFUSALS
from tests.oracles.ours import Ours
from tests.oracles.play import Heard, play
from tests.oracles.script import OK, Script, Step
from tests.oracles.scripts import SCRIPTS
from tests.oracles.unprovoked import ONLY_BY_AWS, ONLY_BY_FAULT

MODELS = botocore.session.get_session()
OF_DOORS = {"sns", "sqs"}
by_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
SIDE = Ours()


@cache
def heard_on_ours(script: str) -> list[Heard]:
    """Each script is played once for all that is claimed about it."""
    return play(next(each for each in SCRIPTS if each.name == script), SIDE)


def steps(script: Script) -> list[tuple[Step, Heard]]:
    return list(zip(script.steps, heard_on_ours(script.name), strict=True))


COMMON = {"ValidationError", "ValidationException"}
"""Every service has these, whatever its model lists for an operation."""

NOT_LISTED = {
    ("elbv2", "DeleteTargetGroup", "TargetGroupNotFound"),
    ("elbv2", "DescribeLoadBalancerAttributes", "LoadBalancerNotFound"),
}
"""Errors that ours gives though the model's list for the operation lacks them; the probe `group-in-use` asks AWS."""


def ending(heard: Heard) -> str:
    return str(heard["code"] if heard["outcome"] == "error" else heard["outcome"])


@by_script
def test_the_sandbox_ends_each_call_as_the_script_says(script: Script) -> None:
    endings = [
        (number, step.operation, step.expect, ending(heard), heard.get("message"))
        for number, (step, heard) in enumerate(steps(script))
    ]
    assert [each for each in endings if each[2] != each[3]] == []


@by_script
def test_an_error_is_one_that_the_model_lists(script: Script) -> None:
    for step in script.steps:
        if step.expect != OK and step.expect not in COMMON:
            listed = {_code(shape) for shape in _operation(step).error_shapes}
            known = step.expect in listed or (step.service, step.operation, step.expect) in NOT_LISTED
            assert known, (step.operation, step.expect, sorted(listed))


def _operation(step: Step) -> Any:
    return MODELS.get_service_model(step.service).operation_model(step.operation)


def _code(shape: Any) -> str:
    return str(shape.metadata.get("error", {}).get("code", shape.name))


def test_each_operation_of_the_sandbox_has_a_good_call() -> None:
    good = {(step.service, step.operation) for script in SCRIPTS for step in script.steps if step.expect == OK}
    answered = {(service, operation) for service, table in SERVICES.items() for operation in table}
    assert answered - good == set()


def test_each_call_of_the_controller_is_compared() -> None:
    compared = {(s.service, s.operation) for script in SCRIPTS for s in script.steps if s.is_compared}
    assert {(call.service, call.operation) for call in CALLS if call.service in SERVICES} - compared == set()
    assert {call.service for call in CALLS} - set(SERVICES) == OF_DOORS, (
        "a queue is read by a door, a topic is written by a notifier, each against a client"
    )


def test_each_answer_is_checked_against_its_shape() -> None:
    """The front checks before it answers; here is counted that it does."""
    side = Ours()
    heard = [each for script in SCRIPTS[:10] for each in play(script, side)]
    good = sum(each["outcome"] == OK for each in heard)
    assert side.front.checked >= good > 0


@by_script
def test_the_controller_makes_of_an_error_what_the_script_says(script: Script) -> None:
    for step, heard in steps(script):
        if step.means:
            meaning = meaning_of(heard["code"], heard["status"], step.operation, heard["message"])
            assert (meaning.code, step.operation) == (step.means, step.operation), heard


CALLED = {(call.service, call.operation) for call in CALLS}


def test_an_error_of_a_call_of_the_controller_has_a_meaning() -> None:
    lacking = [
        (script.name, step.operation, step.expect)
        for script in SCRIPTS
        for step in script.steps
        if step.expect != OK and not step.means and (step.service, step.operation) in CALLED
    ]
    for _, operation, code in lacking:
        assert meaning_of(code, 400, operation, "") is not UNKNOWN
    assert len(lacking) < 10, lacking


def test_each_meaning_is_provoked_by_a_script_or_said_not_to_be() -> None:
    """A row of the controller's table is met when a script brings about one of its errors."""
    met = {
        id(meaning_of(heard["code"], heard["status"], step.operation, heard["message"]))
        for script in SCRIPTS
        for step, heard in steps(script)
        if heard["outcome"] == "error"
    }
    told = json.dumps([*ONLY_BY_FAULT, *ONLY_BY_AWS])
    unmet = [meaning for meaning in MEANINGS if id(meaning) not in met]
    assert [
        (meaning.code, meaning.says)
        for meaning in unmet
        if not any(code in told for code in meaning.codes) or (meaning.says and meaning.says not in told)
    ] == []


@pytest.mark.parametrize("fault", ["throttle", "denied", "server_error"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.service}-{call.operation}")
def test_a_fault_of_any_call_reads_like_the_services_own(call: Any, fault: str) -> None:
    code, message, status = REFUSALS[fault]
    assert code in ONLY_BY_FAULT
    shown = shown_code(MODELS.get_service_model(call.service), code)
    meaning = meaning_of(shown, status, call.operation, message)
    assert (
        meaning.code
        == {
            "throttle": "aws.throttled",
            "denied": "aws.denied",
            "server_error": "aws.unavailable",
        }[fault]
    )
