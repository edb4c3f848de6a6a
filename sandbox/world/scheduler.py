"""The ECS service scheduler's mind: what to start and stop next, whether a deployment is done or has failed.

Pure: a picture of one service and the time in, a decision out; `ecs/rollout.py` carries it out and asks again
when something has changed. The rules are those of rolling updates and the deployment circuit breaker in the
Amazon ECS Developer Guide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

RolloutState = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]
Stage = Literal["starting", "running", "stopping"]
Why = Literal["unhealthy", "surplus", "replaced", "deleted"]


@dataclass(frozen=True)
class TaskPicture:
    id: str
    is_current: bool
    """Of the primary deployment."""
    stage: Stage
    since: datetime
    """When it reached RUNNING; when it was made, before that."""
    healthy_from: datetime | None = None
    """From when on it counts as healthy; None while that is unknown."""
    is_failing: bool = False
    """A load balancer calls it unhealthy."""


@dataclass(frozen=True)
class ServicePicture:
    desired: int
    tasks: tuple[TaskPicture, ...] = ()
    state: RolloutState = "IN_PROGRESS"
    minimum_percent: int = 100
    maximum_percent: int = 200
    grace: timedelta = timedelta(0)
    failed_tasks: int = 0
    threshold: int | None = None
    """So many failed tasks trip the circuit breaker; None without one."""
    may_start_from: datetime | None = None
    """No task is started before; set after tasks that could not be started."""
    is_draining: bool = False
    """The service was deleted."""


@dataclass(frozen=True)
class Stop:
    task_id: str
    why: Why


@dataclass(frozen=True)
class Decision:
    start: int = 0
    stop: tuple[Stop, ...] = ()
    complete: bool = False
    fail: bool = False
    is_steady: bool = False
    is_stuck: bool = False
    """Something should move, and the percentages allow neither a start nor a stop."""
    look_again_at: datetime | None = None


@dataclass
class _Count:
    """The tasks still wanted, while stops are being chosen."""

    service: ServicePicture
    now: datetime
    stops: list[Stop] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alive = [task for task in self.service.tasks if task.stage != "stopping"]

    def stop(self, task: TaskPicture, why: Why) -> None:
        self.stops.append(Stop(task.id, why))
        self.alive.remove(task)

    def is_healthy(self, task: TaskPicture) -> bool:
        return task.healthy_from is not None and task.healthy_from <= self.now

    def current(self) -> list[TaskPicture]:
        return [task for task in self.alive if task.is_current]

    def old(self) -> list[TaskPicture]:
        return [task for task in self.alive if not task.is_current]

    def least_useful_first(self, tasks: list[TaskPicture]) -> list[TaskPicture]:
        """Not yet healthy before healthy, then the youngest."""
        by_age = sorted(tasks, key=lambda task: task.since, reverse=True)
        return sorted(by_age, key=self.is_healthy)


def decide(service: ServicePicture, now: datetime) -> Decision:
    """What to do now. Healthy tasks never fall below the floor by a stop for replacement, and the number of
    tasks that are not stopping never rises above the ceiling by a start.
    """
    count = _Count(service, now)
    if service.is_draining:
        for task in list(count.alive):
            count.stop(task, "deleted")
        return Decision(stop=tuple(count.stops))
    if service.state == "IN_PROGRESS" and service.threshold and service.failed_tasks >= service.threshold:
        return Decision(fail=True)
    _stop_failing(count)
    _stop_surplus(count, count.current())
    if service.state == "FAILED":
        _stop_surplus(count, count.old())
    else:
        _stop_old(count)
    start = _to_start(count)
    return _conclude(count, start)


def _stop_failing(count: _Count) -> None:
    for task in list(count.alive):
        if task.is_failing and count.now - task.since >= count.service.grace:
            count.stop(task, "unhealthy")


def _stop_surplus(count: _Count, tasks: list[TaskPicture]) -> None:
    for task in count.least_useful_first(tasks)[: max(0, len(tasks) - count.service.desired)]:
        count.stop(task, "surplus")


def _stop_old(count: _Count) -> None:
    floor = -(-count.service.desired * count.service.minimum_percent // 100)
    spare = sum(map(count.is_healthy, count.alive)) - floor
    for task in count.least_useful_first(count.old()):
        if not count.is_healthy(task):
            count.stop(task, "replaced")
        elif spare > 0:
            spare -= 1
            count.stop(task, "replaced")


def _to_start(count: _Count) -> int:
    service = count.service
    if service.state == "FAILED" or (service.may_start_from is not None and service.may_start_from > count.now):
        return 0
    ceiling = service.desired * service.maximum_percent // 100
    return max(0, min(service.desired - len(count.current()), ceiling - len(count.alive)))


def _conclude(count: _Count, start: int) -> Decision:
    service, current = count.service, count.current()
    stopping_old = any(task.stage == "stopping" and not task.is_current for task in service.tasks)
    is_full = len(current) == service.desired and all(map(count.is_healthy, current))
    is_quiet = is_full and not start and not count.stops and not count.old() and not stopping_old
    # A failed deployment leaves things as they are, which is not what its service was asked to be.
    return Decision(
        start=start,
        stop=tuple(count.stops),
        complete=is_quiet and service.state == "IN_PROGRESS",
        is_steady=is_quiet and service.state != "FAILED",
        is_stuck=_is_stuck(count, start),
        look_again_at=_next_time(count),
    )


def _is_stuck(count: _Count, start: int) -> bool:
    service = count.service
    waits_for_time = service.may_start_from is not None and service.may_start_from > count.now
    settled = all(map(count.is_healthy, count.alive)) and len(count.alive) == len(service.tasks)
    missing = len(count.current()) < service.desired
    return service.state == "IN_PROGRESS" and missing and settled and not (start or count.stops or waits_for_time)


def _next_time(count: _Count) -> datetime | None:
    """The next moment at which the decision may differ though nothing happens."""
    service, now = count.service, count.now
    times = [task.healthy_from for task in count.alive if task.healthy_from is not None]
    times += [task.since + service.grace for task in count.alive if task.is_failing]
    if service.may_start_from is not None:
        times.append(service.may_start_from)
    return min((time for time in times if time > now), default=None)


def threshold(breaker: dict[str, object], desired: int) -> int | None:
    """How many failed tasks trip the circuit breaker configured like this; None when it is off."""
    if not breaker.get("enable"):
        return None
    configured = breaker.get("thresholdConfiguration")
    kind, value = "BOUNDED_PERCENT", 50
    if isinstance(configured, dict):
        kind, value = configured.get("type", kind), configured.get("value", value)
    if kind == "COUNT":
        return max(1, value)
    share = -(-desired * value // 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))
