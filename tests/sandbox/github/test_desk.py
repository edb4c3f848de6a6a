"""The one thread that owns the state."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from sandbox.clock import VirtualClock
from sandbox.github.desk import Desk
from sandbox.github.people import SEEDED, People
from sandbox.github.state import Event, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path, VirtualClock(), People("secret"))
    state.add_repository("acme/captioncraft", "main")
    return state


def emit(state: State, name: str) -> None:
    state.emit(state.repositories["acme/captioncraft"], name, {}, SEEDED[0])


def test_the_loop_goes_on_while_a_job_blocks(state: State) -> None:
    async def story() -> bool:
        desk, released = Desk(state), threading.Event()
        job = asyncio.create_task(desk.do(lambda: released.wait(10)))
        asyncio.get_running_loop().call_soon(released.set)
        done = await job
        desk.close()
        return done

    assert asyncio.run(story())


def test_events_leave_in_the_order_of_the_jobs(state: State) -> None:
    async def story() -> list[str]:
        desk, heard = Desk(state), list[Event]()
        desk.listen(heard.append)
        await asyncio.gather(*(desk.do(lambda name=name: emit(state, name)) for name in "abc"))
        desk.close()
        return [event.name for event in heard]

    assert asyncio.run(story()) == ["a", "b", "c"]


def test_a_failed_job_raises_and_its_events_leave_all_the_same(state: State) -> None:
    def job() -> None:
        emit(state, "a")
        raise LookupError("then it broke")

    async def story() -> list[str]:
        desk, heard = Desk(state), list[Event]()
        desk.listen(heard.append)
        with pytest.raises(LookupError):
            await desk.do(job)
        desk.close()
        return [event.name for event in heard]

    assert asyncio.run(story()) == ["a"]


def test_a_caller_that_goes_away_stops_nothing(state: State) -> None:
    async def story() -> list[str]:
        desk, heard, started, go_on = Desk(state), list[Event](), threading.Event(), threading.Event()
        desk.listen(heard.append)

        def job() -> None:
            started.set()
            go_on.wait(10)
            emit(state, "a")

        caller = asyncio.create_task(desk.do(job))
        await asyncio.to_thread(started.wait, 10)
        caller.cancel()
        go_on.set()
        await desk.do(lambda: None)
        desk.close()
        return [event.name for event in heard]

    assert asyncio.run(story()) == ["a"]
