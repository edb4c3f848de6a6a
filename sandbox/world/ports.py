"""What the world needs from outside, besides the clock: something that runs tasks, and somebody to tell.

All of it happens on one thread (the loop's, or the test's). A runtime answers later, through the clock or
the loop: it never calls back from inside the call that it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Endpoint:
    """Where something really listens, on this machine."""

    host: str
    port: int


@dataclass(frozen=True)
class ContainerLaunch:
    """One container of a task, with everything resolved that ECS resolves before it starts one."""

    name: str
    image: str
    """As the task definition names it, for messages."""
    repository: str
    """The repository's name in ECR, without registry, tag or digest; empty for an image from elsewhere."""
    digest: str
    """`sha256:…` of the platform manifest; what an image is known by. Empty for an image from elsewhere."""
    command: tuple[str, ...]
    """Empty means the image's own."""
    entry_point: tuple[str, ...]
    environment: Mapping[str, str]
    """Task definition, overrides, secrets and what Fargate injects, already merged. May hold secrets."""
    ports: tuple[int, ...]
    essential: bool = True

    @property
    def pinned(self) -> str:
        """`repository@sha256:…`, the image without its registry."""
        return f"{self.repository}@{self.digest}"

    def __repr__(self) -> str:
        names = sorted(self.environment)
        return f"ContainerLaunch(name={self.name!r}, image={self.image!r}, environment={names})"


@dataclass(frozen=True)
class TaskLaunch:
    """A task to start."""

    task_id: str
    """32 hexadecimal digits, unique in this world; every callback names it."""
    arn: str
    cluster: str
    family: str
    group: str
    """`service:<name>` or `family:<family>`."""
    account: str
    region: str
    private_address: str
    """The 10.x address that the API shows; nothing listens there."""
    containers: tuple[ContainerLaunch, ...]
    stop_timeout_seconds: float
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    cpu_units: int = 256
    """What it has reserved: 1024 are one core."""
    memory_mib: int = 512


@dataclass(frozen=True)
class Target:
    """One registered target of a target group; equal values are the same target."""

    group_arn: str
    id: str
    """The address by which it was registered: the task's private address."""
    port: int
    task_id: str = field(default="", compare=False)
    """Empty for a target that is no task of this world."""


@dataclass(frozen=True)
class ProbeRequest:
    """One health check of one target."""

    target: Target
    endpoint: Endpoint
    path: str
    timeout_seconds: float
    """Already divided by the world's speed."""


@dataclass(frozen=True)
class ProbeAnswer:
    """What came back: a status, or none and why."""

    status: int | None
    failure: Literal["", "refused", "timeout", "malformed"] = ""


@dataclass(frozen=True)
class Usage:
    """What a task uses now: processor cores (a half is 0.5), and memory."""

    cores: float = 0.0
    mebibytes: float = 0.0


class Runtime(Protocol):
    """What runs tasks and carries requests to them: processes behind a real balancer, or a script."""

    def attach(self, events: TaskEvents) -> None:
        """Called once by the world, before anything else, with where to report to."""
        ...

    def start(self, launch: TaskLaunch) -> None:
        """Begin to start a task; later report `started` or `exited` (never neither)."""
        ...

    def stop(self, task_id: str, timeout_seconds: float) -> None:
        """SIGTERM, and SIGKILL after `timeout_seconds`; later report `exited`.

        May come before `started`, and again for a task that is stopping; one unknown or gone is ignored.
        """
        ...

    def probe(self, request: ProbeRequest, answer: Callable[[ProbeAnswer], None]) -> None:
        """GET `request.path`; call `answer` exactly once, within the timeout. Redirects are not followed."""
        ...

    def target_added(self, target: Target, endpoint: Endpoint) -> None:
        """A target was registered and may soon get requests."""
        ...

    def target_gone(self, target: Target) -> None:
        """A target has finished draining or was never used: what is still in flight to it may be cut."""
        ...

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        """Call back once, when the draining target has no request in flight (at the next turn if it has
        none now).

        Not called after `target_gone`.
        """
        ...

    def usage(self, task_id: str) -> Usage:
        """What a task uses, cores on average since it was last asked; nothing for one that does not run."""
        ...


@dataclass(frozen=True)
class Answered:
    """One request that a load balancer has dealt with, or several that went alike."""

    load_balancer_arn: str
    group_arn: str
    """Empty when no target was chosen."""
    status: int
    """460 when the client left before its answer was complete."""
    by_target: bool = True
    """False when the load balancer answered by itself."""
    seconds: float = 0.0
    """From sending the request to the target to the first byte of its answer."""
    times: int = 1


class Observe(Protocol):
    """Who is told of every request by whatever balances, on the world's thread."""

    def __call__(self, request: Answered) -> None: ...


class TaskEvents(Protocol):
    """What a runtime reports to the world. Reports about unknown or ended tasks are ignored."""

    def started(self, task_id: str, endpoints: Mapping[int, Endpoint]) -> None:
        """The task's processes run; `endpoints` says where each container port really listens (or will)."""
        ...

    def exited(self, task_id: str, exit_code: int | None, reason: str = "") -> None:
        """All of the task has ended.

        `exit_code` is a container's (137 after SIGKILL, 143 after an unhandled SIGTERM); None when it
        never ran, and then `reason` begins with ECS's own error name, such as `CannotStartContainerError: …`.
        """
        ...

    def log(self, task_id: str, line: str, container: str = "") -> None:
        """A line of output, without its newline; of the first container unless named."""
        ...


@dataclass(frozen=True)
class WorldEvent:
    """Something that AWS would tell EventBridge, or that shows in an answer from now on."""

    time: datetime
    account: str
    region: str
    source: str
    """`aws.ecs`, `aws.elasticloadbalancing`, `aws.ecr`, `aws.scheduler`, `aws.cloudwatch`."""
    kind: str
    """EventBridge's detail-type where there is one."""
    resource: str
    detail: Mapping[str, Any]


class Notify(Protocol):
    """Who is told of each event, at once and in order; must not call back into the world."""

    def __call__(self, event: WorldEvent) -> None: ...


def nobody(event: WorldEvent) -> None:
    """Tell nobody."""
    del event


def unobserved(request: Answered) -> None:
    """Let nobody count it."""
    del request
