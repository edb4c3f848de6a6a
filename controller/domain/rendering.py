"""From the file to what a service will run: the same file on the same foundation always renders the same content."""

from controller.domain import names
from controller.domain.capacity import capacity_of
from controller.domain.content import Content
from controller.domain.foundation import Foundation
from controller.domain.manifest import Service
from controller.domain.snapshot import DefinitionView, GroupSettings, ServiceSettings


def render(name: str, service: Service, image: str, foundation: Foundation) -> Content:
    """`image` is `repository@sha256:…`, as a revision is sealed with it."""
    retention = service.logs.retention
    return Content(
        family=names.family(foundation.stack, name),
        service=name,
        image=image_address(image, foundation),
        cpu=service.task.cpu,
        memory=service.task.memory,
        architecture=service.task.architecture,
        port=service.port,
        execution_role=foundation.execution_role,
        task_role=service.task.role,
        stop_timeout_seconds=int(service.task.stop_timeout.total_seconds()),
        environment=dict(service.env),
        secrets=dict(service.secrets),
        parameters=dict(service.parameters),
        log_group=names.log_group(foundation.stack, name),
        log_retention_days=retention.days if retention else None,
        region=foundation.region,
        subnets=foundation.subnets,
        security_groups=foundation.security_groups,
    )


def image_address(image: str, foundation: Foundation) -> str:
    """A bare repository is the account's own; one with a registry in its name is taken as it is."""
    if "/" in image and "." in image.split("/", 1)[0]:
        return image
    return f"{foundation.account}.dkr.ecr.{foundation.region}.amazonaws.com/{image}"


def image_digest(image: str) -> str:
    """
    >>> image_digest("captioncraft-backend@sha256:0f3c")
    'sha256:0f3c'
    """
    return image.rpartition("@")[2]


MINIMUM_PERCENT, MAXIMUM_PERCENT = 100, 200
FAILED_TASKS = 3
"""So many failures, counted without ever starting over, end a rollout. Nothing is rolled back by ECS: the slot has no
traffic, and what was in it before is of no use to anybody."""


def definition_of(content: Content) -> DefinitionView:
    """How the task definition of this content looks on AWS."""
    return DefinitionView(
        containers=(content.service,),
        cpu=content.cpu,
        memory=content.memory,
        architecture=content.architecture,
        execution_role=content.execution_role,
        task_role=content.task_role,
        image=content.image,
        ports=(content.port,) if content.port is not None else (),
        stop_timeout_seconds=content.stop_timeout_seconds,
        environment=dict(content.environment),
        references={**content.secrets, **content.parameters},
        logs={
            "driver": "awslogs",
            "awslogs-group": content.log_group,
            "awslogs-region": content.region,
            "awslogs-stream-prefix": content.service,
        },
    )


def service_settings(service: Service, content: Content, group: str | None) -> ServiceSettings:
    """How the ECS service of a slot looks on AWS that runs `content` behind the target group with this ARN."""
    port = content.port
    return ServiceSettings(
        subnets=tuple(sorted(content.subnets)),
        security_groups=tuple(sorted(content.security_groups)),
        public_ip=False,
        capacity=str(capacity_of(service)),
        platform="LATEST",
        targets=((content.service, port, group),) if port is not None and group is not None else (),
        minimum_percent=MINIMUM_PERCENT,
        maximum_percent=MAXIMUM_PERCENT,
        breaker=breaker_told(FAILED_TASKS),
        grace_seconds=int(service.health.grace.total_seconds()) if service.health and group is not None else 0,
    )


def breaker_told(failures: int) -> str:
    return f"on after {failures} failed tasks, without rollback"


def group_settings(service: Service) -> GroupSettings | None:
    """None for a service without a route: it has no target group."""
    if service.route is None or service.health is None or service.port is None:
        return None
    return GroupSettings(
        port=service.port,
        path=service.health.path,
        interval_seconds=int(service.health.interval.total_seconds()),
        timeout_seconds=int(service.health.timeout.total_seconds()),
        healthy=service.health.healthy,
        unhealthy=service.health.unhealthy,
        deregistration_delay_seconds=int(service.deregistration_delay.total_seconds()),
    )
