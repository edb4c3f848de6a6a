"""Requests as they come over the wire, also from those who do not use boto3."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import ScriptedRuntime
from sandbox.wire.exchange import Reply, exchange
from sandbox.wire.front import Front
from sandbox.world.world import World


@pytest.fixture
def front() -> Front:
    clock = VirtualClock()
    return Front(World(clock, ScriptedRuntime(clock)))


def signed(service: str, key: str = "AKIA", **headers: str) -> dict[str, str]:
    scope = f"AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, Signature=0"
    return {"authorization": scope, **{name.replace("_", "-"): value for name, value in headers.items()}}


def ask_json(front: Front, operation: str, body: bytes, key: str = "AKIA") -> Reply:
    return exchange(front, signed("ecs", key, x_amz_target=f"AmazonEC2ContainerServiceV20141113.{operation}"), body)


def test_an_unsigned_request_is_refused(front: Front) -> None:
    reply = exchange(front, {}, b"")
    assert (reply.status, json.loads(reply.body)["__type"]) == (403, "MissingAuthenticationToken")
    assert len(front.world.calls) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b'{"services": "web"}', "ValidationException"),
        (b"{}", "ValidationException"),
        (b'{"services": ["web"], "colour": 1}', "ValidationException"),
    ],
)
def test_a_malformed_body_is_answered_and_not_carried_out(front: Front, body: bytes, code: str) -> None:
    reply = ask_json(front, "DescribeServices", body)
    assert (reply.status, json.loads(reply.body)["__type"]) == (400, code)


def test_an_unknown_operation_is_named(front: Front) -> None:
    reply = ask_json(front, "MakeCoffee", b"{}")
    assert json.loads(reply.body)["__type"] == "UnknownOperationException"
    assert b"ecs does not answer MakeCoffee" in reply.body


def test_the_account_is_spelled_by_the_access_key(front: Front) -> None:
    reply = ask_json(front, "CreateCluster", b"{}", key="777777777777")
    assert ":777777777777:cluster/default" in json.loads(reply.body)["cluster"]["clusterArn"]


def test_a_form_is_read_with_lists_and_numbers(front: Front) -> None:
    fields = {"Action": "CreateTargetGroup", "Version": "2015-12-01", "Name": "blue", "Port": "80"}
    fields |= {"Tags.member.1.Key": "a", "Tags.member.1.Value": "1 & 2", "Tags.member.2.Key": "b"}
    reply = exchange(front, signed("elasticloadbalancing"), urlencode(fields).encode())
    assert (reply.status, reply.content_type) == (200, "text/xml")
    [record] = front.world.calls
    assert record.parameters["Port"] == 80
    assert record.parameters["Tags"] == [{"Key": "a", "Value": "1 & 2"}, {"Key": "b"}]
    assert b"<TargetGroupName>blue</TargetGroupName>" in reply.body


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Action": "CreateTargetGroup", "Name": "blue", "Port": "many"}, "MalformedInput"),
        ({"Action": "CreateTargetGroup", "Name": "a", "Tags": "x", "Tags.member.1.Key": "y"}, "MalformedInput"),
        ({"Action": "CreateTargetGroup"}, "ValidationError"),
        ({}, "InvalidAction"),
    ],
)
def test_a_malformed_form_is_answered_in_xml(front: Front, fields: dict[str, str], code: str) -> None:
    reply = exchange(front, signed("elasticloadbalancing"), urlencode(fields).encode())
    assert reply.status == 400
    assert f"<Code>{code}</Code>".encode() in reply.body
