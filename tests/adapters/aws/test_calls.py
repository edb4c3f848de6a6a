"""The list of calls is complete, right, and the only way to AWS."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

import controller.adapters.aws
from controller.adapters.aws.calls import CALLS, OWN_SERVICES, Call
from controller.adapters.aws.policy import policy_json, policy_page
from controller.domain.names import OWNER

ROOM = Path(controller.adapters.aws.__file__).parent
MODELS = botocore.session.get_session()
READING = ("Describe", "List", "Get", "BatchGet", "AssumeRole")

by_operation = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.service}-{call.operation}")


@by_operation
def test_a_call_is_an_operation_of_its_service(call: Call) -> None:  # type: ignore[type-arg]
    assert call.operation in MODELS.get_service_model(call.service).operation_names


@by_operation
def test_a_call_that_changes_says_so(call: Call) -> None:  # type: ignore[type-arg]
    assert call.changes is not call.operation.startswith(READING)


@by_operation
def test_a_call_with_pages_names_both_tokens(call: Call) -> None:  # type: ignore[type-arg]
    operation = MODELS.get_service_model(call.service).operation_model(call.operation)
    asked, answered = call.pages or ("", "")
    assert not asked or (operation.input_shape is not None and asked in operation.input_shape.members)
    assert not answered or (operation.output_shape is not None and answered in operation.output_shape.members)


@by_operation
def test_a_call_names_its_own_action_first(call: Call) -> None:  # type: ignore[type-arg]
    prefix = {"elbv2": "elasticloadbalancing"}.get(call.service, call.service)
    assert call.grants[0].action == f"{prefix}:{call.operation.removesuffix('Batch')}"


def test_no_operation_is_listed_twice() -> None:
    assert len({(call.service, call.operation) for call in CALLS}) == len(CALLS)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOM.rglob("*.py")):
        yield str(path.relative_to(ROOM)), ast.parse(path.read_text())


def test_no_module_calls_a_client_by_itself() -> None:
    """Only `caller.py` asks for clients, only `session.py` makes them, and no method of a client is named anywhere."""
    methods = {xform_name(name) for call in CALLS for name in MODELS.get_service_model(call.service).operation_names}
    found = [
        (name, node.func.attr)
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in methods or node.func.attr in {"client", "resource", "get_paginator", "get_waiter"})
    ]
    assert set(found) <= {("caller.py", "client"), ("session.py", "client")}


def test_boto3_is_known_to_two_modules_only() -> None:
    """The third may know what botocore raises."""
    importing = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if module.split(".")[0] in {"boto3", "botocore"}
    }
    assert importing == {"caller.py", "errors.py", "session.py"}


def test_every_call_is_made_somewhere() -> None:
    """What is listed and never used would be a right that nobody needs."""
    used = {
        node.id
        for name, tree in modules()
        if name != "calls.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
    }
    declared = {
        node.target.id
        for name, tree in modules()
        if name == "calls.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper()
    } - {"CALLS"}
    assert len(declared) == len(CALLS)
    assert declared <= used


def test_the_policy_allows_every_action_of_the_role() -> None:
    document = json.loads(policy_json())
    allowed = {action for statement in document["Statement"] for action in statement["Action"]}
    assert allowed == {grant.action for call in CALLS if call.service not in OWN_SERVICES for grant in call.grants}


def test_no_change_is_allowed_on_what_is_not_ours() -> None:
    """Whoever may change something may only do it to what has, or then gets, our tag, or has our name."""
    for statement in json.loads(policy_json())["Statement"]:
        changing = [action for action in statement["Action"] if not action.split(":")[1].startswith(READING)]
        named = "${Place}" in statement["Resource"]
        assert not changing or named or OWNER in json.dumps(statement) or "Condition" in statement, statement


def test_the_page_names_every_call() -> None:
    page = policy_page()
    assert all(f"{call.service} {call.operation}" in page for call in CALLS)
    assert page == policy_page()
