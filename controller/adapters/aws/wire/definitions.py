"""Task definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from controller.adapters.aws.wire.tags import ecs_tags
from controller.domain.content import Content
from controller.domain.snapshot import DefinitionView

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionTypeDef,
        KeyValuePairTypeDef,
        ListTaskDefinitionsRequestTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        SecretTypeDef,
        TaskDefinitionTypeDef,
    )


def register(content: Content, tags: Mapping[str, str]) -> RegisterTaskDefinitionRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html

    Sizes are strings there, and in the units of `Content`.
    """
    request = {
        "family": content.family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(content.cpu),
        "memory": str(content.memory),
        "runtimePlatform": {"cpuArchitecture": content.architecture, "operatingSystemFamily": "LINUX"},
        "executionRoleArn": content.execution_role,
        **({"taskRoleArn": content.task_role} if content.task_role else {}),
        "containerDefinitions": [_container(content)],
        "tags": ecs_tags(tags),
    }
    return cast("RegisterTaskDefinitionRequestTypeDef", request)


def _container(content: Content) -> ContainerDefinitionTypeDef:
    container: ContainerDefinitionTypeDef = {
        "name": content.service,
        "image": content.image,
        "essential": True,
        "environment": _environment(content.environment),
        "secrets": _references({**content.secrets, **content.parameters}),
        "stopTimeout": content.stop_timeout_seconds,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": content.log_group,
                "awslogs-region": content.region,
                "awslogs-stream-prefix": content.service,
            },
        },
    }
    if content.port is not None:
        container["portMappings"] = [{"containerPort": content.port, "protocol": "tcp"}]
    return container


def view(shown: TaskDefinitionTypeDef, service: str | None = None) -> DefinitionView:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html

    What AWS leaves out has the default that its page names. `service` says which container is ours; None: the only one.
    """
    containers = shown.get("containerDefinitions", [])
    ours = [each for each in containers if service is None or each.get("name") == service] or [{}]
    container, platform = ours[0], shown.get("runtimePlatform", {})
    logs = container.get("logConfiguration")
    return DefinitionView(
        containers=tuple(sorted(each.get("name", "") for each in containers)),
        cpu=_number(shown.get("cpu")),
        memory=_number(shown.get("memory")),
        architecture=platform.get("cpuArchitecture", "X86_64"),
        execution_role=shown.get("executionRoleArn", ""),
        task_role=shown.get("taskRoleArn") or None,
        image=container.get("image"),
        command=(*container.get("entryPoint", []), *container.get("command", [])),
        ports=tuple(sorted(each.get("containerPort", 0) for each in container.get("portMappings", []))),
        stop_timeout_seconds=container.get("stopTimeout", FARGATE_STOPS_AFTER),
        environment={each.get("name", ""): each.get("value", "") for each in container.get("environment", [])},
        references={each["name"]: each["valueFrom"] for each in container.get("secrets", [])},
        logs={"driver": logs["logDriver"], **logs.get("options", {})} if logs else {},
    )


FARGATE_STOPS_AFTER = 30
"""Seconds from SIGTERM to SIGKILL where a definition names none:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""


def _number(size: str | None) -> int:
    return int(size) if size is not None and size.isdigit() else 0


def _environment(variables: Mapping[str, str]) -> list[KeyValuePairTypeDef]:
    return [{"name": name, "value": value} for name, value in sorted(variables.items())]


def _references(references: Mapping[str, str]) -> list[SecretTypeDef]:
    """Secrets Manager and Parameter Store references look alike to ECS: it reads either at each task's start."""
    return [{"name": name, "valueFrom": reference} for name, reference in sorted(references.items())]


def newest_first(family: str, limit: int) -> ListTaskDefinitionsRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html

    `familyPrefix` is, despite its name, the whole name of the family.
    """
    return {"familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": limit}


def log_stream(service: str, task: str) -> str:
    """Where the awslogs driver writes: prefix, container, id of the task.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    return f"{service}/{service}/{task.rsplit('/', 1)[-1]}"
