"""The one thread on which this GitHub thinks, and the way back to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sandbox.github.state import Event, State

T = TypeVar("T")


class Desk:
    """Runs jobs on the state one after the other, off the loop, and hands out the events they caused.

    One worker instead of locks: a push, a merge and a read can never see each other half done, and the
    loop stays free while git works. Listeners run on the loop, in the order in which things happened.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-github")
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    async def do(self, job: Callable[[], T]) -> T:
        """Run a job; a caller that goes away does not stop it, and its events leave all the same."""
        running = asyncio.get_running_loop().run_in_executor(self._worker, self._run, job)
        running.add_done_callback(self._spread)
        (result, _) = await asyncio.shield(running)
        if isinstance(result, BaseException):
            raise result
        return result

    def _run(self, job: Callable[[], T]) -> tuple[T | BaseException, list[Event]]:
        try:
            result: T | BaseException = job()
        except Exception as error:  # noqa: BLE001 - carried over to the caller, with the events that did happen
            result = error
        return result, self.state.take_events()

    def _spread(self, running: asyncio.Future[tuple[T | BaseException, list[Event]]]) -> None:
        for event in running.result()[1]:
            for listener in self._listeners:
                listener(event)

    def hush(self) -> None:
        """From now on nobody hears of anything."""
        self._listeners.clear()

    def close(self) -> None:
        """Finish the job at hand, start no other."""
        self._worker.shutdown(wait=True)
