"""A cloud on the sandbox's AWS: in process, on a virtual clock, with the log of every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import boto3
from botocore.credentials import CredentialProvider

from controller.adapters.aws.cloud import Clouds
from controller.adapters.aws.session import Callers, role_session
from controller.adapters.clock import SystemClock
from controller.domain.actions import PrepareGroup, RunSlot
from controller.domain.bindings import Binding, Place
from controller.domain.content import Content
from controller.domain.errors import Conflict
from controller.domain.manifest import Minimum
from controller.domain.names import OWNER, OWNER_TAG, PLACE_TAG, SERVICE_TAG
from controller.domain.ports import Cloud, Permit
from controller.domain.slot import Slot
from controller.domain.snapshot import GroupSettings
from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import ScriptedRuntime
from sandbox.wire.inprocess import bind
from sandbox.world.calls import CallRecord
from sandbox.world.small import cloudformation
from sandbox.world.world import World
from tests.support.sandbox_aws import ACCOUNT, REGION, SERVICES, Sandbox, a_session

STACK = "captioncraft-dev"
CLUSTER = "dev"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/execution"
SWITCH = f"arn:aws:iam::{ACCOUNT}:role/switch"
SUBNETS = ("subnet-1", "subnet-2")
SECURITY_GROUPS = ("sg-1",)
NETWORK_OF_TASKS = {
    "awsvpcConfiguration": {
        "subnets": list(SUBNETS),
        "securityGroups": list(SECURITY_GROUPS),
        "assignPublicIp": "DISABLED",
    }
}
SETTINGS = GroupSettings(
    port=8000,
    path="/health",
    interval_seconds=5,
    timeout_seconds=2,
    healthy=2,
    unhealthy=2,
    deregistration_delay_seconds=15,
)
OURS = {OWNER_TAG: OWNER, PLACE_TAG: STACK}


class CurrentWorld:
    """The world of the test that runs now. Clients are made once for all tests: they cost more than the tests do."""

    def __init__(self) -> None:
        self.now: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


CURRENT: Any = CurrentWorld()
SESSION = a_session()
bind(SESSION, CURRENT)
CLIENTS: dict[str, Any] = {}
CALLERS = Callers(SystemClock().now, own=lambda _: SESSION)


class SharedSandbox(Sandbox):
    """A world of its own, and everybody's clients."""

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.runtime = ScriptedRuntime(self.clock, self.script)
        self.world = World(self.clock, self.runtime)
        CURRENT.now = self.world

    def __getattr__(self, name: str) -> Any:
        if name not in CLIENTS:
            make: Any = SESSION.client
            CLIENTS[name] = make(SERVICES.get(name, name))
        return CLIENTS[name]


@dataclass
class ControllerClock:
    """The sandbox's virtual clock, as the controller's port wants it."""

    sandbox: Sandbox

    def now(self) -> datetime:
        return self.sandbox.clock.now()

    def monotonic(self) -> float:
        return self.sandbox.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)


@dataclass
class Rig:
    """A seeded place: cluster, listener, stack; `cloud` is what is tested."""

    sandbox: Sandbox = field(default_factory=SharedSandbox)
    role: str | None = None
    name: str = "dev"

    def __post_init__(self) -> None:
        self.sandbox.foundation()
        self.listener = self.sandbox.listener
        self.outputs = {
            "Cluster": CLUSTER,
            "Listener": self.listener,
            "Vpc": "vpc-1",
            "Subnets": ",".join(SUBNETS),
            "SecurityGroups": ",".join(SECURITY_GROUPS),
            "ExecutionRole": EXECUTION,
            "SwitchRole": SWITCH,
        }
        self.seed_stack(self.outputs)
        self.checks = 0
        self.images: dict[tuple[str, str], str] = {}
        self.hooks: list[tuple[str, Callable[..., None]]] = []
        self.clouds = self._new_clouds(CALLERS if self.role is None else None)
        self.cloud: Cloud = self.clouds.of(self.binding())
        self.world.calls.clear()

    @property
    def world(self) -> Any:
        return self.sandbox.world

    @property
    def clock(self) -> Any:
        return self.sandbox.clock

    def seed_stack(self, outputs: dict[str, str]) -> None:
        cloudformation.seed(self.world.place(ACCOUNT, REGION), STACK, outputs)

    def binding(self, **place: Any) -> Binding:
        given = {"account": ACCOUNT, "region": REGION, "stack": STACK, "role": self.role, **place}
        return Binding(
            name=self.name,
            repository="acme/captioncraft",
            branch="develop",
            aws=Place(**given),
            minimum=Minimum(),
            priorities=range(1000, 2000),
        )

    def _new_clouds(self, callers: Callers | None = None) -> Clouds:
        clock = ControllerClock(self.sandbox)
        return Clouds(clock, callers or Callers(clock.now, self._own, self._assumed))

    def stranger(self) -> Cloud:
        """The same place for somebody who remembers nothing; `hooks` may change what AWS answers."""
        return self._new_clouds(None if self.hooks else CALLERS).of(self.binding())

    def _own(self, region: str) -> boto3.Session:
        session = a_session(region)
        bind(session, self.world)
        for event, change in self.hooks:
            session.events.register(event, change)
        return session

    def _assumed(self, region: str, credentials: CredentialProvider) -> boto3.Session:
        session = role_session(region, credentials)
        bind(session, self.world)
        return session

    def permit(self, token: str = "token-1") -> Permit:
        def check() -> None:
            self.checks += 1

        return Permit(deployment="d-1", token=token, check=check)

    def lost_lease(self) -> Permit:
        def check() -> None:
            raise Conflict("the lease is lost", code="lease.lost")

        return Permit(deployment="d-1", token="token-1", check=check)

    def calls(self, operation: str | None = None) -> list[CallRecord]:
        return [call for call in self.world.calls if operation in (None, call.operation)]

    def asked(self, operation: str) -> list[Any]:
        """The parameters of every such call."""
        return [call.parameters for call in self.calls(operation)]

    def operations(self) -> list[str]:
        return [call.operation for call in self.world.calls]

    def changes(self) -> list[str]:
        return [call.operation for call in self.world.calls.mutating()]

    # what a rollout does, step by step

    def content(self, service: str = "backend", tag: str = "v1", **changes: Any) -> Content:
        if (service, tag) not in self.images:
            self.images[service, tag] = self.sandbox.push(f"captioncraft-{service}", tag)
        return replace(a_content(service, self.images[service, tag]), **changes)

    def prepared(self, service: str = "backend", slot: Slot = Slot.BLUE) -> str:
        """The slot's target group, made; its ARN."""
        self.cloud.traffic.prepare_group(PrepareGroup(service, slot, SETTINGS), self.permit())
        return str(self.group(service, slot)["TargetGroupArn"])

    def run(self, content: Content, slot: Slot = Slot.BLUE, count: int = 2, token: str = "token-1") -> str:
        """The slot's service, made or updated; the ARN of its definition."""
        definition = self.cloud.definitions.register(content, self.permit())
        self.cloud.tasks.run_slot(a_run(content, slot, definition, count), self.permit(token))
        return definition

    def group(self, service: str = "backend", slot: Slot = Slot.BLUE) -> Any:
        name = f"{STACK}-{service}-{slot}"
        return self.sandbox.elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]

    def rules(self) -> list[Any]:
        shown = self.sandbox.elbv2.describe_rules(ListenerArn=self.listener)["Rules"]
        return [rule for rule in shown if not rule["IsDefault"]]

    def service(self, service: str = "backend", slot: Slot = Slot.BLUE) -> Any:
        shown = self.sandbox.ecs.describe_services(
            cluster=CLUSTER, services=[f"{STACK}-{service}-{slot}"], include=["TAGS"]
        )
        return shown["services"][0]

    def tags(self, arn: str) -> dict[str, str]:
        shown = self.sandbox.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        return {tag["Key"]: tag["Value"] for tag in shown}


def a_content(service: str = "backend", image: str = "registry/backend@sha256:" + "a" * 64) -> Content:
    return Content(
        family=f"{STACK}-{service}",
        service=service,
        image=image,
        cpu=256,
        memory=512,
        architecture="X86_64",
        port=8000,
        execution_role=EXECUTION,
        task_role=None,
        stop_timeout_seconds=30,
        environment={"LOG_LEVEL": "info", "COLOUR": "none"},
        secrets={},
        parameters={},
        log_group=f"/ecs/{STACK}/{service}",
        log_retention_days=30,
        region=REGION,
        subnets=SUBNETS,
        security_groups=SECURITY_GROUPS,
    )


def a_run(content: Content, slot: Slot, definition: str, count: int = 2) -> RunSlot:
    return RunSlot(content.service, slot, definition, content, count, grace_seconds=30)


def elb_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def ours(service: str, **more: str) -> dict[str, str]:
    return {**OURS, SERVICE_TAG: service, **more}
