"""A world on a loop of its own, behind uvicorn: AWS as another process sees it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import uvicorn

from sandbox.clock import LoopClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.server import application
from sandbox.world.world import World

T = TypeVar("T")


class ServedAws:
    """`url` is what AWS_ENDPOINT_URL wants; the world is read on its own thread."""

    def __init__(self, speed: float = 1.0, script: Script | None = None) -> None:
        self._speed = speed
        self._script = script or Script(start_seconds=0.2, boot_seconds=0.05)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def read(self, look: Callable[[World], T]) -> T:
        """Look at the world while nothing else does."""

        async def looked() -> T:
            return look(self._world)

        return asyncio.run_coroutine_threadsafe(looked(), self._loop).result(10)

    def until(self, is_so: Callable[[World], Any], limit_seconds: float = 20.0) -> None:
        """Wait until the world is like this; it is looked at after each of its events."""

        async def waited() -> None:
            async with asyncio.timeout(limit_seconds):
                while not is_so(self._world):
                    self._changed.clear()
                    await self._changed.wait()

        asyncio.run_coroutine_threadsafe(waited(), self._loop).result(limit_seconds + 5)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        clock = LoopClock()
        runtime = ScriptedRuntime(clock, self._script)
        self._world = World(clock, runtime, speed=self._speed, notify=lambda _: self._changed.set())
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(application(self._world), log_level="warning", lifespan="off")
        self._server = _Announced(config, self._ready)
        await self._server.serve(sockets=[listening])


class _Announced(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listens: threading.Event) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens.set()
