"""A sandbox on a thread of this process, so that every call to its AWS can be read with its time."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sandbox.options import Options
from sandbox.run import Sandbox
from sandbox.world.calls import CallRecord
from tests.support.live import LiveController, SandboxDoor
from tests.support.processes import free_port


class WatchedSandbox:
    """Runs until `close`. `door` is where its webhooks and events go to."""

    def __init__(self, directory: Path, door: str, seed: int, speed: float = 10.0) -> None:
        self._options = Options(directory, f"{door}/github", f"{door}/aws", speed=speed, seed=seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.endpoints: dict[str, Any] = self._do(self._start())

    def calls(self) -> list[CallRecord]:
        """All so far, oldest first."""
        return list(self._do(self._read()))

    def close(self) -> None:
        self._do(self._sandbox.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> dict[str, Any]:
        self._sandbox = Sandbox(self._options)
        return await self._sandbox.start()

    async def _read(self) -> list[CallRecord]:
        return list(self._sandbox.world.calls)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def a_watched_pair(
    directory: Path, seed: int, speed: float = 10.0, **settings: str
) -> Iterator[tuple[WatchedSandbox, SandboxDoor, LiveController]]:
    """The sandbox on a thread, its control API, and a controller in a process of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with ExitStack() as ends:
        sandbox = WatchedSandbox(directory, f"http://127.0.0.1:{port}/webhooks", seed, speed)
        ends.callback(sandbox.close)
        door = SandboxDoor(sandbox.endpoints)
        ends.callback(door.close)
        controller = LiveController(directory, port, sandbox.endpoints, **settings)
        ends.callback(controller.close)
        yield sandbox, door, controller
