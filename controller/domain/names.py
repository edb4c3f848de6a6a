"""What Tidegate calls the things it makes on AWS, and the tags that make them its own.

`place` is the stack's name (or the environment's, where there is no stack): it is unique in its account and region.
"""

import hashlib

from controller.domain.slot import Slot

TARGET_GROUP_LIMIT = 32
SCHEDULE_LIMIT = 64
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html: also of a group of schedules."""
ALARM_LIMIT = DASHBOARD_LIMIT = 255
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
TEST_HEADER = "X-Tidegate-Slot"
"""Requests with this header, and a deployment's secret as its value, reach the idle slots."""

OWNER_TAG = "managed-by"
OWNER = "tidegate"
PLACE_TAG = "tidegate:place"
SERVICE_TAG = "tidegate:service"
SLOT_TAG = "tidegate:slot"
ROLE_TAG = "tidegate:role"
CONTENT_TAG = "tidegate:content"
DEPLOYMENT_TAG = "tidegate:deployment"


def limited(name: str, limit: int) -> str:
    """The name itself, or as much of it as fits before eight hex digits of its hash.

    >>> limited("captioncraft-dev-backend-blue", 32)
    'captioncraft-dev-backend-blue'
    >>> limited("captioncraft-staging-frontend-green", 32)
    'captioncraft-staging-fr-d3c9f1fa'
    """
    if len(name) <= limit:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{tail}"


def family(place: str, service: str) -> str:
    return f"{place}-{service}"


def slot_name(place: str, service: str, slot: Slot) -> str:
    """The ECS service of a slot."""
    return f"{place}-{service}-{slot}"


def group_name(place: str, service: str, slot: Slot) -> str:
    """The target group of a slot: at most 32 characters, unique in region and account."""
    return limited(slot_name(place, service, slot), TARGET_GROUP_LIMIT)


def switch_name(environment: str, service: str) -> str:
    """The dead-man's switch of a service's public rule: a schedule of EventBridge Scheduler, at most 64 characters."""
    return limited(f"{environment}-{service}", SCHEDULE_LIMIT)


def switch_group(place: str) -> str:
    """The group of a place's schedules: at most 64 characters, unique in region and account."""
    return limited(place, SCHEDULE_LIMIT)


def alarm_prefix(place: str) -> str:
    """What the names of all alarms begin with that the file of this place declares."""
    return f"tidegate-{place}-"


def alarm_name(place: str, service: str, kind: str) -> str:
    """An alarm that stands; `kind` is its key in the file: at most 255 characters, unique in region and account."""
    return limited(f"{alarm_prefix(place)}{service}-{kind}", ALARM_LIMIT)


def dashboard_name(place: str, region: str) -> str:
    """At most 255 characters, unique in the account: dashboards belong to no region, and places do."""
    return limited(f"tidegate-{place}-{region}", DASHBOARD_LIMIT)


def policy_name(place: str, service: str, slot: Slot, metric: str) -> str:
    """What makes a slot scale towards one aim."""
    return f"{slot_name(place, service, slot)}-{metric}"


def turn_name(place: str, service: str, slot: Slot, number: int) -> str:
    """What gives a slot other bounds by the clock; numbers begin at 1."""
    return f"{slot_name(place, service, slot)}-{number}"


def log_group(place: str, service: str) -> str:
    return f"/ecs/{place}/{service}"
