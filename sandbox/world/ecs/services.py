"""Services: made, changed, removed, shown."""

from __future__ import annotations

from typing import Any

from sandbox.world.ecs import deployments, model, rollout, tasks
from sandbox.world.ecs.model import Service, refuse
from sandbox.world.elbv2 import model as elb
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, Parameters, chosen, page, tag_list, tag_map

operations = Operations()

DEFAULT_CONFIGURATION: dict[str, Any] = {
    "strategy": "ROLLING",
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "bakeTimeInMinutes": 0,
}
STORED = (
    "loadBalancers",
    "serviceRegistries",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
STARTS_DEPLOYMENT = (
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
)
OF_DEPLOYMENT = ("networkConfiguration", "platformVersion", "launchType", "capacityProviderStrategy")


@operations.changes("CreateService")
def create_service(call: Call) -> Answer:
    place, name = call.place, call["serviceName"]
    cluster = model.cluster(place, call.get("cluster"))
    store = model.store(place)
    known = store.services.get((cluster.name, name))
    if known is not None and known.status == "ACTIVE":
        if call.get("clientToken") and known.request == call.parameters:
            return {"service": shown(place, known, ["TAGS"])}
        raise refuse("Creation of service was not idempotent.")
    if known is not None and known.status == "DRAINING":
        raise refuse("Unable to Start a service that is still Draining.")
    if "taskDefinition" not in call:
        raise refuse("Task definition can not be blank.")
    if call.get("schedulingStrategy", "REPLICA") == "REPLICA" and "desiredCount" not in call:
        raise refuse("The desired count must be specified for a replica service.")
    settings = _settings(call)
    _check_capacity(cluster, settings)
    _check(place, call["taskDefinition"], settings)
    service = Service(
        arn=place.arn("ecs", f"service/{cluster.name}/{name}"),
        name=name,
        cluster=cluster.name,
        cluster_arn=cluster.arn,
        desired=call.get("desiredCount", 1),
        settings=settings,
        created_at=place.now(),
        created_by=call.caller,
        tags=tag_map(call.get("tags")),
        client_token=call.get("clientToken"),
        request=call.parameters,
    )
    store.services[cluster.name, name] = service
    deployments.begin(place, service, call["taskDefinition"], chosen(settings, *OF_DEPLOYMENT))
    return {"service": shown(place, service, ["TAGS"])}


@operations.changes("UpdateService")
def update_service(call: Call) -> Answer:
    place = call.place
    service = model.service(place, call.get("cluster"), call["service"])
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    wanted = call.get("taskDefinition", service.primary.definition_arn)
    settings = {**service.settings, **chosen(call.parameters, *STORED)}
    if "deploymentConfiguration" in call:
        settings["deploymentConfiguration"] = _configuration(call["deploymentConfiguration"])
    _choose_capacity(call.parameters, settings)
    _check_capacity(model.cluster(place, service.cluster), settings)
    changes_capacity = settings.get("capacityProviderStrategy") != service.settings.get("capacityProviderStrategy")
    if changes_capacity and not call.get("forceNewDeployment"):
        raise refuse(
            "When switching from launch type to capacity provider strategy on an existing service, or making a change "
            "to a capacity provider strategy on a service that is already using one, you must force a new deployment."
        )
    definition = model.definition(place, wanted, only_active="taskDefinition" in call)
    if "taskDefinition" in call or "loadBalancers" in call:
        _check(place, definition.arn, settings)
    service.settings = settings
    if call.get("desiredCount", service.desired) != service.desired:
        service.desired = call["desiredCount"]
        service.is_steady = False
    is_other = definition.arn != service.primary.definition_arn
    if is_other or call.get("forceNewDeployment") or any(name in call for name in STARTS_DEPLOYMENT):
        deployments.begin(place, service, definition.arn, chosen(settings, *OF_DEPLOYMENT))
    rollout.kick(place, service)
    return {"service": shown(place, service, ["TAGS"])}


@operations.changes("DeleteService")
def delete_service(call: Call) -> Answer:
    place = call.place
    service = model.service(place, call.get("cluster"), call["service"])
    if service.status == "INACTIVE":
        raise AwsError("ServiceNotFoundException", "Service not found.")
    if service.desired > 0 and not call.get("force"):
        raise refuse("The service cannot be stopped while it is scaled above 0.")
    service.status, service.desired = "DRAINING", 0
    rollout.kick(place, service)
    return {"service": shown(place, service, ["TAGS"])}


@operations.reads("DescribeServices")
def describe_services(call: Call) -> Answer:
    place = call.place
    cluster = model.cluster(place, call.get("cluster"))
    names = call["services"]
    if not 1 <= len(names) <= 10:
        raise refuse(f"Members must have between 1 and 10 services, found {len(names)}.")
    found, failures = [], []
    for name in names:
        service = model.store(place).services.get((cluster.name, model.short(name)))
        if service is None:
            arn = name if name.startswith("arn:") else place.arn("ecs", f"service/{cluster.name}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(shown(place, service, call.get("include", [])))
    return {"services": found, "failures": failures}


@operations.reads("ListServices")
def list_services(call: Call) -> Answer:
    """ACTIVE ones: a deleted service is not listed any more, also while it drains ("DeleteService" in the ECS API)."""
    cluster = model.cluster(call.place, call.get("cluster"))
    arns = [
        service.arn
        for service in model.store(call.place).services.values()
        if service.cluster == cluster.name
        and service.status == "ACTIVE"
        and call.get("launchType") in (None, service.settings.get("launchType"))
    ]
    listed, token = page(arns, call.get("nextToken"), call.get("maxResults", 10))
    return {"serviceArns": listed, "nextToken": token}


def _settings(call: Call) -> dict[str, Any]:
    settings = {
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
        "healthCheckGracePeriodSeconds": 0 if call.get("loadBalancers") else None,
        **chosen(call.parameters, *STORED),
    }
    settings["deploymentConfiguration"] = _configuration(call.get("deploymentConfiguration", {}))
    _choose_capacity(call.parameters, settings)
    if "launchType" not in settings and "capacityProviderStrategy" not in settings:
        settings["launchType"] = "FARGATE" if call.get("networkConfiguration") else "EC2"
    if settings.get("launchType") != "EC2":
        settings.setdefault("platformVersion", "LATEST")
    return settings


def _configuration(given: dict[str, Any]) -> dict[str, Any]:
    """Members left out go back to their defaults: what UpdateService does with them is not documented."""
    return {**DEFAULT_CONFIGURATION, **given}


def _choose_capacity(given: Parameters, settings: dict[str, Any]) -> None:
    """A launch type and a capacity provider strategy exclude each other; the one given last holds. An empty strategy
    leads back to the launch type ("UpdateService" in the ECS API)."""
    if given.get("launchType") and given.get("capacityProviderStrategy"):
        raise refuse(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if given.get("capacityProviderStrategy"):
        settings.pop("launchType", None)
    elif "capacityProviderStrategy" in given:
        del settings["capacityProviderStrategy"]
        settings.setdefault("launchType", "FARGATE" if settings.get("networkConfiguration") else "EC2")


def _check_capacity(cluster: model.Cluster, settings: dict[str, Any]) -> None:
    for item in settings.get("capacityProviderStrategy") or []:
        if item["capacityProvider"] not in cluster.capacity_providers:
            raise refuse(
                "The specified capacity provider strategy contains a capacity provider that is not associated "
                f"with the cluster: {item['capacityProvider']}"
            )


def _check(place: Place, definition_name: str, settings: dict[str, Any]) -> None:
    definition = model.definition(place, definition_name, only_active=True)
    if definition.body.get("networkMode") == "awsvpc" and not settings.get("networkConfiguration"):
        raise refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    for balancer in settings.get("loadBalancers") or []:
        _check_group(place, balancer["targetGroupArn"])
        _check_container(definition, balancer)


def _check_group(place: Place, arn: str) -> None:
    if arn not in elb.store(place).target_groups:
        raise refuse(f"The specified target group does not exist: {arn}")
    if not elb.balancers_of(place, arn):
        raise refuse(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")


def _check_container(definition: model.TaskDefinition, balancer: dict[str, Any]) -> None:
    name, port = balancer.get("containerName"), balancer.get("containerPort")
    container = next((each for each in definition.containers if each["name"] == name), None)
    if container is None:
        raise refuse(f"The container {name} does not exist in the task definition.")
    if port not in [mapping["containerPort"] for mapping in container["portMappings"]]:
        raise refuse(f"The container {name} did not have a container port {port} defined.")


def shown(place: Place, service: Service, include: list[str]) -> Answer:
    alive = model.tasks_of(place, service)
    current = service.service_deployments[-1]
    is_rolling = current.status in deployments.ONGOING
    return {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn,
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": tasks.count(alive, "RUNNING"),
        "pendingCount": tasks.count(alive, *tasks.PENDING),
        "taskDefinition": service.primary.definition_arn,
        "deployments": [deployments.shown(place, service, each) for each in service.deployments],
        "events": service.events,
        "createdAt": service.created_at,
        "createdBy": service.created_by,
        "roleArn": f"arn:aws:iam::{place.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "platformFamily": "Linux",
        "tags": tag_list(service.tags) if "TAGS" in include else None,
        "currentServiceDeployment": current.arn if is_rolling else None,
        "currentServiceRevisions": [deployments.revision(place, service, each) for each in service.deployments],
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        **service.settings,
    }
