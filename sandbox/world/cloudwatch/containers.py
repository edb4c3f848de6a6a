"""The metrics of ECS services: once a minute of AWS's time, a sample of each running task.

A service without a running task has no points in that minute.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from functools import partial

from sandbox.world.cloudwatch.metrics import CONTAINERS, MINUTE, put
from sandbox.world.cloudwatch.model import MetricKey, now, seconds
from sandbox.world.ecs import model as ecs
from sandbox.world.ecs.model import Service, Task
from sandbox.world.place import Place

CPU, MEMORY = "CPUUtilization", "MemoryUtilization"
UNITS_PER_CORE = 1024


def follow(place: Place) -> None:
    """Look at the end of this minute, and of every minute after it as long as any task runs."""
    if (place.account, place.region) not in place.world.container_timers:
        at, width = now(place), seconds(place, MINUTE)
        _wait(place, at - at % width + width)


def _wait(place: Place, ends: int) -> None:
    """For the end of a minute; a timer may ring a moment too early, or too late."""
    left = (ends - now(place)) / 1_000_000
    timer = place.world.clock.call_later(max(0.0, left), partial(_measure, place, ends))
    place.world.container_timers[place.account, place.region] = timer


def _measure(place: Place, ends: int) -> None:
    found = [
        (service, task)
        for service in ecs.store(place).services.values()
        for task in ecs.tasks_of(place, service)
        if task.last_status == "RUNNING"
    ]
    for service, task in found:
        _sample(place, service, task, ends - 1)
    if found:
        _wait(place, ends + seconds(place, MINUTE))
    else:
        del place.world.container_timers[place.account, place.region]


def _sample(place: Place, service: Service, task: Task, at: int) -> None:
    use, definition = place.world.runtime.usage(task.id), ecs.definition(place, task.definition_arn)
    cpu = 100 * use.cores * UNITS_PER_CORE / float(definition.body["cpu"])
    memory = 100 * use.mebibytes / float(definition.body["memory"])
    for name, value in ((CPU, cpu), (MEMORY, memory)):
        put(place, key_of(service.cluster, service.name, name), value, unit="Percent", at=at)


def key_of(cluster: str, service: str, name: str) -> MetricKey:
    """By names."""
    return MetricKey(CONTAINERS, name, (("ClusterName", cluster), ("ServiceName", service)))
