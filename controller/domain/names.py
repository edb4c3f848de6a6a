"""What Tidegate calls the things it makes on AWS, and the tags that make them its own.

`place` is the stack's name (or the environment's, where there is no stack): it is unique in its account and region.
"""

import hashlib

from controller.domain.slot import Slot

TARGET_GROUP_LIMIT = 32
SCHEDULE_LIMIT = 64
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html: also of a group of schedules."""
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


def log_group(place: str, service: str) -> str:
    return f"/ecs/{place}/{service}"
