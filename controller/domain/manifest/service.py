"""One thing that runs in an environment: its image, route, size, needs, and how one asks if it is well."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic import BaseModel as PydanticModel

from controller.domain.manifest.values import (
    Command,
    EnvironmentName,
    HostPattern,
    ImageRepository,
    OneOrMany,
    ParameterReference,
    PathPattern,
    Port,
    RequestPath,
    RoleArn,
    SecretReference,
    Share,
    Table,
    TagTemplate,
    Target,
    VariableName,
    VariableText,
    Within,
    YesNo,
    no_entries,
    parse_percent,
)
from controller.domain.manifest.wanted import Number, listed, wanted


class Part(PydanticModel):
    """A mapping of the file: frozen, and without room for keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpCheck(Part):
    path: RequestPath = Field(description="What is asked for, with its query if it has one.")
    status: Annotated[int, Number(100, 599, "an HTTP status")] = Field(200, description="The only status that passes.")
    within: Annotated[timedelta, Within("1ms", "60s")] = Field(
        timedelta(seconds=2), description="How long the whole answer may take."
    )


class Image(Part):
    repository: ImageRepository = Field(description="The ECR repository's name in the environment's account.")
    promote: EnvironmentName | None = Field(
        None,
        description="Take the digest that ran healthy in that environment for the same git tree. Either this or `tag`.",
    )
    tag: TagTemplate | None = Field(
        None,
        description=(
            "Take what this tag names, once. `{branch}`, `{sha}` (whole) and `{version}` are filled in; the last is the"
            " release's tag without the `v` of `v1.2.0`, and needs `on: release`."
        ),
    )


class Route(Part):
    path: OneOrMany[PathPattern] = Field(
        min_length=1, description="Requests with such a path are this service's; a pattern or a list of them."
    )
    host: OneOrMany[HostPattern] = Field(
        (), description="Only requests for these hosts; a name or a list of them. Left out: any host."
    )


class ContainerHealth(Part):
    command: Command = Field(min_length=1, description="Run inside the container; exit code 0 is healthy.")
    interval: Annotated[timedelta, Within("5s", "300s", whole="1s")] = Field(
        timedelta(seconds=30), description="Time between two checks."
    )
    timeout: Annotated[timedelta, Within("2s", "60s", whole="1s")] = Field(
        timedelta(seconds=5), description="A check that takes longer has failed."
    )
    retries: Annotated[int, Number(1, 10)] = Field(
        3, description="Failures in a row that make the container unhealthy."
    )
    grace: Annotated[timedelta, Within("0s", "300s", whole="1s")] = Field(
        timedelta(0), description="Failures this soon after the start do not count."
    )


class Task(Part):
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = Field(256, description="CPU units; 1024 are one vCPU.")
    memory: Annotated[int, Number(512, 122880, "MiB of memory")] = Field(
        512, description="MiB; Fargate allows certain sizes for each `cpu`."
    )
    role: RoleArn | None = Field(None, description="What the running task may do on AWS. Left out: nothing.")
    architecture: Literal["X86_64", "ARM64"] = Field("X86_64", description="Which processor the image was built for.")
    stop_timeout: Annotated[timedelta, Within("2s", "120s", whole="1s")] = Field(
        timedelta(seconds=30), description="Time from SIGTERM to SIGKILL."
    )
    health: ContainerHealth | None = Field(None, description="A check that ECS runs inside the container.")


class Capacity(Part):
    spot: Share = Field(parse_percent("0%"), description="Share of the tasks above `base` that run on Fargate Spot.")
    base: Annotated[int, Number(0, 1000)] = Field(0, description="Tasks that always run on demand.")


class Cooldown(Part):
    out: Annotated[timedelta, Within("0s", "1h", whole="1s")] = Field(
        timedelta(seconds=60), description="Pause after tasks were added."
    )
    in_: Annotated[timedelta, Within("0s", "1h", whole="1s")] = Field(
        timedelta(seconds=300), alias="in", description="Pause after tasks were taken away."
    )


SomeTasks = Annotated[int, Number(1, 1000, "a number of tasks", recorded=0)]


class Count(Part):
    """A plain number in the file is `min` and `max` at once."""

    min: SomeTasks = Field(1, description="Never fewer tasks than this.")
    max: SomeTasks = Field(
        default_factory=lambda known: int(known["min"]), description="Never more tasks than this. Left out: as `min`."
    )
    cpu: Target | None = Field(None, description="Average CPU that scaling aims at.")
    memory: Target | None = Field(None, description="Average memory that scaling aims at.")
    requests: Annotated[int, Number(1, 1_000_000, "requests a minute")] | None = Field(
        None, description="Requests per task and minute that scaling aims at."
    )
    cooldown: Cooldown = Field(Cooldown(), description="How soon scaling acts again.")

    @model_validator(mode="before")
    @classmethod
    def _plain_number(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"min": value}
        if not isinstance(value, Mapping | Count):
            raise wanted("a whole number of tasks from 1 to 1000, or bounds such as {min: 2, max: 8}")
        return value

    @property
    def autoscaled(self) -> bool:
        """Whether anything but a person moves the number."""
        return any(target is not None for target in (self.cpu, self.memory, self.requests))


class Health(Part):
    path: RequestPath = Field("/health", description="The load balancer asks every task for this; 200 is healthy.")
    interval: Annotated[timedelta, Within("5s", "300s", whole="1s")] = Field(
        timedelta(seconds=10), description="Time between two checks."
    )
    timeout: Annotated[timedelta, Within("2s", "120s", whole="1s")] = Field(
        timedelta(seconds=5), description="A check that takes longer has failed; shorter than `interval`."
    )
    healthy: Annotated[int, Number(2, 10)] = Field(2, description="Successes in a row that make a task healthy again.")
    unhealthy: Annotated[int, Number(2, 10)] = Field(2, description="Failures in a row that make a task unhealthy.")
    grace: Annotated[timedelta, Within("0s", "1h", whole="1s")] = Field(
        timedelta(seconds=30), description="ECS replaces no task for failing this soon after its start."
    )


# CloudWatch Logs, PutRetentionPolicy: the only values of retentionInDays.
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def _kept_by_cloudwatch(value: timedelta) -> timedelta:
    if value.days not in _RETENTIONS:
        nearest = sorted(sorted(_RETENTIONS, key=lambda days: abs(days - value.days))[:3])
        raise wanted(f"a time that CloudWatch offers, such as {listed([f'{days}d' for days in nearest])}")
    return value


class Logs(Part):
    retention: Annotated[timedelta, Within("1d", "3653d", whole="1d"), AfterValidator(_kept_by_cloudwatch)] = Field(
        timedelta(days=30), description="How long CloudWatch keeps the log."
    )


class Before(Part):
    command: Command = Field(
        min_length=1, description="Run once for each image, as a task of the new version, before anything of it starts."
    )
    timeout: Annotated[timedelta, Within("1s", "24h", whole="1s")] = Field(
        timedelta(minutes=10), description="A task that takes longer has failed."
    )
    compatible: YesNo = Field(
        True, description="Whether older versions work with the result; if not, turning back waits for a person."
    )


class Service(Part):
    image: Image = Field(description="Which image runs.")
    route: Route | None = Field(
        None, description="Which requests it gets. Left out: it is a worker, and has no traffic to move."
    )
    port: Port | None = Field(None, description="Where the container listens; needed with a `route`.")
    task: Task = Field(Task(), description="Size and rights of one task.")
    capacity: Capacity = Field(Capacity(), description="On demand or Spot.")
    count: Annotated[Count, BeforeValidator(lambda value: value, json_schema_input_type=int | Count)] = Field(
        Count(min=1, max=1), description="How many tasks: a plain number, or bounds and what scaling aims at."
    )
    health: Health | None = Field(
        default_factory=lambda known: Health() if known["route"] else None,
        description="The load balancer's check of a service with a `route`.",
    )
    deregistration_delay: Annotated[timedelta, Within("0s", "3600s", whole="1s")] = Field(
        timedelta(seconds=30), description="How long a task that leaves may finish its requests."
    )
    env: Table[VariableName, VariableText] = Field(
        default_factory=no_entries, description="Environment variables; numbers and `true` need quotes."
    )
    secrets: Table[VariableName, SecretReference] = Field(
        default_factory=no_entries, description="Variables filled from Secrets Manager; ARNs, never values."
    )
    parameters: Table[VariableName, ParameterReference] = Field(
        default_factory=no_entries, description="Variables filled from Parameter Store; names, never values."
    )
    logs: Logs = Field(Logs(), description="The service's log group.")
    before: Before | None = Field(None, description="A task that runs before the new version, such as a migration.")
    smoke: tuple[HttpCheck, ...] = Field((), description="Asked of the new version before it takes traffic.")
