"""The environment file as a value. Attribute names are the file's keys (`for_` and `in_` are `for` and `in`).

Fields know their own form and bounds; what holds between them is in `agreement.py`. Every default is stated once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from controller.domain.manifest.service import HttpCheck, Part, Service, SomeTasks
from controller.domain.manifest.values import (
    AlarmName,
    BranchName,
    Channel,
    Command,
    EnvironmentName,
    Excludes,
    GlobPattern,
    Origin,
    Reviewer,
    ServiceName,
    Share,
    Table,
    Target,
    Timezone,
    Title,
    Unique,
    Weight,
    Within,
    YesNo,
)
from controller.domain.manifest.wanted import WANTED, Number
from controller.domain.manifest.windows import EVERY_DAY, Days, MomentText, SpanText, TimeOfDay

Tasks = Annotated[int, Number(0, 1000, "a number of tasks")]


class Paths(Part):
    ignore: Unique[GlobPattern] = Field(
        (), description="A push that changes nothing else asks for no deployment, and promotes as the one before it."
    )


# ---------------------------------------------------------------- gates


class Checks(Part):
    required: Unique[Title] = Field(min_length=1, description="Checks of the commit on GitHub that must have passed.")


class ImageScan(Part):
    block: Unique[Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"]] = Field(
        min_length=1, description="Severities that ECR's scan may not have found."
    )


class Soak(Part):
    environment: EnvironmentName = Field(description="Where the same images must have been healthy.")
    for_: Annotated[timedelta, Within("1s", "30d", whole="1s")] = Field(
        timedelta(minutes=30), alias="for", description="For how long."
    )


class Freeze(Part):
    from_: MomentText = Field(alias="from", description="From this day and time on, in quotes.")
    until: MomentText = Field(description="Until just before this day and time, in quotes.")
    reason: Title | None = Field(None, description="Why; whoever waits reads it.")


class Window(Part):
    allow: Unique[SpanText] = Field((), description="When a deployment may start. Left out: always.")
    deny: Unique[SpanText] = Field((), description="When none may, whatever `allow` says.")
    freeze: Annotated[Unique[Freeze], Field(max_length=20)] = Field(
        (), description="Once, from a day to a day, none may."
    )
    timezone: Timezone = Field("UTC", description="Whose days and hours these are.")


class Approval(Part):
    count: Annotated[int, Number(1, 10, "a number of people")] = Field(1, description="How many different people.")
    reviewers: Unique[Reviewer] = Field(
        (), description="GitHub logins and teams who may. Left out: whoever may write to the repository."
    )
    exclude_author: Excludes = Field(
        True,
        description="Nobody approves what they wrote, merged, pushed or ordered; with `all`, nor any commit of theirs"
        " since the version that is live.",
    )
    expires: Annotated[timedelta, Within("1m", "30d", whole="1s")] = Field(
        timedelta(hours=24), description="How long an approval is asked for, and how long a given one holds."
    )


class Gates(Part):
    checks: Checks | None = Field(None, description="Wait for checks on GitHub.")
    image_scan: ImageScan | None = Field(None, description="Wait for ECR's scan of the images.")
    soak: Soak | None = Field(None, description="Wait until the images have proven themselves elsewhere.")
    window: Window | None = Field(None, description="Wait for the right time of the week.")
    approval: Approval | None = Field(None, description="Wait for people.")


# ---------------------------------------------------------------- strategies


class Rolling(Part):
    type: Literal["rolling"] = Field(
        "rolling", description="Half of the traffic, then all of it; nothing is kept warm."
    )
    max: Literal[150, 200] = Field(
        200, description="Percent of the usual number of tasks while it rolls; 150 warms and moves in halves."
    )


Bake = Annotated[timedelta, Within("0s", "24h", whole="1s")]


class BlueGreen(Part):
    type: Literal["blue_green"] = Field(description="All of the traffic at once, then a bake.")
    bake: Bake = Field(timedelta(minutes=5), description="How long the new version is watched before it has succeeded.")


class CanaryStep(Part):
    weight: Weight = Field(description="Share of the traffic in percent; rises with each step, and ends at 100.")
    bake: Bake = Field(timedelta(0), description="How long this share is watched.")
    confirm: YesNo = Field(False, description="Wait for a person before the next step.")


class Canary(Part):
    type: Literal["canary"] = Field(description="The traffic moves in steps.")
    steps: tuple[CanaryStep, ...] = Field(min_length=1, description="The shares, in order.")


Strategy = Annotated[Rolling | BlueGreen | Canary, Field(discriminator="type")]

# ---------------------------------------------------------------- watching, turning back, standing alarms


class WatchedErrors(Part):
    max: Share = Field(description="Share of the answers that may be server errors; 100% only with `against`.")
    min_requests: Annotated[int, Number(1, 10_000_000, "a number of requests")] = Field(
        100, description="Fewer requests than this say nothing."
    )
    against: Literal["live"] | None = Field(None, description="`live`: nor clearly more than of the old version.")


Latency = Annotated[timedelta, Within("1ms", "5m")]


class WatchedLatency(Part):
    max: Latency = Field(description="The slowest that is still good.")
    against: Literal["live"] | None = Field(None, description="`live`: nor clearly slower than the old version.")


class WatchedMetrics(Part):
    errors: WatchedErrors | None = Field(None, description="Server errors of the new version.")
    latency_p95: WatchedLatency | None = Field(None, description="Time that 95 of 100 answers stay under.")
    latency_p99: WatchedLatency | None = Field(None, description="Time that 99 of 100 answers stay under.")


class Watch(Part):
    alarms: Unique[AlarmName] = Field(
        (),
        description="CloudWatch alarms that turn back; may hold `{slot}`, `{service}`, `{environment}`.",
    )
    metrics: WatchedMetrics = Field(
        WatchedMetrics(), description="Numbers read from CloudWatch for the new version alone."
    )
    on_inconclusive: Literal["pause", "continue", "rollback"] = Field(
        "pause",
        description="At the end of a bake with too few requests, or alarms without data. A pause turns back after 1h.",
    )


class Rollback(Part):
    automatic: YesNo = Field(True, description="Turn back without asking.")
    keep_warm: Annotated[timedelta, Within("0s", "24h", whole="1s")] = Field(
        timedelta(minutes=30),
        description="How long the old version keeps running after success. Always 0s with `rolling`.",
    )
    unattended: Annotated[timedelta, Within("0s", "24h", whole="1s")] = Field(
        timedelta(minutes=15),
        description="How long traffic may stay shared while no controller watches; then AWS sends it home. 0s: never.",
    )
    hold: Literal["person", "next_commit"] = Field(
        "person", description="Who lets the environment go on after it turned back."
    )


class ErrorShare(Part):
    max: Share = Field(description="Share of the answers that may be server errors, below 100%.")


class LatencyBound(Part):
    max: Latency = Field(description="The slowest that is still good.")


class HostBound(Part):
    max: SomeTasks = Field(description="Alarm from this many on.")


class TaskBound(Part):
    min: SomeTasks = Field(description="Alarm below this many.")


class UseBound(Part):
    max: Target = Field(description="Alarm above this share of what was reserved.")


class Alarms(Part):
    errors: ErrorShare | None = Field(None, description="Server errors.")
    latency_p95: LatencyBound | None = Field(None, description="Time that 95 of 100 answers stay under.")
    latency_p99: LatencyBound | None = Field(None, description="Time that 99 of 100 answers stay under.")
    unhealthy_hosts: HostBound | None = Field(None, description="Tasks that fail the load balancer's check.")
    tasks: TaskBound | None = Field(None, description="Running tasks of each service.")
    memory: UseBound | None = Field(None, description="Memory in use.")
    cpu: UseBound | None = Field(None, description="CPU in use.")


# ---------------------------------------------------------------- the rest


class ScheduledCount(Part):
    at: TimeOfDay = Field(description="Time of the day, in quotes.")
    days: Days = Field(EVERY_DAY, description="Days of the week, as in Mon-Fri.")
    timezone: Timezone = Field("UTC", description="Whose time this is.")
    count: Tasks = Field(description="Tasks of each service from then on; the fewest of one that has aims.")


class TaskCheck(Part):
    task: ServiceName = Field(description="The service whose new version runs the command.")
    command: Command = Field(
        min_length=1, description="Run as a task in each deployment; exit code 0 passes. `TIDEGATE_TARGET` says where."
    )
    timeout: Annotated[timedelta, Within("1s", "24h", whole="1s")] = Field(
        timedelta(minutes=10), description="A task that takes longer has failed."
    )


# Tags in angle brackets cannot be mistaken for keys of the file when an error is traced back to its line.
_BY_REQUEST, _BY_TASK = "<request>", "<task>"


def _kind_of_check(value: Any) -> str | None:
    if isinstance(value, HttpCheck | TaskCheck):
        return _BY_REQUEST if isinstance(value, HttpCheck) else _BY_TASK
    if not isinstance(value, Mapping) or ("path" in value) == ("task" in value):
        return None
    return _BY_REQUEST if "path" in value else _BY_TASK


Verification = Annotated[
    Annotated[HttpCheck, Tag(_BY_REQUEST)] | Annotated[TaskCheck, Tag(_BY_TASK)],
    Discriminator(
        _kind_of_check,
        custom_error_type=WANTED,
        custom_error_message="wanted {words}",
        custom_error_context={"words": "a mapping with either `path` or `task`"},
    ),
]


class Notify(Part):
    slack: Channel | None = Field(None, description="The channel that hears of every deployment.")


# "Quotas for your Application Load Balancers": a hundred rules and target groups; a service has two of each.
_MOST_SERVICES = 50


class EnvironmentFile(Part):
    """`environments/<name>.yaml` at one commit, found valid."""

    environment: EnvironmentName = Field(description="Must be the name under which the operator binds it.")
    branch: BranchName = Field(description="Must be the branch that the operator binds it to.")
    on: Literal["push", "release"] = Field(
        "push", description="`release`: the newest published release of the branch; no drafts and no prereleases."
    )
    paths: Paths = Field(Paths(), description="Which changes matter.")
    url: Origin | None = Field(
        None, description="Where people reach it; `verify` asks here. Left out: the load balancer's own name."
    )
    gates: Gates = Field(Gates(), description="What must be so before anything changes.")
    strategy: Strategy = Field(Rolling(), description="How the traffic moves.")
    watch: Watch = Field(Watch(), description="What is looked at while it moves and bakes.")
    rollback: Rollback = Field(Rollback(), description="Turning back.")
    alarms: Alarms = Field(
        Alarms(),
        description="Alarms that stand at all times, for each service, and a dashboard beside them.",
    )
    drift: Literal["report", "correct"] = Field("report", description="What to do when AWS was changed by other hands.")
    schedule: tuple[ScheduledCount, ...] = Field((), description="Task counts by the clock.")
    verify: tuple[Verification, ...] = Field((), description="Asked after all of the traffic has moved.")
    services: Table[ServiceName, Service] = Field(
        min_length=1, max_length=_MOST_SERVICES, description="What runs, by name, in the order in which traffic rises."
    )
    notify: Notify = Field(Notify(), description="Who is told.")

    @model_validator(mode="before")
    @classmethod
    def _rolling_keeps_nothing_warm(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or not _is_rolling(value.get("strategy", Rolling())):
            return value
        rollback = value.get("rollback", {})
        return {**value, "rollback": {"keep_warm": "0s", **rollback}} if isinstance(rollback, Mapping) else value


def _is_rolling(strategy: Any) -> bool:
    return isinstance(strategy, Rolling) or (isinstance(strategy, Mapping) and strategy.get("type") == "rolling")


def normal_form(file: EnvironmentFile) -> dict[str, Any]:
    """The file as plain JSON values, with its own keys and every default spelled out."""
    return file.model_dump(mode="json", by_alias=True)


def from_normal_form(data: Mapping[str, Any]) -> EnvironmentFile:
    """What `normal_form` was made from."""
    return EnvironmentFile.model_validate(data)
