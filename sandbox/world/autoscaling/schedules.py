"""Scheduled actions: bounds that change by the clock. Moments are the world's, whatever its speed.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.world.autoscaling import capacity, model
from sandbox.world.autoscaling.model import SCHEDULED, Action
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, chosen, copied, page

operations = Operations()

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
ONCE = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
DAILY = re.compile(r"cron\((\d{1,2}) (\d{1,2}) (?:\* \* \?|\? \* ([A-Z,*-]+)) \*\)")
PER_PAGE = 50

Following = Callable[[datetime], datetime | None]
"""From a moment (aware UTC) to the next one after it, None when there is none."""


@operations.changes("PutScheduledAction")
def put_scheduled_action(call: Call) -> Answer:
    """What is given to one that is there already takes the place of what it had."""
    place, target, name = call.place, model.target(call), call["ScheduledActionName"]
    store, key = model.store(place), (target.resource, name)
    before = store.actions.get(key)
    given = chosen(call.parameters, "Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")
    settings = {**(before.settings if before else {}), **copied(given)}
    model.require("StartTime" not in call and "EndTime" not in call, "The sandbox's scheduled actions have no end.")
    following = following_of(settings.get("Schedule", ""), settings.get("Timezone", "UTC"))
    wanted = settings.get("ScalableTargetAction", {})
    model.require(bool(wanted), "ScalableTargetAction must have MinCapacity, MaxCapacity or both.")
    arn = place.arn("autoscaling", f"scheduledAction:{place.ids.uuid()}:resource/ecs/{target.resource}")
    made = before.created_at if before else place.now()
    action = Action(
        name, before.arn if before else f"{arn}:scheduledActionName/{name}", target.resource, settings, made
    )
    store.actions[key] = action
    _wait(place, action, following)
    return {}


def _wait(place: Place, action: Action, following: Following) -> None:
    due = following(place.now())
    if due is not None:
        seconds = (due - place.now()).total_seconds()
        place.world.clock.call_later(
            seconds, partial(place.world.change, place, partial(_due, place, action, following))
        )


def _due(place: Place, action: Action, following: Following) -> None:
    """Unless it was deleted or overwritten; while the target's schedule is suspended it comes to nothing."""
    store = model.store(place)
    if store.actions.get((action.resource, action.name)) is not action:
        return
    target, wanted = store.targets[action.resource], action.settings["ScalableTargetAction"]
    if not target.suspended[SCHEDULED]:
        target.minimum = wanted.get("MinCapacity", min(target.minimum, wanted.get("MaxCapacity", target.minimum)))
        target.maximum = wanted.get("MaxCapacity", max(target.maximum, target.minimum))
        capacity.fit(place, target)
    _wait(place, action, following)


def following_of(expression: str, zone: str) -> Following:
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise AwsError("ValidationException", f"Invalid timezone: {zone}") from unknown
    once, daily = ONCE.fullmatch(expression), DAILY.fullmatch(expression)
    if once:
        moment = datetime.fromisoformat(once[1]).replace(tzinfo=where).astimezone(UTC)
        return lambda now: moment if moment > now else None
    hours = (int(daily[2]), int(daily[1])) if daily else (24, 0)
    days = _days(daily[3] or "*") if daily else set()
    known = hours[0] < 24 and hours[1] < 60 and bool(days)
    told = "the sandbox knows at(…) and crons of one time on days of the week"
    model.require(known, f"Invalid schedule expression {expression}: {told}.")
    return partial(_next, time(*hours), days, where)


def _days(text: str) -> set[int]:
    """
    >>> sorted(_days("MON-WED,SUN"))
    [0, 1, 2, 6]
    """
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if part == "*":
            found |= set(range(7))
        elif first in DAYS and (last or first) in DAYS:
            length = (DAYS.index(last or first) - DAYS.index(first)) % 7
            found |= {(DAYS.index(first) + offset) % 7 for offset in range(length + 1)}
        else:
            return set()
    return found


def _next(at: time, days: set[int], where: ZoneInfo, now: datetime) -> datetime | None:
    today: date = now.astimezone(where).date()
    moments = (
        datetime.combine(day, at, where).astimezone(UTC)
        for day in (today + timedelta(days=ahead) for ahead in range(9))
        if day.weekday() in days
    )
    return next((moment for moment in moments if moment > now), None)


@operations.changes("DeleteScheduledAction")
def delete_scheduled_action(call: Call) -> Answer:
    name, store = call["ScheduledActionName"], model.store(call.place)
    if store.actions.pop((model.resource(call), name), None) is None:
        raise AwsError("ObjectNotFoundException", f"No scheduled action found with name: {name}")
    return {}


@operations.reads("DescribeScheduledActions")
def describe_scheduled_actions(call: Call) -> Answer:
    every = sorted(model.store(call.place).actions.values(), key=lambda each: (each.resource, each.name))
    wanted = call.get("ScheduledActionNames")
    found = [each for each in every if model.is_asked_for(call, each.resource) if not wanted or each.name in wanted]
    listed, token = page(found, call.get("NextToken"), call.get("MaxResults", PER_PAGE))
    return {"ScheduledActions": [_shown(each) for each in listed], "NextToken": token}


def _shown(action: Action) -> Answer:
    return {
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        "ServiceNamespace": model.ECS,
        "ResourceId": action.resource,
        "ScalableDimension": model.DIMENSION,
        "CreationTime": action.created_at,
        **action.settings,
    }
