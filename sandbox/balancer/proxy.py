"""The balancer itself: a real port for each listener, and what the runtime asks of it about its targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from sandbox.balancer.client import ClientConnection
from sandbox.balancer.door import Door
from sandbox.balancer.inflight import InFlight
from sandbox.balancer.meter import Meter
from sandbox.balancer.routing import RoundRobin, WeightedChoice
from sandbox.balancer.upstream import Pool
from sandbox.clock import Clock, Timer
from sandbox.world.ports import Observe, Target, unobserved
from sandbox.world.view import ListenerView, TrafficView

SWEEP_SECONDS = 1.0
HOST = "127.0.0.1"


def any_free_port(listener: ListenerView) -> int:
    """Let the system choose."""
    del listener
    return 0


class Balancer:
    """All load balancers of a world. Give it the world's view with `serve`; end it with `close`."""

    def __init__(self, clock: Clock, random: Random, port_for: Callable[[ListenerView], int] = any_free_port) -> None:
        self.meter = Meter(clock)
        self.inflight = InFlight()
        self.pool = Pool(clock)
        self.ports: dict[str, int] = {}
        """The real port of each listener, by ARN."""
        self._clock = clock
        self._port_for = port_for
        self._choice = WeightedChoice(random)
        self._turns = RoundRobin()
        self._clients: set[ClientConnection] = set()
        self._servers: dict[str, asyncio.Server] = {}
        self._traffic: TrafficView | None = None
        self._observe: Observe = unobserved
        self._followed = -1
        self._following: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._idle_soon: dict[Target, Timer] = {}

    async def serve(self, traffic: TrafficView, observe: Observe = unobserved) -> None:
        """Open a port for each listener, now and whenever one is made, and tell of each request.

        Raises OSError when a port is taken.
        """
        self._traffic = traffic
        self._observe = observe
        await self._follow()
        self._timer = self._clock.call_later(SWEEP_SECONDS, self._sweep)

    async def close(self) -> None:
        """Close every port and every connection; what was in flight is broken off."""
        if self._timer is not None:
            self._timer.cancel()
        if self._following is not None:
            self._following.cancel()
        for arn in list(self._servers):
            self._close_port(arn)
        for client in list(self._clients):
            client.abort()
        self.pool.close()
        await self._one_turn()

    async def _one_turn(self) -> None:
        """Let aborted connections say goodbye, which they do at the loop's next turn."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn

    # What a runtime passes on from the world.

    def target_added(self, target: Target) -> None:
        self.pool.welcome(target)

    def target_gone(self, target: Target) -> None:
        self.inflight.forget(target)
        told = self._idle_soon.pop(target, None)
        if told is not None:
            told.cancel()
        self.pool.cut(target)

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        """Call back, never from within, once nothing is in flight to a target that gets no more requests."""

        def tell() -> None:
            self._idle_soon.pop(target, None)
            callback()

        def soon() -> None:
            self._idle_soon[target] = self._clock.call_later(0, tell)

        self.pool.drain(target)
        self.inflight.when_idle(target, soon)

    # Ports.

    async def _follow(self) -> None:
        """Have exactly the ports that the world's listeners need."""
        assert self._traffic is not None
        version = self._traffic.version
        listeners = {listener.arn: listener for listener in self._traffic.listeners()}
        for arn in self._servers.keys() - listeners.keys():
            self._close_port(arn)
        for arn in listeners.keys() - self._servers.keys():
            await self._open_port(listeners[arn], self._traffic)
        self._followed = version

    async def _open_port(self, listener: ListenerView, traffic: TrafficView) -> None:
        door = Door(
            listener,
            traffic,
            self._choice,
            self._turns,
            self.pool,
            self.inflight,
            self.meter,
            self._clock,
            self._observe,
        )
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: ClientConnection(door, self._clients), HOST, self._port_for(listener), backlog=1024
        )
        self._servers[listener.arn] = server
        self.ports[listener.arn] = server.sockets[0].getsockname()[1]

    def _close_port(self, arn: str) -> None:
        self._servers.pop(arn).close()
        del self.ports[arn]

    def _sweep(self) -> None:
        for client in list(self._clients):
            client.check_idle()
        self.pool.sweep()
        is_following = self._following is not None and not self._following.done()
        if self._traffic is not None and self._traffic.version != self._followed and not is_following:
            self._following = asyncio.get_running_loop().create_task(self._follow())
        self._timer = self._clock.call_later(SWEEP_SECONDS, self._sweep)
