"""HTTP servers on the sandbox's own loop: loopback only, on a port that is either free or the one asked for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

HOST = "127.0.0.1"
GRACE_SECONDS = 1


class PortTakenError(OSError):
    """Somebody else listens there."""


def listen(port: int, purpose: str) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises PortTakenError, which says what to do."""
    # Named as TCP, so that asyncio turns Nagle's algorithm off; else each small answer waits 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(1024)
    except OSError as error:
        made.close()
        raise PortTakenError(
            f"port {port} for {purpose} can't be had ({error.strerror}): "
            "choose another --port-base, or leave it out to take free ports"
        ) from error
    made.setblocking(False)
    return made


def address(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the whole sandbox."""
        yield


class HttpServer:
    """One ASGI application on one socket."""

    def __init__(self, application: Any, listening: socket.socket) -> None:
        config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = _Server(config)
        self._task = asyncio.get_running_loop().create_task(self._server.serve([listening]))

    async def close(self) -> None:
        """Answer what is in flight for at most a second, then end."""
        self._server.should_exit = True
        await self._task
