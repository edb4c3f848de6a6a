"""Target groups, and how their targets are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.wire.tags import elb_tags
from controller.domain.evidence import Target
from controller.domain.snapshot import GroupSettings, GroupView
from controller.domain.strangers import harmless

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        ModifyTargetGroupAttributesInputTypeDef,
        ModifyTargetGroupInputTypeDef,
        TargetGroupAttributeTypeDef,
        TargetGroupTypeDef,
        TargetHealthDescriptionTypeDef,
    )

DRAIN = "deregistration_delay.timeout_seconds"
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html"""


def create(name: str, vpc: str, settings: GroupSettings, tags: Mapping[str, str]) -> CreateTargetGroupInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html

    Target type `ip`, because tasks have addresses of their own; the group's port can never be changed and is only a
    default for targets, so the health check names the port itself.
    """
    return {
        "Name": name,
        "Protocol": "HTTP",
        "Port": settings.port,
        "VpcId": vpc,
        "TargetType": "ip",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": str(settings.port),
        "HealthCheckPath": settings.path,
        "HealthCheckIntervalSeconds": settings.interval_seconds,
        "HealthCheckTimeoutSeconds": settings.timeout_seconds,
        "HealthyThresholdCount": settings.healthy,
        "UnhealthyThresholdCount": settings.unhealthy,
        "Matcher": {"HttpCode": "200"},
        "Tags": elb_tags(tags),
    }


def modify(arn: str, settings: GroupSettings) -> ModifyTargetGroupInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html"""
    return {
        "TargetGroupArn": arn,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": str(settings.port),
        "HealthCheckPath": settings.path,
        "HealthCheckIntervalSeconds": settings.interval_seconds,
        "HealthCheckTimeoutSeconds": settings.timeout_seconds,
        "HealthyThresholdCount": settings.healthy,
        "UnhealthyThresholdCount": settings.unhealthy,
    }


def modify_drain(arn: str, settings: GroupSettings) -> ModifyTargetGroupAttributesInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroupAttributes.html"""
    return {
        "TargetGroupArn": arn,
        "Attributes": [{"Key": DRAIN, "Value": str(settings.deregistration_delay_seconds)}],
    }


def settings(shown: TargetGroupTypeDef, attributes: Iterable[TargetGroupAttributeTypeDef]) -> GroupSettings:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html"""
    named = {each.get("Key"): each.get("Value", "") for each in attributes}
    checked = shown.get("HealthCheckPort", "")
    return GroupSettings(
        port=int(checked) if checked.isdigit() else shown.get("Port", 0),
        path=shown.get("HealthCheckPath", ""),
        interval_seconds=shown.get("HealthCheckIntervalSeconds", 0),
        timeout_seconds=shown.get("HealthCheckTimeoutSeconds", 0),
        healthy=shown.get("HealthyThresholdCount", 0),
        unhealthy=shown.get("UnhealthyThresholdCount", 0),
        deregistration_delay_seconds=int(named.get(DRAIN, "300")),
    )


def view(
    shown: TargetGroupTypeDef,
    attributes: Iterable[TargetGroupAttributeTypeDef],
    health: Sequence[TargetHealthDescriptionTypeDef],
) -> GroupView:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html

    Targets that leave (draining) or that nobody asks for (unused) are neither healthy nor unhealthy.
    """
    states = Counter(_state(each) for each in health)
    return GroupView(
        arn=shown["TargetGroupArn"],
        settings=settings(shown, attributes),
        healthy=states["healthy"],
        unhealthy=states["unhealthy"],
        complaints=tuple(_complaint(each) for each in health if _state(each) == "unhealthy"),
    )


TARGETS_TOLD = 10


def targets(health: Sequence[TargetHealthDescriptionTypeDef]) -> tuple[Target, ...]:
    """Each as the load balancer finds it; those that are not well first."""
    found = [_target(each) for each in health]
    return tuple(sorted(found, key=lambda each: not each.is_ill)[:TARGETS_TOLD])


def _target(shown: TargetHealthDescriptionTypeDef) -> Target:
    health = shown.get("TargetHealth", {})
    text = harmless(health.get("Description", ""))
    return Target(_address(shown), _state(shown), health.get("Reason", ""), text)


def _state(target: TargetHealthDescriptionTypeDef) -> str:
    return target.get("TargetHealth", {}).get("State", "")


def _complaint(target: TargetHealthDescriptionTypeDef) -> str:
    health = target.get("TargetHealth", {})
    return f"{_address(target)}: {health.get('Reason', 'unhealthy')}: {health.get('Description', '')}".rstrip(": ")


def _address(target: TargetHealthDescriptionTypeDef) -> str:
    who = target.get("Target", {"Id": "?"})
    return f"{who['Id']}:{who['Port']}" if "Port" in who else who["Id"]


def name_of(arn: str) -> str:
    """`arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/NAME/0123456789abcdef` → NAME.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
    """
    return arn.rsplit(":targetgroup/", 1)[-1].split("/", 1)[0]
