"""Tasks as real processes: `sandbox.world.ports.Runtime` for `make up`.

A container is a child process that runs the files of its image with this interpreter, in a fresh
environment and a session of its own. No task outlives the sandbox: see `launch`, `ledger` and `reaper`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sandbox.clock import Clock
from sandbox.images import Image, ImageStore
from sandbox.runtime.addresses import SHARED, Addresses
from sandbox.runtime.container import Container
from sandbox.runtime.ledger import Ledger, clear, owner
from sandbox.runtime.meters import Meters
from sandbox.runtime.probes import probe
from sandbox.runtime.reaper import Reaper
from sandbox.world.ports import (
    ContainerLaunch,
    Endpoint,
    ProbeAnswer,
    ProbeRequest,
    Target,
    TaskEvents,
    TaskLaunch,
    Usage,
)

INTERPRETERS = frozenset(("python", "python3"))
WRONG_FORMAT = 255
FAREWELL_SECONDS = 2.5
"""How long tasks have to stop when the sandbox ends."""


class Carrier(Protocol):
    """What carries requests to targets: the balancer."""

    def target_added(self, target: Target) -> None: ...
    def target_gone(self, target: Target) -> None: ...
    def when_idle(self, target: Target, callback: Callable[[], None]) -> None: ...


class Task:
    """A task between `start` and the end of its last container."""

    def __init__(self, launch: TaskLaunch) -> None:
        self.launch = launch
        self.endpoints: Mapping[int, Endpoint] = {}
        self.containers: dict[str, Container] = {}
        self.exit_code: int | None = None
        """Of the first essential container that ended."""
        self.stop_seconds: float | None = None
        """Set once it shall end."""


class ProcessRuntime:
    """Starts, stops and asks tasks, all on the running loop."""

    def __init__(
        self,
        clock: Clock,
        images: ImageStore,
        carrier: Carrier,
        state: Path,
        entrance: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """Kills what an earlier sandbox of this state directory left behind.

        `entrance` is the address by which a cluster's load balancer is reached from here: its name doesn't resolve, so
        tasks get the address as their proxy for http.

        Raises FileExistsError when one still runs there.
        """
        self._clock = clock
        self._images = images
        self._entrance = entrance
        self._carrier = carrier
        clear_leftovers(state)
        self._ledger = Ledger(state)
        self._reaper = Reaper(self._ledger.path)
        self._addresses = Addresses()
        self._events: TaskEvents | None = None
        self._tasks: dict[str, Task] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._meters = Meters(clock)
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def pids(self) -> list[int]:
        """The process ids of all that runs."""
        containers = (each for task in self._tasks.values() for each in task.containers.values())
        return [pid for each in containers if (pid := each.pid) is not None]

    def attach(self, events: TaskEvents) -> None:
        self._events = events

    def start(self, launch: TaskLaunch) -> None:
        self._tasks[launch.task_id] = Task(launch)
        self._idle.clear()
        self._do(self._start(self._tasks[launch.task_id]))

    def stop(self, task_id: str, timeout_seconds: float) -> None:
        task = self._tasks.get(task_id)
        if task is None or task.stop_seconds is not None:
            return
        task.stop_seconds = timeout_seconds
        for container in task.containers.values():
            container.stop(timeout_seconds)

    def probe(self, request: ProbeRequest, answer: Callable[[ProbeAnswer], None]) -> None:
        async def ask() -> None:
            answer(await probe(request))

        self._do(ask())

    def target_added(self, target: Target, endpoint: Endpoint) -> None:
        del endpoint
        self._carrier.target_added(target)

    def target_gone(self, target: Target) -> None:
        self._carrier.target_gone(target)

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        self._carrier.when_idle(target, callback)

    def usage(self, task_id: str) -> Usage:
        task = self._tasks.get(task_id)
        pids = [each.pid for each in task.containers.values() if each.pid is not None] if task else []
        return self._meters.read(task_id, pids)

    async def close(self) -> None:
        """Stop all tasks, kill those that won't; nothing is reported any more."""
        self._events = None
        for task_id in list(self._tasks):
            self.stop(task_id, FAREWELL_SECONDS)
        await self._idle.wait()
        for work in list(self._work):
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._reaper.close()
        self._ledger.close()

    # Starting.

    async def _start(self, task: Task) -> None:
        images: dict[str, Image] = {}
        for each in task.launch.containers:
            image = self._images.find(each.digest) if each.digest else None
            if image is None:
                self._never_ran(task, f"CannotPullContainerError: {each.image}: not found")
                return
            images[each.name] = image
        task.endpoints = self._addresses.take(port for each in task.launch.containers for port in each.ports)
        try:
            for each in task.launch.containers:
                await self._start_container(task, each, images[each.name])
        except (OSError, ValueError) as error:  # ValueError: a command or variable that no process can be given
            for container in task.containers.values():
                container.kill()
            if not task.containers:
                self._never_ran(task, f"CannotStartContainerError: {error}")
            return
        self._report_started(task)

    async def _start_container(self, task: Task, launch: ContainerLaunch, image: Image) -> None:
        if task.launch.task_id not in self._tasks:
            return  # an essential container has ended meanwhile, and the task with it
        container = Container(
            self._clock,
            self._ledger,
            log=partial(self._log, task, launch),
            ended=partial(self._container_ended, task, launch),
        )
        task.containers[launch.name] = container
        command = command_of(launch, image)
        if task.launch.architecture not in image.config.architectures:
            # What the kernel says to a program for another processor, and what a container runtime makes of it.
            complaint = f"import sys; sys.exit(print('exec {command[0]}: exec format error') or {WRONG_FORMAT})"
            command = (sys.executable, "-I", "-S", "-c", complaint)
        environment = environment_of(launch, image, task.endpoints, self._entrance(task.launch.cluster))
        try:
            await container.start(command, image.directory, environment)
        except (OSError, ValueError):
            del task.containers[launch.name]
            raise
        if task.stop_seconds is not None:
            container.stop(task.stop_seconds)

    def _report_started(self, task: Task) -> None:
        if self._events is not None and task.launch.task_id in self._tasks:
            self._events.started(task.launch.task_id, task.endpoints)

    # Ending.

    def _container_ended(self, task: Task, launch: ContainerLaunch, exit_code: int) -> None:
        del task.containers[launch.name]
        if launch.essential and task.exit_code is None:
            task.exit_code = exit_code
            self.stop(task.launch.task_id, task.launch.stop_timeout_seconds)
        if not task.containers:
            self._over(task, exit_code if task.exit_code is None else task.exit_code, "")

    def _never_ran(self, task: Task, reason: str) -> None:
        self._over(task, None, reason)

    def _over(self, task: Task, exit_code: int | None, reason: str) -> None:
        del self._tasks[task.launch.task_id]
        self._meters.forget(task.launch.task_id)
        self._addresses.give(task.endpoints)
        if self._events is not None:
            self._events.exited(task.launch.task_id, exit_code, reason)
        if not self._tasks:
            self._idle.set()

    def _log(self, task: Task, launch: ContainerLaunch, line: str) -> None:
        if self._events is not None:
            self._events.log(task.launch.task_id, line, launch.name)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def command_of(launch: ContainerLaunch, image: Image) -> tuple[str, ...]:
    """The task definition's entry point and command, else the image's; `python` is this interpreter."""
    command = (*launch.entry_point, *(launch.command or image.config.command))
    return (sys.executable, *command[1:]) if command[0] in INTERPRETERS else command


def environment_of(
    launch: ContainerLaunch, image: Image, endpoints: Mapping[int, Endpoint], entrance: str | None = None
) -> dict[str, str]:
    """Nothing of the sandbox's own environment; HOST and PORT last, since only loopback may be listened on."""
    first = endpoints[launch.ports[0]] if launch.ports else None
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        "HOME": str(image.directory),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        **({"http_proxy": entrance, "no_proxy": "127.0.0.1,localhost"} if entrance else {}),
        **image.config.environment,
        **launch.environment,
        "HOST": first.host if first else SHARED,
        **({"PORT": str(first.port)} if first else {}),
    }


def clear_leftovers(state: Path) -> None:
    """Kill the tasks of sandboxes that ended without doing so. Raises FileExistsError when one still runs."""
    for path in state.glob("tasks-*.ledger"):
        running = owner(path)
        if running is not None and running != os.getpid():
            raise FileExistsError(
                f"a sandbox (process {running}) already runs in {state}: end it, or use another --state-dir"
            )
        clear(path)
