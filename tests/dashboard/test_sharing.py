"""Parts that are the same for everybody: drawn once for those who ask together, and nobody waits for another page."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from controller.dashboard.sharing import Shared
from controller.dashboard.visiting import NOBODY
from tests.support.builders import NOON

SECONDS = 10.0
"""After so long a test that hangs has failed."""


def asking(query: str) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": []})


class Artist:
    """Draws when it is let; says when it has begun."""

    def __init__(self) -> None:
        self.drawn = 0
        self.began, self.may_end = threading.Event(), threading.Event()

    def draw(self) -> Response:
        self.drawn += 1
        self.began.set()
        assert self.may_end.wait(SECONDS)
        return HTMLResponse(f"picture {self.drawn}")


def body(shared: Shared, query: str, draw: Callable[[], Response], since: str = "") -> bytes:
    return bytes(shared.page(asking(query), replace(NOBODY, since=since), NOON, draw).body)


def at_once(query: str) -> Callable[[], Response]:
    return lambda: HTMLResponse(f"quick {query}")


def test_a_page_that_is_slow_to_draw_keeps_nobody_waiting_who_asks_for_another_one() -> None:
    shared, slow = Shared(), Artist()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(body, shared, "a", slow.draw)
        assert slow.began.wait(SECONDS)
        other = threads.submit(body, shared, "b", at_once("b"))
        try:
            assert other.result(SECONDS) == b"quick b"
            assert not first.done()
        finally:
            slow.may_end.set()
    assert first.result() == b"picture 1"


def test_those_who_ask_for_the_same_one_get_what_the_first_has_drawn() -> None:
    shared, slow = Shared(), Artist()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(body, shared, "a", slow.draw)
        assert slow.began.wait(SECONDS)
        others = [threads.submit(body, shared, "a", slow.draw) for _ in range(3)]
        slow.may_end.set()
    assert {each.result() for each in (first, *others)} == {b"picture 1"}
    assert slow.drawn == 1


def test_what_could_not_be_drawn_is_drawn_by_whoever_asks_next() -> None:
    def breaks() -> Response:
        raise LookupError("no such page")

    shared = Shared()
    with pytest.raises(LookupError):
        body(shared, "a", breaks)
    assert body(shared, "a", at_once("a")) == b"quick a"


def test_so_many_are_kept_and_the_oldest_is_drawn_anew() -> None:
    shared = Shared(most=2)
    for query in ("a", "b", "c"):
        body(shared, query, at_once(query))
    assert body(shared, "c", at_once("again")) == b"quick c"
    assert body(shared, "a", at_once("again")) == b"quick again"


def test_whoever_knows_of_another_change_gets_another_one() -> None:
    shared = Shared()
    assert body(shared, "a", at_once("a"), since="1") != body(shared, "a", at_once("b"), since="2")
