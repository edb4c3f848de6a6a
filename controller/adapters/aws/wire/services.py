"""ECS services: one for each slot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from controller.adapters.aws.wire.tags import ecs_tags
from controller.domain.actions import RunSlot
from controller.domain.content import Content
from controller.domain.snapshot import GroupView, Rollout, SlotView

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        CreateServiceRequestTypeDef,
        DeploymentConfigurationTypeDef,
        DeploymentTypeDef,
        ListServicesRequestTypeDef,
        LoadBalancerTypeDef,
        NetworkConfigurationTypeDef,
        ServiceTypeDef,
        UpdateServiceRequestTypeDef,
    )

BATCH = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html: services in one call."""

PAGE = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html: names in one answer; ten unasked."""

FAILED_TASKS = 3
"""So many failures, counted without ever starting over, end a rollout. Nothing is rolled back by ECS: the slot has no
traffic, and what was in it before is of no use to anybody."""


def deployment_configuration() -> DeploymentConfigurationTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html

    Always sent whole: what ECS does about members left out is not documented.
    """
    return {
        "strategy": "ROLLING",
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": False,
            "resetOnHealthyTask": False,
            "thresholdConfiguration": {"type": "COUNT", "value": FAILED_TASKS},
        },
    }


def create(
    action: RunSlot, cluster: str, name: str, group: str | None, tags: Mapping[str, str], token: str
) -> CreateServiceRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html

    `group` is the ARN of the target group, None for a service that no balancer knows.
    """
    request: CreateServiceRequestTypeDef = {
        "cluster": cluster,
        "serviceName": name,
        "taskDefinition": action.definition,
        "desiredCount": action.count,
        "clientToken": client_token(token, name),
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": deployment_configuration(),
        "networkConfiguration": _network(action.content),
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "tags": ecs_tags(tags),
    }
    if group is not None:
        request["loadBalancers"] = _balancers(action.content, group)
        request["healthCheckGracePeriodSeconds"] = action.grace_seconds
    return request


def update(action: RunSlot, cluster: str, shown: ServiceTypeDef, group: str | None) -> UpdateServiceRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html

    Network and balancers start a deployment of their own, even when they are what they were: they are sent only when
    they differ from what is `shown`. So does `forceNewDeployment`, each time that it is sent: it is, only where the
    deployment of this very definition has FAILED, which nothing else sets going again. Afterwards it shows as begun.
    """
    request: UpdateServiceRequestTypeDef = {
        "cluster": cluster,
        "service": shown["serviceName"],
        "taskDefinition": action.definition,
        "desiredCount": action.count,
        "deploymentConfiguration": deployment_configuration(),
    }
    if _subnets_and_groups(shown.get("networkConfiguration", {})) != _subnets_and_groups(_network(action.content)):
        request["networkConfiguration"] = _network(action.content)
    if group is not None:
        request["healthCheckGracePeriodSeconds"] = action.grace_seconds
    wanted = _balancers(action.content, group) if group is not None else []
    if [dict(each) for each in shown.get("loadBalancers", [])] != [dict(each) for each in wanted]:
        request["loadBalancers"] = wanted
    if _has_failed(shown, action.definition):
        request["forceNewDeployment"] = True
    return request


def _has_failed(shown: ServiceTypeDef, definition: str) -> bool:
    return any(
        each.get("status") == "PRIMARY"
        and each.get("rolloutState") == "FAILED"
        and each.get("taskDefinition") == definition
        for each in shown.get("deployments", [])
    )


def scale(cluster: str, name: str, count: int) -> UpdateServiceRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
    return {"cluster": cluster, "service": name, "desiredCount": count}


def listed(cluster: str) -> ListServicesRequestTypeDef:
    return {"cluster": cluster, "maxResults": PAGE}


def client_token(token: str, name: str) -> str:
    """At most 36 printable ASCII characters, the same for every attempt at the same effect."""
    return hashlib.sha256(f"{token} {name}".encode()).hexdigest()[:36]


def _balancers(content: Content, group: str) -> list[LoadBalancerTypeDef]:
    assert content.port is not None, f"{content.service} has a target group but no port"
    return [{"targetGroupArn": group, "containerName": content.service, "containerPort": content.port}]


def _network(content: Content) -> NetworkConfigurationTypeDef:
    return {
        "awsvpcConfiguration": {
            "subnets": sorted(content.subnets),
            "securityGroups": sorted(content.security_groups),
            "assignPublicIp": "DISABLED",
        }
    }


def _subnets_and_groups(network: Mapping[str, object]) -> tuple[list[str], list[str], str]:
    vpc = network.get("awsvpcConfiguration")
    shown: Mapping[str, object] = vpc if isinstance(vpc, Mapping) else {}
    return (
        sorted(_strings(shown.get("subnets"))),
        sorted(_strings(shown.get("securityGroups"))),
        str(shown.get("assignPublicIp", "DISABLED")),
    )


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def slot_view(shown: ServiceTypeDef, content: str | None, group: GroupView | None) -> SlotView:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html

    `content` is the digest that the service's task definition is tagged with.
    """
    primary = primary_deployment(shown)
    return SlotView(
        exists=True,
        definition=shown["taskDefinition"],
        content=content,
        desired=shown["desiredCount"],
        running=shown["runningCount"],
        pending=shown["pendingCount"],
        rollout=_rollout(shown, primary),
        rollout_text=primary.get("rolloutStateReason", "") if primary else "",
        failed_tasks=primary.get("failedTasks", 0) if primary else 0,
        group=group,
    )


def primary_deployment(shown: ServiceTypeDef) -> DeploymentTypeDef | None:
    return next((each for each in shown.get("deployments", []) if each.get("status") == "PRIMARY"), None)


def _rollout(shown: ServiceTypeDef, primary: DeploymentTypeDef | None) -> Rollout:
    """COMPLETED only when this very task definition runs as often as it should, whatever ECS calls it.

    A service that ECS rolled back is "completed" too, with another definition; so is one whose count was just raised.
    """
    if primary is None:
        return Rollout.NONE
    if primary.get("taskDefinition") != shown["taskDefinition"]:
        return Rollout.IN_PROGRESS
    state = primary.get("rolloutState")
    if state == "FAILED":
        return Rollout.FAILED
    complete = state == "COMPLETED" and primary.get("runningCount") == shown["desiredCount"]
    return Rollout.COMPLETED if complete else Rollout.IN_PROGRESS
