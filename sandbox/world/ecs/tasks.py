"""Tasks: started, stopped, listed, shown. The only place from which the runtime is asked to run anything."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from sandbox.world.ecs import launch, model, rollout, spot
from sandbox.world.ecs.images import resolve
from sandbox.world.ecs.model import Service, Task, TaskDefinition, refuse
from sandbox.world.elbv2 import targets
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, Parameters, chosen, copied, page, tag_list, tag_map

operations = Operations()

PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")
NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
TOKEN_LASTS, TOKEN_OUTLIVES = timedelta(hours=24), timedelta(hours=1)
OF_TASK = ("networkConfiguration", "platformVersion", "launchType", "capacityProviderStrategy")


def count(tasks: list[Task], *statuses: str) -> int:
    return sum(task.last_status in statuses for task in tasks)


@operations.changes("RunTask")
def run_task(call: Call) -> Answer:
    place = call.place
    cluster = model.cluster(place, call.get("cluster"))
    definition = model.definition(place, call["taskDefinition"], only_active=True)
    asked = {name: value for name, value in call.parameters.items() if name != "clientToken"}
    key = (cluster.name, call.get("clientToken", ""))
    if key[1] and _is_remembered(place, key):
        return _run_again(place, key, asked)
    _check_run(call, definition)
    if place.world.faults.capacity_is_gone:
        return {"tasks": [], "failures": [{"reason": NO_CAPACITY}]}
    settings = chosen(call.parameters, *OF_TASK)
    started = []
    for _ in range(call.get("count", 1)):
        task = _new(place, cluster, definition, settings, call.get("startedBy", ""))
        task.group = call.get("group", f"family:{definition.family}")
        task.overrides = call.get("overrides", {})
        task.tags = _tags(definition.tags, {}, call.get("propagateTags"), call.get("tags"))
        providers = [each.provider for each in started if each.provider]
        task.provider = spot.chosen(settings.get("capacityProviderStrategy"), providers)
        for container in definition.containers:
            task.images[container["image"]] = resolve(place, container["image"], definition)
        launch.begin(place, task, definition)
        started.append(task)
    if key[1]:
        model.store(place).run_tokens[key] = asked, started
    return {"tasks": [shown(place, task, ["TAGS"]) for task in started], "failures": []}


def _check_run(call: Call, definition: TaskDefinition) -> None:
    if not 1 <= call.get("count", 1) <= 10:
        raise refuse("You can run at most 10 tasks at once.")
    if definition.body.get("networkMode") == "awsvpc" and "networkConfiguration" not in call:
        raise refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    names = {each["name"] for each in definition.containers}
    for override in call.get("overrides", {}).get("containerOverrides", []):
        if override.get("name") not in names:
            raise refuse(
                f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            )


def _is_remembered(place: Place, key: tuple[str, str]) -> bool:
    """For a day, or until an hour after the last of its tasks has ended, if that is sooner:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    if key not in model.store(place).run_tokens:
        return False
    started = model.store(place).run_tokens[key][1]
    ends = [task.stopped_at for task in started if task.stopped_at is not None]
    speed = place.world.speed
    limit = started[0].created_at + TOKEN_LASTS / speed
    if len(ends) == len(started):
        limit = min(limit, max(ends) + TOKEN_OUTLIVES / speed)
    return place.now() < limit


def _run_again(place: Place, key: tuple[str, str], asked: Parameters) -> Answer:
    before, started = model.store(place).run_tokens[key]
    if before != asked:
        raise AwsError("ConflictException", "A task was already started with this client token and other parameters.")
    return {"tasks": [shown(place, task, ["TAGS"]) for task in started], "failures": []}


def start_for_service(place: Place, service: Service) -> Task:
    """One more task of the primary deployment."""
    primary = service.primary
    definition = model.definition(place, primary.definition_arn)
    cluster = model.cluster(place, service.cluster)
    task = _new(place, cluster, definition, primary.settings, primary.id)
    task.group, task.service_arn, task.deployment_id = f"service:{service.name}", service.arn, primary.id
    task.tags = _tags(definition.tags, service.tags, service.settings.get("propagateTags"), None)
    task.images = primary.images
    task.provider = spot.chosen(primary.settings.get("capacityProviderStrategy"), _providers(place, service))
    service.tasks[task.id] = None
    launch.begin(place, task, definition)
    return task


def _providers(place: Place, service: Service) -> list[str]:
    """Of the tasks that the primary deployment has already."""
    own = (each for each in model.tasks_of(place, service) if each.deployment_id == service.primary.id)
    return [each.provider for each in own if each.provider and each.desired_status != "STOPPED"]


def _new(
    place: Place, cluster: model.Cluster, definition: TaskDefinition, settings: dict[str, Any], started_by: str
) -> Task:
    store = model.store(place)
    store.addresses += 1
    number, task_id = store.addresses, place.ids.hex(32)
    task = Task(
        id=task_id,
        arn=place.arn("ecs", f"task/{cluster.name}/{task_id}"),
        cluster=cluster.name,
        cluster_arn=cluster.arn,
        definition_arn=definition.arn,
        group="",
        started_by=started_by,
        settings=settings,
        overrides={},
        address=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        images={},
        created_at=place.now(),
        tags={},
    )
    store.tasks[task_id] = task
    place.world.task_places[task_id] = place
    return task


def _tags(
    definition: dict[str, str], service: dict[str, str], propagate: str | None, own: list[dict[str, str]] | None
) -> dict[str, str]:
    inherited = {"TASK_DEFINITION": definition, "SERVICE": service}.get(propagate or "", {})
    return {**inherited, **tag_map(own)}


@operations.changes("StopTask")
def stop_task(call: Call) -> Answer:
    task = _find(call.place, call.get("cluster"), call["task"])
    if task is None:
        raise refuse("The referenced task was not found.")
    stop(call.place, task, "UserInitiated", call.get("reason", "Task stopped by user"), drain=False)
    task.tags = {}
    return {"task": shown(call.place, task, ["TAGS"])}


def stop(place: Place, task: Task, code: str, reason: str, drain: bool = True) -> None:
    """Take a task out of its target groups and end it: after draining, or at once as StopTask does."""
    if task.desired_status == "STOPPED":
        return
    task.desired_status = "STOPPED"
    task.stop_code, task.stopped_reason, task.stopping_at = code, reason, place.now()
    leave_groups(place, task)
    if task.registered_in and drain:
        launch.move(place, task, "DEACTIVATING")
    else:
        launch.end(place, task)


def interrupt_spot(place: Place, cluster: str, count: int | None = None) -> int:
    """AWS takes back what runs on Spot in a cluster, all of it or so many tasks, the oldest first; how many it was.

    The two minutes of warning are the time that a task has to end after SIGTERM.
    """
    every = model.store(place).tasks.values()
    found = [each for each in every if each.provider == spot.SPOT and each.cluster == cluster]
    struck = [each for each in found if each.desired_status == "RUNNING"][:count]
    for task in struck:
        stop(place, task, spot.STOP_CODE, spot.REASON)
        service = model.service_of(place, task)
        if service is not None:
            rollout.kick(place, service)
    return len(struck)


def leave_groups(place: Place, task: Task) -> None:
    """Begin to drain the task everywhere; `launch.left_group` hears of each end."""
    for group_arn in list(task.registered_in):
        found = targets.of_task(place, group_arn, task.id)
        if found is None:
            # Somebody else has taken it out, or removed the whole group.
            task.registered_in.remove(group_arn)
            continue
        targets.deregister(place, *found, partial(launch.left_group, place, task, group_arn))


@operations.reads("ListTasks")
def list_tasks(call: Call) -> Answer:
    place = call.place
    cluster = model.cluster(place, call.get("cluster"))
    if "startedBy" in call and ("serviceName" in call or "family" in call):
        raise refuse("You cannot specify startedBy with other filters.")
    service = model.service(place, cluster.name, call["serviceName"]).arn if "serviceName" in call else None
    wanted = call.get("desiredStatus", "RUNNING")
    arns = [
        task.arn
        for task in model.store(place).tasks.values()
        if task.cluster == cluster.name
        and task.desired_status == wanted
        and service in (None, task.service_arn)
        and call.get("startedBy") in (None, task.started_by)
        and call.get("family") in (None, _family(task))
    ]
    listed, token = page(arns, call.get("nextToken"), call.get("maxResults", 100))
    return {"taskArns": listed, "nextToken": token}


@operations.reads("DescribeTasks")
def describe_tasks(call: Call) -> Answer:
    place = call.place
    model.cluster(place, call.get("cluster"))
    if len(call["tasks"]) > 100:
        raise refuse("Tasks cannot have more than 100 elements.")
    found, failures = [], []
    for name in call["tasks"]:
        task = _find(place, call.get("cluster"), name)
        if task is None:
            cluster = model.short(call.get("cluster", "default"))
            arn = name if name.startswith("arn:") else place.arn("ecs", f"task/{cluster}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(shown(place, task, call.get("include", [])))
    return {"tasks": found, "failures": failures}


def _find(place: Place, cluster_name: str | None, name: str) -> Task | None:
    task = model.store(place).tasks.get(model.short(name))
    return task if task is not None and task.cluster == model.cluster(place, cluster_name).name else None


def _family(task: Task) -> str:
    return model.short(task.definition_arn).partition(":")[0]


def shown(place: Place, task: Task, include: list[str]) -> Answer:
    definition = model.definition(place, task.definition_arn)
    return {
        "taskArn": task.arn,
        "clusterArn": task.cluster_arn,
        "taskDefinitionArn": task.definition_arn,
        "group": task.group,
        "startedBy": task.started_by or None,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "version": task.version,
        "cpu": definition.body.get("cpu"),
        "memory": definition.body.get("memory"),
        "launchType": "FARGATE",
        "capacityProviderName": task.provider,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "connectivity": "CONNECTED" if task.started_at else None,
        "healthStatus": "UNKNOWN",
        "enableExecuteCommand": False,
        "availabilityZone": f"{place.region}a",
        "createdAt": task.created_at,
        "startedAt": task.started_at,
        "stoppingAt": task.stopping_at,
        "stoppedAt": task.stopped_at,
        "executionStoppedAt": task.stopped_at,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **copied(task.overrides)},
        "containers": [_container(task, each, index) for index, each in enumerate(definition.containers)],
        "attachments": [_network(task)],
        "tags": tag_list(task.tags) if "TAGS" in include else [],
    }


def _container(task: Task, definition: dict[str, Any], index: int) -> Answer:
    image = task.images.get(definition["image"], "")
    stopped = task.last_status == "STOPPED"
    return {
        "containerArn": f"{task.arn.replace(':task/', ':container/')}/{index:08x}",
        "taskArn": task.arn,
        "name": definition["name"],
        "image": definition["image"],
        "imageDigest": image.partition("@")[2] or None,
        "runtimeId": f"{task.id}-{index:010d}" if task.started_at else None,
        "lastStatus": _container_status(task),
        "exitCode": task.exit_code if stopped else None,
        "reason": task.exit_reason or None if stopped else None,
        "networkInterfaces": [{"attachmentId": _attachment(task), "privateIpv4Address": task.address}],
        "networkBindings": [],
        "healthStatus": "UNKNOWN",
        "cpu": str(definition["cpu"]),
    }


def _container_status(task: Task) -> str:
    if task.last_status in PENDING:
        return "PENDING"
    return "STOPPED" if task.last_status in ("STOPPED", "DEPROVISIONING") else "RUNNING"


def _attachment(task: Task) -> str:
    return f"{task.id[:8]}-{task.id[8:12]}-{task.id[12:16]}-{task.id[16:20]}-{task.id[20:]}"


def _network(task: Task) -> Answer:
    subnets = task.settings.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", [])
    subnet = [{"name": "subnetId", "value": subnets[0]}] if subnets else []
    return {
        "id": _attachment(task),
        "type": "ElasticNetworkInterface",
        "status": "DELETED" if task.last_status == "STOPPED" else "ATTACHED",
        "details": [*subnet, {"name": "privateIPv4Address", "value": task.address}],
    }
