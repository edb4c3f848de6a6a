"""A request whose values the model does not allow is refused before the world hears of it, as AWS would refuse it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.wire.limits import problems
from sandbox.wire.models import operation_model
from tests.support.sandbox_aws import Sandbox


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "message"),
    [
        ("ecs", "CreateService", {"launchType": "MOON"}, "'MOON' at 'launchType' must be one of"),
        ("ecs", "RegisterTaskDefinition", {"tags": [{"key": "k"}] * 51}, "51 at 'tags' must be between 0 and 50"),
        ("logs", "CreateLogGroup", {"logGroupName": "no spaces"}, "'no spaces' at 'logGroupName' must match"),
        ("elbv2", "CreateRule", {"Priority": 50_001}, "50001 at 'Priority' must be between 1 and 50000"),
        ("ecr", "BatchGetImage", {"imageIds": [{"imageTag": ""}]}, "0 at 'imageIds.0.imageTag' must be between 1"),
        ("ecr", "DescribeImages", {"repositoryName": "UPPER"}, "'UPPER' at 'repositoryName' must match"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(
    service: str, operation: str, parameters: dict[str, Any], message: str
) -> None:
    found = problems(operation_model(service, operation).input_shape, parameters)
    assert len(found) == 1
    assert found[0].startswith(message)


def test_what_is_allowed_has_no_problems() -> None:
    shape = operation_model("ecs", "CreateService").input_shape
    assert problems(shape, {"serviceName": "web", "launchType": "FARGATE", "desiredCount": 2, "role": None}) == []
    assert problems(None, {}) == []


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ecs", lambda client: client.create_service(serviceName="a", launchType="MOON"), "InvalidParameterException"),
        ("logs", lambda client: client.create_log_group(logGroupName="?"), "InvalidParameterException"),
        (
            "sts",
            lambda client: client.assume_role(RoleArn="arn:aws:iam::123456789012:role/a", RoleSessionName="a b"),
            "ValidationError",
        ),
    ],
)
def test_it_is_refused_with_the_services_own_code(service: str, call: Any, code: str) -> None:
    sandbox = Sandbox()
    with pytest.raises(ClientError) as refused:
        call(getattr(sandbox, service))
    assert refused.value.response["Error"]["Code"] == code
    assert sandbox.world.calls.total == 0
