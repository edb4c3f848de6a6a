"""ECS services: one for each slot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from math import gcd
from typing import TYPE_CHECKING, Any, cast

from controller.adapters.aws.wire.sentences import said
from controller.adapters.aws.wire.tags import ecs_tags
from controller.domain.actions import RunSlot
from controller.domain.capacity import Capacity
from controller.domain.content import Content
from controller.domain.evidence import ServiceEvent
from controller.domain.rendering import FAILED_TASKS, MAXIMUM_PERCENT, MINIMUM_PERCENT, breaker_told
from controller.domain.snapshot import DefinitionView, GroupView, Rollout, ServiceSettings, SlotView

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        CapacityProviderStrategyItemTypeDef,
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

FARGATE, LATEST = "FARGATE", "LATEST"
"""What tasks run on, and the platform version that ECS takes where none is named."""

PAGE = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html: names in one answer; ten unasked."""

ON_DEMAND, SPOT = "FARGATE", "FARGATE_SPOT"
"""Capacity providers that every cluster can have."""


def deployment_configuration() -> DeploymentConfigurationTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html

    Always sent whole: what ECS does about members left out is not documented.
    """
    return {
        "strategy": "ROLLING",
        "minimumHealthyPercent": MINIMUM_PERCENT,
        "maximumPercent": MAXIMUM_PERCENT,
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

    `group` is the ARN of the target group, None for a service that no balancer knows. A launch type and a strategy
    exclude each other.
    """
    request: CreateServiceRequestTypeDef = {
        "cluster": cluster,
        "serviceName": name,
        "taskDefinition": action.definition,
        "desiredCount": action.count,
        "clientToken": client_token(token, name),
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": deployment_configuration(),
        "networkConfiguration": _network(action.content),
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "tags": ecs_tags(tags),
    }
    if action.capacity.spot:
        request["capacityProviderStrategy"] = strategy(action.capacity)
    else:
        request["launchType"] = "FARGATE"
    if group is not None:
        request["loadBalancers"] = _balancers(action.content, group)
        request["healthCheckGracePeriodSeconds"] = action.grace_seconds
    return request


def update(action: RunSlot, cluster: str, shown: ServiceTypeDef, group: str | None) -> UpdateServiceRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html

    Network and balancers start a deployment of their own, even when they are what they were: they are sent only when
    they differ from what is `shown`. So does `forceNewDeployment`, each time that it is sent: it is, only where the
    deployment of this very definition has FAILED, which nothing else sets going again, and with other capacity, which
    ECS takes no other way. Afterwards it shows as begun.
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
    if shown.get("platformVersion", LATEST) != LATEST:
        request["platformVersion"] = LATEST
    if capacity_told(shown) != str(action.capacity):
        request["capacityProviderStrategy"] = strategy(action.capacity)
    if "capacityProviderStrategy" in request or _has_failed(shown, action.definition):
        request["forceNewDeployment"] = True
    return request


def strategy(capacity: Capacity) -> list[CapacityProviderStrategyItemTypeDef]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html

    A provider without base and weight is left out: it would never be used.
    """
    on_demand: CapacityProviderStrategyItemTypeDef = {
        "capacityProvider": ON_DEMAND,
        "base": capacity.base,
        "weight": capacity.on_demand,
    }
    spot: CapacityProviderStrategyItemTypeDef = {"capacityProvider": SPOT, "base": 0, "weight": capacity.spot}
    return [each for each in (on_demand, spot) if each["base"] or each["weight"]]


def read_capacity(shown: ServiceTypeDef) -> Capacity:
    """A launch type instead of a strategy is on demand; so is a strategy that names nothing else."""
    given = shown.get("capacityProviderStrategy", [])
    weights = {each["capacityProvider"]: each.get("weight", 0) for each in given}
    on_demand, spot = weights.get(ON_DEMAND, 0), weights.get(SPOT, 0)
    if not spot:
        return Capacity()
    bases = {each["capacityProvider"]: each.get("base", 0) for each in given}
    common = gcd(on_demand, spot)
    return Capacity(bases.get(ON_DEMAND, 0), on_demand // common, spot // common)


def _has_failed(shown: ServiceTypeDef, definition: str) -> bool:
    return any(
        each.get("status") == "PRIMARY"
        and each.get("rolloutState") == "FAILED"
        and each.get("taskDefinition") == definition
        for each in shown.get("deployments", [])
    )


def tune(cluster: str, name: str, grace_seconds: int | None) -> UpdateServiceRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html: neither of both starts a
    deployment."""
    request: UpdateServiceRequestTypeDef = {
        "cluster": cluster,
        "service": name,
        "deploymentConfiguration": deployment_configuration(),
    }
    if grace_seconds is not None:
        request["healthCheckGracePeriodSeconds"] = grace_seconds
    return request


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


def settings(shown: ServiceTypeDef) -> ServiceSettings:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html

    With the defaults of members that AWS leaves out.
    """
    rolls = shown.get("deploymentConfiguration", {})
    subnets, security_groups, public = _subnets_and_groups(shown.get("networkConfiguration", {}))
    return ServiceSettings(
        subnets=tuple(subnets),
        security_groups=tuple(security_groups),
        public_ip=public == "ENABLED",
        capacity=capacity_told(shown),
        platform=shown.get("platformVersion", LATEST),
        targets=tuple(sorted(_target(each) for each in shown.get("loadBalancers", []))),
        minimum_percent=rolls.get("minimumHealthyPercent", 100),
        maximum_percent=rolls.get("maximumPercent", 200),
        breaker=_breaker(cast("Mapping[str, Any]", rolls.get("deploymentCircuitBreaker", {}))),
        grace_seconds=shown.get("healthCheckGracePeriodSeconds", 0),
    )


def _target(balancer: LoadBalancerTypeDef) -> tuple[str, int, str]:
    return balancer.get("containerName", ""), balancer.get("containerPort", 0), balancer.get("targetGroupArn", "")


def capacity_told(shown: ServiceTypeDef) -> str:
    """In the words of `Capacity` where it is one; else the launch type, or each provider with its weight."""
    strategy = shown.get("capacityProviderStrategy", [])
    others = [each for each in strategy if each["capacityProvider"] not in {ON_DEMAND, SPOT}]
    if others:
        return ", ".join(sorted(map(_provider, strategy)))
    launch_type = shown.get("launchType", FARGATE)
    return str(read_capacity(shown)) if strategy or launch_type == FARGATE else str(launch_type)


def _provider(item: CapacityProviderStrategyItemTypeDef) -> str:
    base = f" after the first {item['base']}" if item.get("base") else ""
    return f"{item['capacityProvider']} with weight {item.get('weight', 0)}{base}"


def _breaker(shown: Mapping[str, Any]) -> str:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html"""
    if not shown.get("enable"):
        return "off"
    threshold = shown.get("thresholdConfiguration", {})
    if shown.get("rollback") or shown.get("resetOnHealthyTask") or threshold.get("type", "COUNT") != "COUNT":
        return "on, in another way"
    return breaker_told(threshold.get("value", 0))


def slot_view(
    shown: ServiceTypeDef, content: str | None, group: GroupView | None, runs: DefinitionView | None = None
) -> SlotView:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html

    `content` is the digest that the service's task definition is tagged with, `runs` what that says.
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
        capacity=read_capacity(shown),
        runs=runs,
        settings=settings(shown),
    )


EVENTS_TOLD = 10

TROUBLE = re.compile(r"fail|unhealthy|error|throttl|unable|missing|alarm|rolling back", re.IGNORECASE)
"""What AWS Copilot looks for in these sentences."""


def events(shown: ServiceTypeDef, since: datetime) -> tuple[ServiceEvent, ...]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceEvent.html: oldest first.

    The newest of those that say that something went wrong, then the newest others. What is said again and again is
    told once, with the last time.
    """
    found: dict[str, ServiceEvent] = {}
    for event in sorted(shown.get("events", []), key=lambda each: each["createdAt"]):
        if event["createdAt"] >= since:
            text = said(event.get("message", "").removeprefix(f"(service {shown['serviceName']}) "))
            times = found[text].times if text in found else 0
            found[text] = ServiceEvent(event["createdAt"], text, times + 1)
    telling = sorted(found.values(), key=lambda event: (TROUBLE.search(event.text) is None, -event.at.timestamp()))
    return tuple(sorted(telling[:EVENTS_TOLD], key=lambda event: event.at))


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
