"""The `rest-json` protocol: boto3 says things in paths, queries and bodies, and each arrives where it belongs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import ScriptedRuntime
from sandbox.wire.exchange import Reply, exchange
from sandbox.wire.front import Front
from sandbox.wire.inprocess import bind_bytes
from sandbox.wire.models import service_model
from sandbox.wire.request import Request
from sandbox.wire.rest_json_protocol import operation_name
from sandbox.world.world import World
from tests.support.sandbox_aws import ACCOUNT, REGION, Sandbox, a_session

GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/dev"
SIGNED = {
    "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/scheduler/aws4_request, Signature=0",
    "content-type": "application/json",
}
MODEL = service_model("scheduler")


@pytest.fixture
def front() -> Front:
    clock = VirtualClock()
    return Front(World(clock, ScriptedRuntime(clock)))


def ask(front: Front, method: str, target: str, body: bytes = b"") -> Reply:
    return exchange(front, SIGNED, body, method, target)


def test_labels_of_the_path_queries_and_the_body_are_one_set_of_parameters() -> None:
    sandbox = Sandbox()
    client = a_session().client("scheduler")
    bind_bytes(client, sandbox.world)
    client.create_schedule_group(Name="dev", Tags=[{"Key": "who", "Value": "ä & b/c"}], ClientToken="one")
    client.untag_resource(ResourceArn=GROUP, TagKeys=["a b", "c&d"])
    client.list_schedules(GroupName="dev", MaxResults=7)
    assert client.list_tags_for_resource(ResourceArn=GROUP)["Tags"] == [{"Key": "who", "Value": "ä & b/c"}]
    asked = {call.operation: call.parameters for call in sandbox.world.calls}
    assert asked["CreateScheduleGroup"]["Name"] == "dev"
    assert asked["CreateScheduleGroup"]["ClientToken"] == "one"
    assert asked["UntagResource"] == {"ResourceArn": GROUP, "TagKeys": ["a b", "c&d"]}
    assert asked["ListSchedules"] == {"GroupName": "dev", "MaxResults": 7}


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_every_operation_is_found_by_its_method_and_path(operation: str) -> None:
    http: dict[str, Any] = MODEL.operation_model(operation).http
    path = http["requestUri"].replace("{Name}", "web.1").replace("{ResourceArn}", "arn%3Aaws%3Ax%2Fdev")
    assert operation_name(MODEL, Request({}, b"", http["method"], f"{path}?NextToken=a%2Fb")) == operation


@pytest.mark.parametrize(("method", "target"), [("PATCH", "/schedules/web"), ("GET", "/"), ("GET", "/schedules/a/b")])
def test_a_path_that_is_no_operation_is_named_in_the_answer(front: Front, method: str, target: str) -> None:
    reply = ask(front, method, target)
    assert json.loads(reply.body)["__type"] == "UnknownOperationException"
    assert b"scheduler does not answer" in reply.body


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("/schedules/web", b"{", "SerializationException"),
        ("/schedules/web", b"[]", "SerializationException"),
        ("/schedules/web", b"{}", "ValidationException"),
        ("/schedule-groups/dev", b'{"Tags": "a"}', "ValidationException"),
    ],
)
def test_a_malformed_request_is_answered_and_not_carried_out(front: Front, target: str, body: bytes, code: str) -> None:
    reply = ask(front, "POST", target, body)
    assert (reply.status, reply.content_type, json.loads(reply.body)["__type"]) == (400, "application/json", code)
    assert len(front.world.calls) == 0


def test_a_query_that_is_no_number_is_refused(front: Front) -> None:
    reply = ask(front, "GET", "/schedules?MaxResults=many")
    assert (reply.status, json.loads(reply.body)["__type"]) == (400, "MalformedInput")


def test_an_error_has_its_own_status(front: Front) -> None:
    reply = ask(front, "GET", "/schedules/none")
    assert (reply.status, json.loads(reply.body)["__type"]) == (404, "ResourceNotFoundException")
