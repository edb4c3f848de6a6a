"""CloudWatch Logs: where the output of containers arrives that are configured for awslogs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place, Store
from sandbox.world.values import Answer, page

operations = Operations()

LINES_KEPT = 10_000
"""For each stream."""

DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""For so long can a log group remember: the values that PutRetentionPolicy takes."""

Line = tuple[int, str]
"""Milliseconds since the epoch, and the text."""


@dataclass
class LogGroup:
    name: str
    arn: str
    created_at: int
    retention_days: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    streams: dict[str, deque[Line]] = field(default_factory=dict)


@dataclass
class LogStore(Store):
    groups: dict[str, LogGroup] = field(default_factory=dict)
    of_tasks: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    """By task and container: group and stream."""


def missing_group(place: Place, containers: list[dict[str, Any]]) -> str:
    """The first log group that a container needs and that is not there."""
    groups = place.store(LogStore).groups
    for options in map(_awslogs, containers):
        if options and options.get("awslogs-group") not in groups:
            return str(options.get("awslogs-group"))
    return ""


def open_streams(place: Place, task_id: str, containers: list[dict[str, Any]]) -> None:
    """Make a task's streams in the groups that exist or may be made."""
    store = place.store(LogStore)
    for container in containers:
        options = _awslogs(container)
        if not options:
            continue
        name = options.get("awslogs-group", "")
        if name not in store.groups and options.get("awslogs-create-group") == "true":
            _make(place, name)
        if name in store.groups:
            stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task_id}"
            store.groups[name].streams[stream] = deque(maxlen=LINES_KEPT)
            store.of_tasks.setdefault(task_id, {})[container["name"]] = name, stream


def put(place: Place, task_id: str, container: str, text: str) -> None:
    """A line of a task's output; lost when the container is not configured for awslogs."""
    store = place.store(LogStore)
    streams = store.of_tasks.get(task_id, {})
    group, stream = streams.get(container) or next(iter(streams.values()), ("", ""))
    if group in store.groups:
        store.groups[group].streams[stream].append((_milliseconds(place.now()), text))


def _awslogs(container: dict[str, Any]) -> dict[str, str]:
    configuration = container.get("logConfiguration", {})
    options: dict[str, str] = configuration.get("options", {})
    return options if configuration.get("logDriver") == "awslogs" else {}


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def _make(place: Place, name: str) -> LogGroup:
    group = LogGroup(name, place.arn("logs", f"log-group:{name}"), _milliseconds(place.now()))
    place.store(LogStore).groups[name] = group
    return group


def _group(call: Call) -> LogGroup:
    name = call.get("logGroupName") or call.get("logGroupIdentifier", "").partition(":log-group:")[2]
    found = call.place.store(LogStore).groups.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


@operations.changes("CreateLogGroup")
def create_log_group(call: Call) -> Answer:
    name = call["logGroupName"]
    if name in call.place.store(LogStore).groups:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    _make(call.place, name).tags = call.get("tags", {})
    return {}


@operations.changes("DeleteLogGroup")
def delete_log_group(call: Call) -> Answer:
    del call.place.store(LogStore).groups[_group(call).name]
    return {}


@operations.changes("PutRetentionPolicy")
def put_retention_policy(call: Call) -> Answer:
    if call["retentionInDays"] not in DAYS:
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{call['retentionInDays']}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: {list(DAYS)}",
        )
    _group(call).retention_days = call["retentionInDays"]
    return {}


@operations.reads("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    arn = call["resourceArn"].removesuffix(":*")
    group = next((each for each in call.place.store(LogStore).groups.values() if each.arn == arn), None)
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return {"tags": group.tags}


@operations.reads("DescribeLogGroups")
def describe_log_groups(call: Call) -> Answer:
    prefix = call.get("logGroupNamePrefix", "")
    every = call.place.store(LogStore).groups
    found = [every[name] for name in sorted(every) if name.startswith(prefix)]
    listed, token = page(found, call.get("nextToken"), call.get("limit", 50))
    return {"logGroups": [_shown(group) for group in listed], "nextToken": token}


@operations.changes("CreateLogStream")
def create_log_stream(call: Call) -> Answer:
    group, name = _group(call), call["logStreamName"]
    if name in group.streams:
        raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
    group.streams[name] = deque(maxlen=LINES_KEPT)
    return {}


@operations.changes("PutLogEvents")
def put_log_events(call: Call) -> Answer:
    stream = _stream(_group(call), call["logStreamName"])
    stream.extend((event["timestamp"], event["message"]) for event in call["logEvents"])
    return {}


@operations.reads("DescribeLogStreams")
def describe_log_streams(call: Call) -> Answer:
    group, prefix = _group(call), call.get("logStreamNamePrefix", "")
    names = [name for name in sorted(group.streams) if name.startswith(prefix)]
    listed, token = page(names, call.get("nextToken"), call.get("limit", 50))
    arn = f"{group.arn}:log-stream:"
    return {"logStreams": [{"logStreamName": name, "arn": arn + name} for name in listed], "nextToken": token}


@operations.reads("GetLogEvents")
def get_log_events(call: Call) -> Answer:
    """Tokens are positions: `f/7` is after the seventh line, `b/3` before the fourth."""
    lines = _between(call, list(_stream(_group(call), call["logStreamName"])))
    limit, token = call.get("limit", 10_000), call.get("nextToken", "")
    if token.startswith("f/"):
        first = int(token[2:])
    elif token.startswith("b/"):
        first = max(0, int(token[2:]) - limit)
        lines = lines[: int(token[2:])]
    else:
        first = 0 if call.get("startFromHead") else max(0, len(lines) - limit)
    chosen = lines[first : first + limit]
    events = [{"timestamp": at, "message": text, "ingestionTime": at} for at, text in chosen]
    forward, backward = f"f/{first + len(chosen)}", f"b/{first}"
    return {"events": events, "nextForwardToken": forward, "nextBackwardToken": backward}


@operations.reads("FilterLogEvents")
def filter_log_events(call: Call) -> Answer:
    """A pattern is a plain text that a line must contain, with or without quotes."""
    group, pattern = _group(call), call.get("filterPattern", "").strip('"')
    prefix = call.get("logStreamNamePrefix", "")
    names = call.get("logStreamNames") or [name for name in group.streams if name.startswith(prefix)]
    found = [
        {"logStreamName": name, "timestamp": at, "message": text, "ingestionTime": at, "eventId": f"{at}-{index}"}
        for name in names
        for index, (at, text) in enumerate(_between(call, list(_stream(group, name))))
        if pattern in text
    ]
    found.sort(key=lambda event: event["timestamp"])
    listed, token = page(found, call.get("nextToken"), call.get("limit", 10_000))
    return {"events": listed, "nextToken": token, "searchedLogStreams": []}


def _stream(group: LogGroup, name: str) -> deque[Line]:
    if name not in group.streams:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    return group.streams[name]


def _between(call: Call, lines: list[Line]) -> list[Line]:
    start, end = call.get("startTime", 0), call.get("endTime", float("inf"))
    return [line for line in lines if start <= line[0] < end]


def _shown(group: LogGroup) -> Answer:
    return {
        "logGroupName": group.name,
        "creationTime": group.created_at,
        "retentionInDays": group.retention_days,
        "arn": group.arn + ":*",
        "logGroupArn": group.arn,
        "logGroupClass": "STANDARD",
        "metricFilterCount": 0,
        "storedBytes": sum(len(text) for lines in group.streams.values() for _, text in lines),
    }
