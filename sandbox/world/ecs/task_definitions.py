"""Task definitions. Every registration makes a new revision, whatever is registered."""

from __future__ import annotations

import re
from typing import Any

from sandbox.world.ecs import model
from sandbox.world.ecs.model import TaskDefinition
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer, chosen, page, tag_list, tag_map

operations = Operations()

FAMILY = re.compile(r"[a-zA-Z0-9_-]{1,255}")

FARGATE_MEMORY = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""MiB that Fargate offers for each number of CPU units ("Task size" in the Amazon ECS Developer Guide)."""

SHOWN = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "runtimePlatform",
    "ephemeralStorage",
    "enableFaultInjection",
)


@operations.changes("RegisterTaskDefinition")
def register(call: Call) -> Answer:
    place, family = call.place, call["family"]
    _check(call)
    revisions = model.store(place).definitions.setdefault(family, [])
    number = len(revisions) + 1
    body = {"volumes": [], "placementConstraints": [], **chosen(call.parameters, *SHOWN)}
    body["containerDefinitions"] = [_container(each) for each in call["containerDefinitions"]]
    definition = TaskDefinition(
        arn=place.arn("ecs", f"task-definition/{family}:{number}"),
        family=family,
        revision=number,
        body=body,
        registered_at=place.now(),
        registered_by=call.caller,
        tags=tag_map(call.get("tags")),
    )
    revisions.append(definition)
    return {"taskDefinition": shown(definition), "tags": tag_list(definition.tags)}


@operations.reads("DescribeTaskDefinition")
def describe(call: Call) -> Answer:
    definition = model.definition(call.place, call["taskDefinition"])
    tags = tag_list(definition.tags) if "TAGS" in call.get("include", []) else None
    return {"taskDefinition": shown(definition), "tags": tags}


@operations.reads("ListTaskDefinitions")
def list_definitions(call: Call) -> Answer:
    family, status = call.get("familyPrefix"), call.get("status", "ACTIVE")
    every = model.store(call.place).definitions
    families = sorted(every) if family is None else [family] if family in every else []
    arns = [each.arn for name in families for each in every[name] if each.status == status]
    if call.get("sort") == "DESC":
        arns.reverse()
    listed, token = page(arns, call.get("nextToken"), call.get("maxResults", 100))
    return {"taskDefinitionArns": listed, "nextToken": token}


@operations.reads("ListTaskDefinitionFamilies")
def list_families(call: Call) -> Answer:
    prefix, status = call.get("familyPrefix", ""), call.get("status", "ALL")
    names = [
        name
        for name, revisions in sorted(model.store(call.place).definitions.items())
        if name.startswith(prefix) and _has_status(revisions, status)
    ]
    listed, token = page(names, call.get("nextToken"), call.get("maxResults", 100))
    return {"families": listed, "nextToken": token}


@operations.changes("DeregisterTaskDefinition")
def deregister(call: Call) -> Answer:
    definition = model.definition(call.place, call["taskDefinition"])
    if definition.status == "ACTIVE":
        definition.status = "INACTIVE"
        definition.deregistered_at = call.place.now()
    return {"taskDefinition": shown(definition)}


@operations.changes("DeleteTaskDefinitions")
def delete(call: Call) -> Answer:
    deleted, failures = [], []
    for name in call["taskDefinitions"]:
        definition = model.definition(call.place, name)
        if definition.status == "ACTIVE":
            failures.append({"arn": definition.arn, "reason": "TASK_DEFINITION_ACTIVE"})
        else:
            definition.status = "DELETE_IN_PROGRESS"
            deleted.append(shown(definition))
    return {"taskDefinitions": deleted, "failures": failures}


def _has_status(revisions: list[TaskDefinition], status: str) -> bool:
    is_active = any(each.status == "ACTIVE" for each in revisions)
    return status == "ALL" or (status == "ACTIVE") == is_active


def _container(given: dict[str, Any]) -> dict[str, Any]:
    """A container definition with what ECS fills in."""
    ports = [{"protocol": "tcp", "hostPort": port["containerPort"], **port} for port in given.get("portMappings", [])]
    defaults: dict[str, Any] = {
        "cpu": 0,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    return {**defaults, **given, "portMappings": ports}


def _check(call: Call) -> None:
    if not FAMILY.fullmatch(call["family"]):
        raise _wrong("Family contains invalid characters.")
    containers = call["containerDefinitions"]
    names = [each.get("name") for each in containers]
    if not 1 <= len(containers) <= 10 or len(set(names)) < len(names):
        raise _wrong("Container definitions need 1 to 10 entries with different names.")
    if any(not each.get("image") for each in containers):
        raise _wrong("Container.image should not be null or empty.")
    if not any(each.get("essential", True) for each in containers):
        raise _wrong("Invalid setting for container. At least one container must be essential.")
    if "FARGATE" in call.get("requiresCompatibilities", []):
        _check_fargate(call, containers)
    if len(call.get("tags", [])) > 50:
        raise AwsError("InvalidParameterException", "The maximum number of tags is 50.")


def _check_fargate(call: Call, containers: list[dict[str, Any]]) -> None:
    if call.get("networkMode") != "awsvpc":
        raise _wrong("Fargate only supports network mode 'awsvpc'.")
    cpu, memory = call.get("cpu"), call.get("memory")
    if cpu is None or memory is None:
        raise _wrong("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
    if not (cpu.isdigit() and memory.isdigit() and int(memory) in FARGATE_MEMORY.get(int(cpu), ())):
        raise _wrong(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    if call.get("executionRoleArn"):
        return
    for each in containers:
        if each.get("secrets"):
            raise _wrong("When you are specifying container secrets, you must also specify an execution role.")
        if each.get("logConfiguration", {}).get("logDriver") == "awslogs":
            raise _wrong("Fargate requires task definition to have execution role ARN to support log driver awslogs.")


def _wrong(message: str) -> AwsError:
    return AwsError("ClientException", message)


def shown(definition: TaskDefinition) -> Answer:
    compatibilities = ["EC2"]
    if definition.body.get("networkMode") == "awsvpc":
        compatibilities.append("FARGATE")
    return {
        "taskDefinitionArn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        "compatibilities": compatibilities,
        "registeredAt": definition.registered_at,
        "registeredBy": definition.registered_by,
        "deregisteredAt": definition.deregistered_at,
        **definition.body,
    }
