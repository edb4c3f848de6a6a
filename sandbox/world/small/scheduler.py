"""EventBridge Scheduler: schedules that make one call of AWS's own API, once.

AWS calls between the moment that a schedule names and 59 seconds later
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). Here it is always the last of them: who
relies on a schedule must be right then too. The moment itself is a clock's and comes when it comes; those seconds, and
the pauses between attempts, are AWS's own times, which the world's speed shortens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.world.errors import AwsError, CallLost
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place, Store
from sandbox.world.values import Answer, Parameters, chosen, copied, page, tag_list, tag_map

operations = Operations()

LATEST_SECONDS = 59
"""So long after its moment does a schedule make its call."""

EXPRESSION = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")

RETRY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html: the defaults."""

LONGEST_PAUSE_SECONDS = 512
"""Pauses between attempts are 1, 2, 4, … seconds, up to this: AWS says that they grow, and no numbers."""

THROTTLED = ("ThrottlingException",)

TARGETS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyRule": ("elbv2", "ModifyRule", ("RuleArn",)),
}
"""Universal targets, which name services as the SDK for Java does: service and operation here, members it needs."""

DEFAULT = "default"
"""The group that every account has."""


@dataclass
class Group:
    name: str
    arn: str
    made_with: Parameters
    """The parameters of the call that made it, its client token among them."""
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Schedule:
    """`settings` is what GetSchedule shows of it, whole; another one takes its place when it is updated."""

    name: str
    group: str
    arn: str
    settings: Parameters
    due: datetime
    made_with: Parameters
    created_at: datetime
    modified_at: datetime


@dataclass
class ScheduleStore(Store):
    groups: dict[str, Group] = field(default_factory=dict)
    """Without the default group."""
    schedules: dict[tuple[str, str], Schedule] = field(default_factory=dict)
    """By group and name."""


@operations.changes("CreateScheduleGroup")
def create_schedule_group(call: Call) -> Answer:
    store, name = call.place.store(ScheduleStore), call["Name"]
    known = store.groups.get(name)
    if name == DEFAULT or (known is not None and known.made_with != call.parameters):
        raise AwsError("ConflictException", f"Schedule group {name} already exists.", 409)
    if known is None:
        known = Group(name, _group_arn(call.place, name), copied(call.parameters), call.place.now())
        known.tags = tag_map(call.get("Tags"), "Key", "Value")
        store.groups[name] = known
    return {"ScheduleGroupArn": known.arn}


@operations.reads("GetScheduleGroup")
def get_schedule_group(call: Call) -> Answer:
    name = call["Name"]
    shown = {"Name": name, "Arn": _group_arn(call.place, name), "State": "ACTIVE"}
    if name == DEFAULT:
        return shown
    group = _group(call.place, name)
    return {**shown, "CreationDate": group.created_at, "LastModificationDate": group.created_at}


@operations.changes("DeleteScheduleGroup")
def delete_schedule_group(call: Call) -> Answer:
    """With all that is in it."""
    store, name = call.place.store(ScheduleStore), call["Name"]
    if name == DEFAULT:
        raise AwsError("ValidationException", "The default schedule group cannot be deleted.")
    del store.groups[_group(call.place, name).name]
    store.schedules = {key: each for key, each in store.schedules.items() if each.group != name}
    return {}


@operations.reads("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    return {"Tags": tag_list(_tagged(call).tags, "Key", "Value")}


@operations.changes("TagResource")
def tag_resource(call: Call) -> Answer:
    _tagged(call).tags.update(tag_map(call["Tags"], "Key", "Value"))
    return {}


@operations.changes("UntagResource")
def untag_resource(call: Call) -> Answer:
    group = _tagged(call)
    group.tags = {key: value for key, value in group.tags.items() if key not in call["TagKeys"]}
    return {}


@operations.changes("CreateSchedule")
def create_schedule(call: Call) -> Answer:
    """The same call with the same client token is answered as the first time."""
    place, name, group = call.place, call["Name"], call.get("GroupName", DEFAULT)
    _insist_on_group(place, group)
    known = place.store(ScheduleStore).schedules.get((group, name))
    if known is not None and known.made_with != call.parameters:
        raise AwsError("ConflictException", f"Schedule {name} already exists.", 409)
    if known is None:
        known = _put(call, group, place.now(), copied(call.parameters))
    return {"ScheduleArn": known.arn}


@operations.reads("GetSchedule")
def get_schedule(call: Call) -> Answer:
    found = _schedule(call)
    return {**found.settings, "CreationDate": found.created_at, "LastModificationDate": found.modified_at}


@operations.changes("UpdateSchedule")
def update_schedule(call: Call) -> Answer:
    """Whole: what is not given gets its default again."""
    before = _schedule(call)
    return {"ScheduleArn": _put(call, before.group, before.created_at, before.made_with).arn}


@operations.changes("DeleteSchedule")
def delete_schedule(call: Call) -> Answer:
    found = _schedule(call)
    del call.place.store(ScheduleStore).schedules[found.group, found.name]
    return {}


@operations.reads("ListSchedules")
def list_schedules(call: Call) -> Answer:
    if "GroupName" in call:
        _insist_on_group(call.place, call["GroupName"])
    found = [
        each
        for _, each in sorted(call.place.store(ScheduleStore).schedules.items())
        if each.group == call.get("GroupName", each.group)
        and each.name.startswith(call.get("NamePrefix", ""))
        and each.settings["State"] == call.get("State", each.settings["State"])
    ]
    listed, token = page(found, call.get("NextToken"), call.get("MaxResults", 100))
    return {"Schedules": [_summary(each) for each in listed], "NextToken": token}


def _group(place: Place, name: str) -> Group:
    found = place.store(ScheduleStore).groups.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
    return found


def _insist_on_group(place: Place, name: str) -> None:
    if name != DEFAULT:
        _group(place, name)


def _tagged(call: Call) -> Group:
    """Only groups have tags."""
    return _group(call.place, call["ResourceArn"].rpartition("/")[2])


def _group_arn(place: Place, name: str) -> str:
    return place.arn("scheduler", f"schedule-group/{name}")


def _schedule(call: Call) -> Schedule:
    group = call.get("GroupName", DEFAULT)
    found = call.place.store(ScheduleStore).schedules.get((group, call["Name"]))
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Schedule {call['Name']} does not exist.", 404)
    return found


def _summary(schedule: Schedule) -> Answer:
    return {
        **chosen(schedule.settings, "Arn", "Name", "GroupName", "State"),
        "CreationDate": schedule.created_at,
        "LastModificationDate": schedule.modified_at,
        "Target": {"Arn": schedule.settings["Target"]["Arn"]},
    }


def _put(call: Call, group: str, created_at: datetime, made_with: Parameters) -> Schedule:
    """In the place of what was there; what that was to do is not done any more."""
    place, name = call.place, call["Name"]
    due = _due(call)
    _check_window(call["FlexibleTimeWindow"])
    _check_target(call["Target"])
    arn = place.arn("scheduler", f"schedule/{group}/{name}")
    settings = {"Arn": arn, "Name": name, **_settings(call, group)}
    schedule = Schedule(name, group, arn, settings, due, made_with, created_at, place.now())
    place.store(ScheduleStore).schedules[group, name] = schedule
    if settings["State"] == "ENABLED":
        wait = (due - place.now()).total_seconds()
        place.world.clock.call_later(wait, partial(_due_now, place, schedule))
    return schedule


def _settings(call: Call, group: str) -> Parameters:
    target = call["Target"]
    return {
        **chosen(call.parameters, "ScheduleExpression", "Description", "FlexibleTimeWindow"),
        "GroupName": group,
        "ScheduleExpressionTimezone": call.get("ScheduleExpressionTimezone", "UTC"),
        "State": call.get("State", "ENABLED"),
        "ActionAfterCompletion": call.get("ActionAfterCompletion", "NONE"),
        "Target": {**target, "RetryPolicy": {**RETRY, **target.get("RetryPolicy", {})}},
    }


def _due(call: Call) -> datetime:
    """The moment that the expression names, in UTC."""
    expression, zone = call["ScheduleExpression"], call.get("ScheduleExpressionTimezone", "UTC")
    match = EXPRESSION.fullmatch(expression)
    try:
        due = datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if match else None
    except ZoneInfoNotFoundError as unknown:
        raise AwsError("ValidationException", f"Invalid time zone {zone}.") from unknown
    except ValueError:
        due = None
    if due is None or due <= call.place.now():
        raise AwsError("ValidationException", f"Invalid Schedule Expression {expression}.")
    return due


def _check_window(window: dict[str, Any]) -> None:
    if window["Mode"] != "OFF":
        raise AwsError("ValidationException", "The sandbox's schedules have no flexible time window: Mode is OFF")
    if "MaximumWindowInMinutes" in window:
        raise AwsError("ValidationException", "MaximumWindowInMinutes must not be given when Mode is OFF")


def _check_target(target: dict[str, Any]) -> None:
    if target["Arn"] not in TARGETS:
        message = f"The sandbox's schedules do not call {target['Arn']}; they call {', '.join(TARGETS)}"
        raise AwsError("ValidationException", message)
    try:
        given = json.loads(target.get("Input", "{}"))
    except ValueError as bad:
        raise AwsError("ValidationException", f"The target's Input is not JSON: {bad}") from bad
    missing = [name for name in TARGETS[target["Arn"]][2] if not isinstance(given, dict) or name not in given]
    if missing:
        raise AwsError("ValidationException", f"The target's Input lacks {', '.join(missing)}")


def _due_now(place: Place, schedule: Schedule) -> None:
    place.after(LATEST_SECONDS, partial(_perform, place, schedule, attempt=1, waited=0))


def _perform(place: Place, schedule: Schedule, attempt: int, waited: int) -> None:
    """Make the call, unless the schedule was deleted or overwritten; `waited` is in AWS's seconds."""
    if place.store(ScheduleStore).schedules.get((schedule.group, schedule.name)) is not schedule:
        return
    target = schedule.settings["Target"]
    service, operation, _ = TARGETS[target["Arn"]]
    outcome = place.world.perform(
        service, operation, json.loads(target["Input"]), place.region, place.account, _caller(schedule)
    )
    _tell(place, schedule, attempt, outcome.error)
    pause = min(2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
    if outcome.error is not None and _again(outcome.error, target["RetryPolicy"], attempt, waited + pause):
        place.after(pause, partial(_perform, place, schedule, attempt=attempt + 1, waited=waited + pause))
    elif schedule.settings["ActionAfterCompletion"] == "DELETE":
        del place.store(ScheduleStore).schedules[schedule.group, schedule.name]


def _tell(place: Place, schedule: Schedule, attempt: int, error: AwsError | CallLost | None) -> None:
    ended = "ok" if error is None else error.code if isinstance(error, AwsError) else "lost"
    place.emit("aws.scheduler", "Schedule Invocation", schedule.arn, attempt=attempt, outcome=ended)


def _again(error: AwsError | CallLost, policy: dict[str, int], attempt: int, waited: int) -> bool:
    """What may pass by itself is tried again, as often and as long as the policy says."""
    may_pass = isinstance(error, CallLost) or error.http_status >= 500 or error.code in THROTTLED
    return may_pass and attempt <= policy["MaximumRetryAttempts"] and waited <= policy["MaximumEventAgeInSeconds"]


def _caller(schedule: Schedule) -> str:
    """The target's role, as it was assumed for this schedule."""
    role = schedule.settings["Target"]["RoleArn"]
    return f"arn:aws:sts::{role.split(':')[4]}:assumed-role/{role.rpartition('/')[2]}/{schedule.name}"
