"""The life of one task between being wanted and being stopped: pulled, started, registered, ended."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.world.ecs import model, rollout
from sandbox.world.ecs.images import CANNOT_PULL, architecture
from sandbox.world.ecs.model import Task, TaskDefinition
from sandbox.world.elbv2 import model as elb
from sandbox.world.elbv2 import targets
from sandbox.world.place import Place
from sandbox.world.ports import ContainerLaunch, TaskLaunch
from sandbox.world.small import logs

PULL_SECONDS = 1.0
"""How long a task that cannot be started looks as if it could."""
KEPT_SECONDS = 3600.0
"""How long a stopped task can be described."""
DEFAULT_STOP_TIMEOUT = 30.0


def begin(place: Place, task: Task, definition: TaskDefinition) -> None:
    move(place, task, "PROVISIONING")
    logs.open_streams(place, task.id, definition.containers)
    failure = _failure(place, task, definition)
    if failure:
        place.after(PULL_SECONDS, lambda: ended(place, task, None, failure))
    else:
        move(place, task, "PENDING")
        place.world.runtime.start(_launch(place, task, definition))


def _failure(place: Place, task: Task, definition: TaskDefinition) -> str:
    """Why the task will never start, in ECS's words; empty when nothing is known against it."""
    for container in definition.containers:
        image = task.images[container["image"]]
        if image.startswith(CANNOT_PULL):
            return image
        for secret in container.get("secrets", []):
            if secret["valueFrom"] not in place.world.secrets:
                return (
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
                    "retrieval failed: unable to retrieve secret: can't find the specified secret: "
                    f"{secret['valueFrom']}"
                )
    missing = logs.missing_group(place, definition.containers)
    if missing:
        return (
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 "
            f"times: failed to create Cloudwatch log stream: The specified log group does not exist: {missing}"
        )
    return ""


def _launch(place: Place, task: Task, definition: TaskDefinition) -> TaskLaunch:
    timeouts = [each.get("stopTimeout", DEFAULT_STOP_TIMEOUT) for each in definition.containers]
    return TaskLaunch(
        task_id=task.id,
        arn=task.arn,
        cluster=task.cluster,
        family=definition.family,
        group=task.group,
        account=place.account,
        region=place.region,
        private_address=task.address,
        containers=tuple(_container(place, task, each) for each in definition.containers),
        stop_timeout_seconds=float(max(timeouts)),
        architecture="ARM64" if architecture(definition) == "ARM64" else "X86_64",
        cpu_units=int(definition.body.get("cpu") or 256),
        memory_mib=int(definition.body.get("memory") or 512),
    )


def _container(place: Place, task: Task, definition: dict[str, Any]) -> ContainerLaunch:
    overrides = task.overrides.get("containerOverrides", [])
    override: dict[str, Any] = next((each for each in overrides if each.get("name") == definition["name"]), {})
    given = [*definition["environment"], *override.get("environment", [])]
    repository, _, digest = task.images[definition["image"]].partition("@")
    return ContainerLaunch(
        name=definition["name"],
        image=definition["image"],
        repository=repository,
        digest=digest,
        command=tuple(override.get("command") or definition.get("command", ())),
        entry_point=tuple(definition.get("entryPoint", ())),
        environment={
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_REGION": place.region,
            "AWS_DEFAULT_REGION": place.region,
            **{each["name"]: place.world.secrets[each["valueFrom"]] for each in definition.get("secrets", [])},
            **{each["name"]: each.get("value", "") for each in given},
        },
        ports=tuple(mapping["containerPort"] for mapping in definition["portMappings"]),
        essential=definition["essential"],
    )


def register(place: Place, task: Task) -> None:
    """Put a task that runs into its service's target groups."""
    service = model.service_of(place, task)
    for balancer in service.load_balancers if service else ():
        group = elb.store(place).target_groups.get(balancer["targetGroupArn"])
        if service is None or group is None:
            continue
        port = balancer["containerPort"]
        task.registered_in.append(group.arn)
        targets.register(place, group, task.address, port, task.id, task.endpoints.get(port))
        rollout.note(place, service, f"registered 1 targets in (target-group {group.arn})")


def left_group(place: Place, task: Task, group_arn: str) -> None:
    """A target group has finished draining the task; the last one lets it be stopped."""
    task.registered_in.remove(group_arn)
    service = model.service_of(place, task)
    if service is not None:
        rollout.note(place, service, f"deregistered 1 targets in (target-group {group_arn})")
    if not task.registered_in and task.last_status == "DEACTIVATING":
        end(place, task)


def end(place: Place, task: Task) -> None:
    """Ask the runtime to stop it; one that never reached the runtime ends by itself."""
    move(place, task, "STOPPING")
    definition = model.definition(place, task.definition_arn)
    timeouts = [each.get("stopTimeout", DEFAULT_STOP_TIMEOUT) for each in definition.containers]
    place.world.runtime.stop(task.id, float(max(timeouts)))


def ended(place: Place, task: Task, exit_code: int | None, reason: str) -> None:
    """Everything of the task is over, wanted or not."""
    task.exit_code, task.exit_reason = exit_code, reason
    unexpected = task.desired_status == "RUNNING"
    if unexpected:
        task.desired_status, task.stopping_at = "STOPPED", place.now()
        has_run = task.started_at is not None and exit_code is not None
        task.stop_code = "EssentialContainerExited" if has_run else "TaskFailedToStart"
        task.stopped_reason = "Essential container in task exited" if has_run else reason
    task.stopped_at = place.now()
    move(place, task, "DEPROVISIONING")
    move(place, task, "STOPPED")
    place.world.task_places.pop(task.id, None)
    place.after(KEPT_SECONDS, partial(_forget, place, task.id))
    rollout.task_ended(place, task, unexpected)


def _forget(place: Place, task_id: str) -> None:
    del model.store(place).tasks[task_id]


def move(place: Place, task: Task, status: str) -> None:
    task.last_status = status
    task.version += 1
    place.emit(
        "aws.ecs",
        "ECS Task State Change",
        task.arn,
        clusterArn=task.cluster_arn,
        group=task.group,
        startedBy=task.started_by,
        taskDefinitionArn=task.definition_arn,
        lastStatus=status,
        desiredStatus=task.desired_status,
        stopCode=task.stop_code,
        stoppedReason=task.stopped_reason,
        exitCode=task.exit_code,
        version=task.version,
    )
