"""Task definitions as requests."""

from __future__ import annotations

from dataclasses import replace

from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import definitions as wire
from tests.adapters.aws.rig import EXECUTION, STACK, a_content
from tests.support.sandbox_aws import REGION

TAGS = Owner(STACK).definition("backend", "sha256:c", "d-1")


def test_the_whole_request() -> None:
    content = replace(
        a_content(),
        task_role="arn:aws:iam::123456789012:role/backend",
        secrets={"PASSWORD": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:password::"},
        parameters={"FEATURES": "/captioncraft/dev/features"},
    )
    assert wire.register(content, TAGS) == {
        "family": "captioncraft-dev-backend",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": EXECUTION,
        "taskRoleArn": "arn:aws:iam::123456789012:role/backend",
        "containerDefinitions": [
            {
                "name": "backend",
                "image": "registry/backend@sha256:" + "a" * 64,
                "essential": True,
                "environment": [{"name": "COLOUR", "value": "none"}, {"name": "LOG_LEVEL", "value": "info"}],
                "secrets": [
                    {"name": "FEATURES", "valueFrom": "/captioncraft/dev/features"},
                    {
                        "name": "PASSWORD",
                        "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:password::",
                    },
                ],
                "stopTimeout": 30,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/ecs/captioncraft-dev/backend",
                        "awslogs-region": REGION,
                        "awslogs-stream-prefix": "backend",
                    },
                },
                "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
            }
        ],
        "tags": [
            {"key": "managed-by", "value": "tidegate"},
            {"key": "tidegate:content", "value": "sha256:c"},
            {"key": "tidegate:deployment", "value": "d-1"},
            {"key": "tidegate:place", "value": "captioncraft-dev"},
            {"key": "tidegate:service", "value": "backend"},
        ],
    }


def test_a_worker_has_no_port_and_without_a_role_there_is_none() -> None:
    request = wire.register(replace(a_content(), port=None), TAGS)
    assert "taskRoleArn" not in request
    assert "portMappings" not in request["containerDefinitions"][0]


def test_the_order_of_variables_makes_no_difference() -> None:
    one = replace(a_content(), environment={"A": "1", "B": "2"})
    other = replace(a_content(), environment={"B": "2", "A": "1"})
    assert wire.register(one, TAGS) == wire.register(other, TAGS)


def test_the_log_stream_is_where_the_driver_writes() -> None:
    task = "arn:aws:ecs:eu-west-1:123456789012:task/dev/0123abcd"
    assert wire.log_stream("backend", task) == "backend/backend/0123abcd"
