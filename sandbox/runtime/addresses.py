"""Where a task listens: a loopback address of its own where the system has one, else a free port.

Linux answers on all of 127.0.0.0/8 without any set-up; macOS only on 127.0.0.1.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping

from sandbox.world.ports import Endpoint

SHARED = "127.0.0.1"


class Addresses:
    """Hands out 127.x.y.n, x and y by the process id so that two sandboxes stay apart, n in turn."""

    def __init__(self, number: int | None = None) -> None:
        number = os.getpid() if number is None else number
        self._prefix = f"127.{1 + number // 256 % 254}.{number % 256}"
        self._turn = 0
        self._taken: set[str] = set()

    def take(self, ports: Iterable[int]) -> Mapping[int, Endpoint]:
        """A real endpoint for each container port; give the same mapping back to `give`."""
        wanted = tuple(dict.fromkeys(ports))
        for _ in range(254):
            self._turn = self._turn % 254 + 1
            host = f"{self._prefix}.{self._turn}"
            if host in self._taken:
                continue
            if all(_can_bind(host, port) for port in wanted):
                self._taken.add(host)
                return {port: Endpoint(host, port) for port in wanted}
            if not _can_bind(host, 0):
                break
        return {port: Endpoint(SHARED, _free_port()) for port in wanted}

    def give(self, endpoints: Mapping[int, Endpoint]) -> None:
        self._taken.difference_update(endpoint.host for endpoint in endpoints.values())


def _can_bind(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.bind((SHARED, 0))
        return int(trial.getsockname()[1])
