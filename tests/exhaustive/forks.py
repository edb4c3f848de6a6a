"""Every fault in a process of its own, forked from the undisturbed run just before the step in which it happens.

So no beginning is ever run twice. Forking is safe here because nothing in these processes has a thread.
"""

import gc
import os
import pickle
import selectors
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_child(do: Callable[[], Result]) -> Result:
    """What `do` returns, done in a forked child; its exceptions come back as a RuntimeError with the traceback."""
    child, reading = _forked(do)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    result: Result = _understood(told)
    return result


def side_by_side(tasks: Sequence[Callable[[], Result]], jobs: int) -> Iterator[Result]:
    """What the tasks return, `jobs` of them at a time, in the order in which they are done."""
    waiting = list(tasks)
    told: dict[int, tuple[int, bytearray]] = {}
    with selectors.DefaultSelector() as ready:
        while waiting or told:
            while waiting and len(told) < jobs:
                child, reading = _forked(waiting.pop(0))
                told[reading] = child, bytearray()
                ready.register(reading, selectors.EVENT_READ)
            for key, _ in ready.select():
                reading = key.fd
                child, so_far = told[reading]
                more = os.read(reading, 1 << 16)
                so_far += more
                if not more:
                    ready.unregister(reading)
                    os.close(reading)
                    os.waitpid(child, 0)
                    del told[reading]
                    yield _understood(bytes(so_far))


def _forked(do: Callable[[], Any]) -> tuple[int, int]:
    """The child, and where its answer will come."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _answer(writing, do)
    os.close(writing)
    return child, reading


def _understood(told: bytes) -> Any:
    if not told:
        raise RuntimeError("the child died without a word")
    is_good, value = pickle.loads(told)
    if not is_good:
        raise RuntimeError(f"in the child:\n{value}")
    return value


def _answer(writing: int, do: Callable[[], Any]) -> None:
    """Never returns: nothing that belongs to the parent may be cleaned up here."""
    gc.disable()
    try:
        answer = True, do()
    except BaseException:  # noqa: BLE001  (whatever it was, the parent hears of it)
        answer = False, traceback.format_exc()
    try:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
        sys.stdout.flush()
    finally:
        os._exit(0)
