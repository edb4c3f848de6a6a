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
from sandbox.world.view import ListenerView, TrafficView


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
        self._door.meter.refused(self._door.listener.arn, "", self._status)
        self._client.write(own_answer(self._status, f"{self._why}\n", keep=False))

    def client_gone(self) -> None:
        self.answered = True

    def time_out(self) -> None:
        """Nothing to wait for."""

    def client_writable(self, writable: bool) -> None:
        """Nothing is read for this one."""
