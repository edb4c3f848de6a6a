"""What a listener's exchanges share, whom they answer to, and the shortest of them: a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sandbox.balancer.heads import own_answer
from sandbox.balancer.inflight import InFlight
from sandbox.balancer.meter import Meter
from sandbox.balancer.routing import RoundRobin, WeightedChoice
from sandbox.balancer.upstream import Pool
from sandbox.clock import Clock
from sandbox.world.ports import Answered, Observe
from sandbox.world.view import ListenerView, TrafficView

NO_TARGET = 503
"""What the balancer answers when a group has none."""


@dataclass(frozen=True)
class Door:
    """What the exchanges of one listener share."""

    listener: ListenerView
    traffic: TrafficView
    choice: WeightedChoice
    turns: RoundRobin
    pool: Pool
    inflight: InFlight
    meter: Meter
    clock: Clock
    observe: Observe

    def answered(self, group: str, status: int, latency_seconds: float) -> None:
        """A target answered."""
        self.meter.answered(self.listener.arn, group, status, latency_seconds)
        self.observe(Answered(self.listener.load_balancer_arn, group, status, seconds=latency_seconds))

    def refused(self, group: str, status: int) -> None:
        """The balancer answered by itself; `group` is empty when none had been chosen."""
        self.meter.refused(self.listener.arn, group, status)
        chosen = "" if status == NO_TARGET else group
        self.observe(Answered(self.listener.load_balancer_arn, chosen, status, by_target=False))

    def connection_failed(self, group: str) -> None:
        """A target could not be connected to."""
        self.meter.connection_failed(self.listener.arn, group)


class Client(Protocol):
    """The connection that an exchange answers to."""

    source: str

    def write(self, data: bytes) -> None: ...
    def advance(self) -> None: ...
    def adjust_reading(self) -> None: ...
    def touch(self) -> None: ...
    def break_off(self) -> None: ...
    def open_tunnel(self) -> None: ...


class Refusal:
    """Stands in the queue for a request that could not be read; answers, and the connection ends."""

    begun = answered = received = False
    keep = False
    is_held = False

    def __init__(self, client: Client, door: Door, status: int, why: str) -> None:
        self._client = client
        self._door = door
        self._status = status
        self._why = why

    def begin(self) -> None:
        self.begun = self.answered = True
        self._door.refused("", self._status)
        self._client.write(own_answer(self._status, f"{self._why}\n", keep=False))

    def client_gone(self) -> None:
        self.answered = True

    def time_out(self) -> None:
        """Nothing to wait for."""

    def client_writable(self, writable: bool) -> None:
        """Nothing is read for this one."""
