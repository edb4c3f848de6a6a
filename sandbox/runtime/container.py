"""One container of a task: a process in a session of its own, its lines of output, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.clock import Clock, Timer
from sandbox.runtime.ledger import Ledger, kill_group

LAUNCH = Path(__file__).with_name("launch.py")
LINE_BYTES = 256 * 1024
"""What CloudWatch Logs takes as one event; a longer line is cut."""
LAST_WORDS_SECONDS = 1.0
"""How long after a process's end its output may still be held open by one that left its group."""


class Container(asyncio.SubprocessProtocol):
    """Reports each line to `log`, and its end once, when nothing of it is left, to `ended(exit_code)`."""

    def __init__(self, clock: Clock, ledger: Ledger, log: Callable[[str], None], ended: Callable[[int], None]) -> None:
        self._clock = clock
        self._ledger = ledger
        self._log = log
        self._ended = ended
        self._transport: asyncio.SubprocessTransport | None = None
        self._rest = b""
        self._exit_code: int | None = None
        self._is_silent = False
        self._is_over = False
        self._timers: list[Timer] = []

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._transport is not None and self._exit_code is None
        return self._transport.get_pid() if running and self._transport is not None else None

    async def start(self, command: tuple[str, ...], directory: Path, environment: Mapping[str, str]) -> None:
        """Raises OSError when no process can be made."""
        loop = asyncio.get_running_loop()
        await loop.subprocess_exec(
            lambda: self,
            *(sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
        )

    def stop(self, timeout_seconds: float) -> None:
        """SIGTERM to the process, as ECS sends it to a container's first one; later SIGKILL to all."""
        pid = self.pid
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        self._timers.append(self._clock.call_later(timeout_seconds, self.kill))

    def kill(self) -> None:
        """SIGKILL to the process and all that it has started."""
        pid = self.pid
        if pid is not None:
            kill_group(pid)

    # From the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._ledger.add(transport.get_pid())

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line)
        if len(self._rest) > LINE_BYTES:
            self._write(self._rest)
            self._rest = b""

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del fd, exc
        self._is_silent = True
        self._end_if_all_over()

    def process_exited(self) -> None:
        assert self._transport is not None
        pid, code = self._transport.get_pid(), self._transport.get_returncode()
        kill_group(pid)
        self._ledger.remove(pid)
        self._exit_code = exit_code_of(code or 0)
        self._timers.append(self._clock.call_later(LAST_WORDS_SECONDS, self._end))
        self._end_if_all_over()

    def _write(self, line: bytes) -> None:
        self._log(line[:LINE_BYTES].decode("utf-8", "replace").rstrip("\r"))

    def _end_if_all_over(self) -> None:
        if self._is_silent and self._exit_code is not None:
            self._end()

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        for timer in self._timers:
            timer.cancel()
        if self._rest:
            self._write(self._rest)
        assert self._transport is not None
        assert self._exit_code is not None
        self._transport.close()
        self._ended(self._exit_code)


def exit_code_of(returncode: int) -> int:
    """As a shell and ECS number it: 128 and the signal when a signal ended it.

    >>> exit_code_of(-9), exit_code_of(3)
    (137, 3)
    """
    return 128 - returncode if returncode < 0 else returncode
