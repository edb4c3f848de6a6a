"""The same stories on real processes and on scripted tasks: what the world shows of each, without times and ids."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from sandbox.clock import Clock, LoopClock, VirtualClock
from sandbox.images import Image, ImageConfig, ImageStore
from sandbox.runtime.processes import ProcessRuntime
from sandbox.runtime.scripted import Script, ScriptedRuntime, exec_format_error, never_healthy
from sandbox.world.ports import Target, WorldEvent
from sandbox.world.world import World

SPEED = 20.0
PATIENT, STRICT = {"interval": 100, "grace": 200}, {"interval": 5, "grace": 0}
"""Seconds before the speed divides them: a target may fail for ten seconds, or for half a second and no more."""
LIMIT_SECONDS = 30.0
"""Far more than any story takes: a machine that is busy with other things must not fail a test."""

SERVER = b"""
import os, socket, sys, time
mode = sys.argv[1]
print("mode", mode, flush=True)
if mode == "crash":
    sys.exit(1)
if mode == "job":
    sys.exit(0)
if mode == "slow":
    time.sleep(1)
server = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
answer = b"HTTP/1.1 500 Sick" if mode == "sick" else b"HTTP/1.1 200 OK"
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.sendall(answer + b"\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    client.close()
"""
QUICK = Script(start_seconds=0.05, boot_seconds=0.05)
SCRIPTS = {
    "ok": QUICK,
    "crash": replace(QUICK, ends_after_seconds=0.03, exit_code=1),
    "job": replace(QUICK, ends_after_seconds=0.03, exit_code=0),
    "sick": replace(QUICK, health=never_healthy()),
    "slow": replace(QUICK, boot_seconds=1.0),
    "arm": exec_format_error(),
}
"""What a script of each mode is; `arm` is an image for another processor."""

BREAKS = 3
"""So many failed tasks end a deployment."""

Until = Callable[[], bool]
Story = Callable[["Cast"], Iterator[Until]]


class NoRequests:
    """A carrier for which every target is idle at once: nobody asks anything here but health checks."""

    def target_added(self, target: Target) -> None: ...
    def target_gone(self, target: Target) -> None: ...

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(callback)


@dataclass
class Cast:
    """One world with a cluster, a listener and an image of each mode; `kill` ends a task's process from outside."""

    world: World
    images: dict[str, str]
    kill: Callable[[str], None]
    listener: str = ""
    rules: int = 0

    def __post_init__(self) -> None:
        self.call("ecs", "CreateCluster", clusterName="dev")
        balancer = self.call("elbv2", "CreateLoadBalancer", Name="dev", Subnets=["subnet-1", "subnet-2"])
        default = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        made = self.call(
            "elbv2",
            "CreateListener",
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[default],
        )
        self.listener = made["Listeners"][0]["ListenerArn"]

    def call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        return self.world.call(service, operation, parameters)

    def define(self, mode: str, family: str) -> str:
        container = {
            "name": "app",
            "image": self.images[mode],
            "portMappings": [{"containerPort": 8000}],
            "stopTimeout": 5,
        }
        made = self.call(
            "ecs",
            "RegisterTaskDefinition",
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[container],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serve(self, name: str, mode: str, *, interval: int, grace: int) -> None:
        """A service of one task behind a rule of its own, that fails after three tasks."""
        group = self.call(
            "elbv2",
            "CreateTargetGroup",
            Name=name,
            Protocol="HTTP",
            Port=8000,
            VpcId="vpc-1",
            TargetType="ip",
            HealthCheckIntervalSeconds=interval,
            HealthCheckTimeoutSeconds=4,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.rules += 1
        self.call(
            "elbv2",
            "CreateRule",
            ListenerArn=self.listener,
            Priority=self.rules,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{name}"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        breaker = {"type": "COUNT", "value": BREAKS}
        self.call(
            "ecs",
            "CreateService",
            cluster="dev",
            serviceName=name,
            taskDefinition=self.define(mode, name),
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8000}],
            healthCheckGracePeriodSeconds=grace,
            deploymentConfiguration={
                "deploymentCircuitBreaker": {
                    "enable": True,
                    "rollback": False,
                    "resetOnHealthyTask": False,
                    "thresholdConfiguration": breaker,
                }
            },
        )

    def service(self, name: str) -> Any:
        return self.call("ecs", "DescribeServices", cluster="dev", services=[name])["services"][0]

    def is_in(self, name: str, state: str) -> Until:
        return lambda: self.service(name)["deployments"][0]["rolloutState"] == state

    def is_steady(self, name: str, times: int = 1) -> bool:
        """So often has its only deployment come to rest."""
        said = sum("steady state" in event["message"] for event in self.service(name)["events"])
        return said == times and self.is_in(name, "COMPLETED")()

    def stopped(self, name: str) -> int:
        listed = self.call("ecs", "ListTasks", cluster="dev", serviceName=name, desiredStatus="STOPPED")["taskArns"]
        shown = self.call("ecs", "DescribeTasks", cluster="dev", tasks=listed)["tasks"] if listed else []
        return sum(task["lastStatus"] == "STOPPED" for task in shown)

    def has_ended(self, task: str) -> bool:
        [shown] = self.call("ecs", "DescribeTasks", cluster="dev", tasks=[task])["tasks"]
        return bool(shown["lastStatus"] == "STOPPED")

    def tasks(self, name: str) -> list[str]:
        return [str(arn) for arn in self.call("ecs", "ListTasks", cluster="dev", serviceName=name)["taskArns"]]


def healthy(cast: Cast) -> Iterator[Until]:
    cast.serve("healthy", "ok", **PATIENT)
    yield lambda: cast.is_steady("healthy")


def crash_at_start(cast: Cast) -> Iterator[Until]:
    cast.serve("crash-at-start", "crash", **PATIENT)
    yield cast.is_in("crash-at-start", "FAILED")
    yield lambda: cast.stopped("crash-at-start") == BREAKS


def never_gets_healthy(cast: Cast) -> Iterator[Until]:
    """The one more task is started before the third that fails has stopped; nothing follows it."""
    cast.serve("never-gets-healthy", "sick", **STRICT)
    yield cast.is_in("never-gets-healthy", "FAILED")
    yield lambda: cast.stopped("never-gets-healthy") == BREAKS + 1


def exec_format(cast: Cast) -> Iterator[Until]:
    cast.serve("exec-format", "arm", **PATIENT)
    yield cast.is_in("exec-format", "FAILED")
    yield lambda: cast.stopped("exec-format") == BREAKS


def slow_start(cast: Cast) -> Iterator[Until]:
    cast.serve("slow-start", "slow", **PATIENT)
    yield lambda: cast.is_steady("slow-start")


def drain_at_zero(cast: Cast) -> Iterator[Until]:
    cast.serve("drain-at-zero", "ok", **PATIENT)
    yield lambda: cast.is_steady("drain-at-zero")
    cast.call("ecs", "UpdateService", cluster="dev", service="drain-at-zero", desiredCount=0)
    yield lambda: cast.stopped("drain-at-zero") == 1 and cast.is_steady("drain-at-zero", times=2)


def killed_midway(cast: Cast) -> Iterator[Until]:
    cast.serve("killed-midway", "slow", **PATIENT)
    yield lambda: cast.service("killed-midway")["runningCount"] == 1
    [arn] = cast.tasks("killed-midway")
    cast.kill(arn.rpartition("/")[2])
    yield lambda: cast.is_steady("killed-midway")


def a_job(cast: Cast) -> Iterator[Until]:
    run = {
        "cluster": "dev",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    }
    for mode in ("job", "crash"):
        definition = cast.define(mode, f"a-job-{mode}")
        [task] = cast.call("ecs", "RunTask", taskDefinition=definition, group="a-job", **run)["tasks"]
        yield partial(cast.has_ended, task["taskArn"])


STORIES: dict[str, Story] = {
    "healthy": healthy,
    "crash-at-start": crash_at_start,
    "never-gets-healthy": never_gets_healthy,
    "exec-format": exec_format,
    "slow-start": slow_start,
    "drain-at-zero": drain_at_zero,
    "killed-midway": killed_midway,
    "a-job": a_job,
}
"""By the name of the service, or of the group of tasks, that the story is about."""


@dataclass(frozen=True)
class Seen:
    """What showed of one story."""

    deployments: list[str]
    """In the order in which it happened."""
    tasks: list[list[str]]
    """Each task's states, and at the end how it stopped."""
    targets: list[list[str]]
    """Each target's states."""
    events: dict[str, int]
    """How often the service said what. One task's end and the next one's start have no order between them."""


def seen(world: World, name: str) -> Seen:
    tasks = [
        each for each in world.journal.of("ECS Task State Change") if each.detail["group"] in (name, f"service:{name}")
    ]
    targets = [each for each in world.journal.of("Target State Change") if f"targetgroup/{name}/" in each.resource]
    return Seen(
        deployments=[
            each.detail["eventName"]
            for each in world.journal.of("ECS Deployment State Change")
            if each.resource.endswith(f"/{name}")
        ],
        events=dict(Counter(_events(world, name))),
        tasks=[_life(of_task) for of_task in _by(tasks, lambda each: each.resource)],
        targets=[
            [state for state, _ in groupby(each.detail["state"] for each in of_target)]
            for of_target in _by(targets, lambda each: each.detail["target"])
        ],
    )


def _by(events: list[Any], key: Callable[[Any], str]) -> list[list[Any]]:
    found: dict[str, list[Any]] = {}
    for event in events:
        found.setdefault(key(event), []).append(event)
    return list(found.values())


def _life(events: list[Any]) -> list[str]:
    last = events[-1].detail
    ended = [f"{last.get('stopCode')}: {_without_ids(str(last.get('stoppedReason')))}: {last.get('exitCode')}"]
    states = [event.detail["lastStatus"] for event in events]
    return states + (ended if states[-1] == "STOPPED" else [])


def _events(world: World, name: str) -> list[str]:
    said = (each.detail["message"] for each in world.journal.of("Service Event") if each.resource.endswith(f"/{name}"))
    return [_without_ids(message) for message in said]


def _without_ids(text: str) -> str:
    """Kinds of messages: without what is in parentheses, which is ids, addresses and the words of a failed check."""
    return re.sub(r"\s*\([^)]*\)", "", text).strip()


# The two runtimes.


def scripted() -> dict[str, Seen]:
    """Every story on a virtual clock."""
    clock = VirtualClock()
    runtime = ScriptedRuntime(clock)
    world = World(clock, runtime, speed=SPEED)
    images = {mode: _pushed(world, mode, f'{{"mode": "{mode}"}}') for mode in SCRIPTS}
    for mode, script in SCRIPTS.items():
        runtime.script(images[mode].partition("@")[2], script)
    cast = Cast(world, images, runtime.kill)
    for story in STORIES.values():
        for until in story(cast):
            clock.run_until(until, 600)
    return {name: seen(world, name) for name in STORIES}


async def on_processes(directory: Path) -> dict[str, Seen]:
    """Every story at once, with real processes on the running loop. Raises TimeoutError when one takes too long."""
    store = ImageStore(directory / "images")
    clock = LoopClock()
    runtime = ProcessRuntime(clock, store, NoRequests(), directory)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await _played(clock, runtime, store)
    finally:
        await runtime.close()


async def _played(clock: Clock, runtime: ProcessRuntime, store: ImageStore) -> dict[str, Seen]:
    news = {name: asyncio.Event() for name in STORIES}

    def tell(event: WorldEvent) -> None:
        for each in news.values():
            each.set()

    world = World(clock, runtime, speed=SPEED, notify=tell)
    images = {mode: _pushed(world, mode, _image(store, mode).manifest) for mode in SCRIPTS}
    cast = Cast(world, images, partial(_kill, runtime))

    async def play(name: str) -> None:
        for until in STORIES[name](cast):
            while not until():
                news[name].clear()
                await news[name].wait()

    async with asyncio.TaskGroup() as playing:
        for name in STORIES:
            playing.create_task(play(name))
    return {name: seen(world, name) for name in STORIES}


def _image(store: ImageStore, mode: str) -> Image:
    only_arm = {"architectures": ("ARM64",)} if mode == "arm" else {}
    config = ImageConfig(("python", "-I", "-S", "server.py", mode), {}, **only_arm)
    return store.add({"server.py": (0o100644, SERVER)}, config)


def _pushed(world: World, mode: str, manifest: str) -> str:
    """The image's pinned name, once it is in the registry."""
    world.call("ecr", "CreateRepository", {"repositoryName": mode})
    pushed = world.call("ecr", "PutImage", {"repositoryName": mode, "imageManifest": manifest, "imageTag": "v1"})
    digest = pushed["image"]["imageId"]["imageDigest"]
    return f"{world.account}.dkr.ecr.eu-west-1.amazonaws.com/{mode}@{digest}"


def _kill(runtime: ProcessRuntime, task_id: str) -> None:
    [container] = runtime._tasks[task_id].containers.values()
    assert container.pid is not None
    os.kill(container.pid, signal.SIGKILL)
