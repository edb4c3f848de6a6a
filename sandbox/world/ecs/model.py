"""What is remembered of clusters, task definitions, services and tasks, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sandbox.world.errors import AwsError
from sandbox.world.place import Place, Store
from sandbox.world.ports import Endpoint
from sandbox.world.scheduler import RolloutState


@dataclass
class Cluster:
    name: str
    arn: str
    settings: list[dict[str, Any]]
    configuration: dict[str, Any] | None
    capacity_providers: list[str]
    default_strategy: list[dict[str, Any]]
    tags: dict[str, str]
    status: str = "ACTIVE"


@dataclass
class TaskDefinition:
    arn: str
    family: str
    revision: int
    body: dict[str, Any]
    """As registered, with the defaults that ECS fills in."""
    registered_at: datetime
    registered_by: str
    tags: dict[str, str]
    status: str = "ACTIVE"
    deregistered_at: datetime | None = None

    @property
    def containers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["containerDefinitions"]
        return found


@dataclass
class Deployment:
    """An entry of a service's `deployments`."""

    id: str
    """`ecs-svc/…`"""
    definition_arn: str
    revision_arn: str
    service_deployment_arn: str
    settings: dict[str, Any]
    """Network, platform version, launch type and capacity of its tasks, named as in the API."""
    images: dict[str, str]
    """What each image of the task definition was resolved to: `repository@sha256:…`, or an error's text."""
    created_at: datetime
    updated_at: datetime
    rollout_state: RolloutState = "IN_PROGRESS"
    rollout_reason: str = ""
    failed_tasks: int = 0
    failed_starts: int = 0
    """Tasks in a row that never ran."""
    may_start_from: datetime | None = None


@dataclass
class ServiceDeployment:
    arn: str
    service_arn: str
    cluster_arn: str
    target_revision: str
    source_revisions: list[str]
    configuration: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    status: str = "IN_PROGRESS"
    reason: str | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    rollback: dict[str, Any] | None = None
    failures: int = 0
    threshold: int = 0


@dataclass
class Service:
    arn: str
    name: str
    cluster: str
    cluster_arn: str
    desired: int
    settings: dict[str, Any]
    """Everything that is stored and shown as it was given."""
    created_at: datetime
    created_by: str
    tags: dict[str, str]
    client_token: str | None
    request: dict[str, Any]
    """The parameters of its creation, to tell a repeat from another service."""
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    """The primary first."""
    service_deployments: list[ServiceDeployment] = field(default_factory=list)
    last_good: Deployment | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, None] = field(default_factory=dict)
    """Those that have not stopped, oldest first."""
    is_steady: bool = False
    is_stuck: bool = False

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def load_balancers(self) -> list[dict[str, Any]]:
        return self.settings.get("loadBalancers") or []


@dataclass
class Task:
    id: str
    arn: str
    cluster: str
    cluster_arn: str
    definition_arn: str
    group: str
    started_by: str
    settings: dict[str, Any]
    overrides: dict[str, Any]
    address: str
    images: dict[str, str]
    created_at: datetime
    tags: dict[str, str]
    service_arn: str = ""
    deployment_id: str = ""
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    version: int = 0
    """Counts the events about it."""
    endpoints: Mapping[int, Endpoint] = field(default_factory=dict)
    registered_in: list[str] = field(default_factory=list)
    """Target groups that still hold it, draining included."""
    was_healthy: bool = False
    provider: str | None = None
    """The capacity provider that it runs on; None: it has a launch type."""
    exit_code: int | None = None
    exit_reason: str = ""
    stop_code: str | None = None
    stopped_reason: str | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass
class EcsStore(Store):
    clusters: dict[str, Cluster] = field(default_factory=dict)
    definitions: dict[str, list[TaskDefinition]] = field(default_factory=dict)
    """By family, oldest first; deleted ones stay, so that numbers are never used again."""
    services: dict[tuple[str, str], Service] = field(default_factory=dict)
    """By cluster and name."""
    tasks: dict[str, Task] = field(default_factory=dict)
    """Stopped ones too, for an hour."""
    run_tokens: dict[tuple[str, str], tuple[dict[str, Any], list[Task]]] = field(default_factory=dict)
    """By cluster and client token: the parameters of RunTask and the tasks it started."""
    addresses: int = 0

    def without_newcomers(self) -> Self:
        return type(self)(clusters=self.clusters)


def store(place: Place) -> EcsStore:
    return place.store(EcsStore)


def short(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def cluster(place: Place, name_or_arn: str | None) -> Cluster:
    found = store(place).clusters.get(short(name_or_arn or "default"))
    if found is None or found.status != "ACTIVE":
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return found


def definition(place: Place, name: str, only_active: bool = False) -> TaskDefinition:
    """By ARN, `family:revision`, or family, which means the newest active revision."""
    family, _, revision = short(name).partition(":")
    revisions = store(place).definitions.get(family, [])
    wanted = [d for d in revisions if (d.revision == int(revision) if revision else d.status == "ACTIVE")]
    if not wanted:
        raise AwsError("ClientException", "Unable to describe task definition.")
    if only_active and wanted[-1].status != "ACTIVE":
        raise AwsError("ClientException", f"TaskDefinition is inactive: {short(wanted[-1].arn)}")
    return wanted[-1]


def service(place: Place, cluster_name: str | None, name_or_arn: str) -> Service:
    """Also one that is draining; raises for one that is gone."""
    found = store(place).services.get((cluster(place, cluster_name).name, short(name_or_arn)))
    if found is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return found


def service_of(place: Place, task: Task) -> Service | None:
    if not task.service_arn:
        return None
    found = store(place).services.get((task.cluster, task.group.removeprefix("service:")))
    return found if found is not None and found.arn == task.service_arn else None


def tasks_of(place: Place, service: Service) -> list[Task]:
    """Those that have not stopped, oldest first."""
    every = store(place).tasks
    return [every[task_id] for task_id in service.tasks]


def refuse(message: str, code: str = "InvalidParameterException") -> AwsError:
    return AwsError(code, message)
