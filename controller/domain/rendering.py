"""From the file to what a service will run: the same file on the same foundation always renders the same content."""

from controller.domain import names
from controller.domain.content import Content
from controller.domain.foundation import Foundation
from controller.domain.manifest import Service
from controller.domain.snapshot import GroupSettings


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
