"""Our side: the sandbox's world, in process, on a virtual clock, through the bytes of the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.config import Config

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.inprocess import bind_bytes
from sandbox.world.small import cloudformation
from sandbox.world.world import World
from tests.oracles.scripts import ACCOUNT, REGION, STACK, STACK_OUTPUTS
from tests.support.sandbox_aws import a_session

LIMIT_SECONDS = 900
PLACE = {
    "security": "sg-0123456789abcdef0",
    "vpc": "vpc-0123456789abcdef0",
    "subnet1": "subnet-0a1b2c3d4e5f60718",
    "subnet2": "subnet-0b1b2c3d4e5f60718",
}
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


class Ours:
    """A new world for each script, the same clients for all: they cost more than everything else."""

    name = "ours"
    crashes: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._session = a_session(REGION, ACCOUNT)
        self._clients: dict[str, Any] = {}
        self.world = self._new_world()
        self.front = bind_bytes(self._session, self.world)

    def begin(self) -> Mapping[str, Any]:
        self.world = self.front.world = self._new_world()
        cloudformation.seed(self.world.place(ACCOUNT, REGION), STACK, dict(STACK_OUTPUTS))
        return {**PLACE, "now": int(self.clock.now().timestamp() * 1000)}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Any = self._session.client
            self._clients[service] = make(service, config=ONE_ATTEMPT)
        return self._clients[service]

    def pauses(self) -> Iterator[None]:
        for _ in range(LIMIT_SECONDS):
            self.clock.advance(1)
            yield

    def _new_world(self) -> World:
        self.clock = VirtualClock()
        return World(self.clock, ScriptedRuntime(self.clock, Script()), account=ACCOUNT)
