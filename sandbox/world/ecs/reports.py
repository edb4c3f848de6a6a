"""What the runtime tells the world about tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sandbox.world.cloudwatch import containers
from sandbox.world.ecs import launch, model, rollout
from sandbox.world.ecs.model import Task
from sandbox.world.place import Place
from sandbox.world.ports import Endpoint
from sandbox.world.small import logs

if TYPE_CHECKING:
    from sandbox.world.world import World


class Reports:
    """The world's side of the runtime port: `sandbox.world.ports.TaskEvents`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def started(self, task_id: str, endpoints: Mapping[int, Endpoint]) -> None:
        self._about(task_id, lambda place, task: _started(place, task, endpoints))

    def exited(self, task_id: str, exit_code: int | None, reason: str = "") -> None:
        self._about(task_id, lambda place, task: launch.ended(place, task, exit_code, reason))

    def log(self, task_id: str, line: str, container: str = "") -> None:
        place = self._world.task_places.get(task_id)
        if place is not None:
            logs.put(place, task_id, container, line)

    def _about(self, task_id: str, report: Callable[[Place, Task], None]) -> None:
        place = self._world.task_places.get(task_id)
        if place is not None:
            task = model.store(place).tasks[task_id]
            self._world.change(place, lambda: report(place, task))


def _started(place: Place, task: Task, endpoints: Mapping[int, Endpoint]) -> None:
    if task.started_at is not None:
        return
    task.started_at, task.endpoints = place.now(), endpoints
    if task.desired_status == "STOPPED":
        return
    launch.move(place, task, "RUNNING")
    launch.register(place, task)
    service = model.service_of(place, task)
    if service is not None:
        containers.follow(place)
        rollout.kick(place, service)


def target_changed(place: Place, task_id: str) -> None:
    """A target group sees one of our tasks differently."""
    task = model.store(place).tasks.get(task_id)
    service = model.service_of(place, task) if task is not None else None
    if service is not None:
        rollout.kick(place, service)
