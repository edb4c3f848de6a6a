"""Bounds on what a stranger may make this process read and hold."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from tests.webhooks.door import SECRET, Door, a_push, headers_of
from webhooks.bodies import MIB, Bodies
from webhooks.refusals import Outcome, Refused


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b" " * size


def test_the_limit_is_five_mebibytes() -> None:
    headers = {"Content-Type": "text/plain"}
    assert Door().post(b" " * 5 * MIB, headers).status_code == 415
    assert Door().post(b" " * (5 * MIB + 1), headers).status_code == 413


def test_a_declared_length_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    async def unread() -> Message:
        raise AssertionError("the body was read")

    with pytest.raises(Refused, match="at most 10 bytes"):
        asyncio.run(Bodies(limit_bytes=10).read(a_request(unread, content_length=b"11")))


@pytest.mark.parametrize("lie", [None, b"1", b"-1", b"none", b"9" * 5000, b"\xb2"])
def test_a_body_without_a_true_length_is_counted(lie: bytes | None) -> None:
    async def endless() -> Message:
        return {"type": "http.request", "body": b"12345678", "more_body": True}

    bodies = Bodies(limit_bytes=100)
    with pytest.raises(Refused, match="at most 100 bytes"):
        asyncio.run(bodies.read(a_request(endless, content_length=lie)))
    assert bodies.held_bytes == 0


def test_a_chunked_body_beyond_the_limit_is_refused_over_http() -> None:
    door = Door(bodies=Bodies(limit_bytes=100))
    answer = door.post(pieces(60, 60), {"Content-Type": "application/json"})
    assert (answer.status_code, door.outcomes) == (413, [Outcome.TOO_LARGE])


def test_a_body_that_never_ends_is_given_up() -> None:
    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    bodies = Bodies(seconds=0.001)
    with pytest.raises(Refused) as refused:
        asyncio.run(bodies.read(a_request(silence)))
    assert refused.value.status == 408


def test_a_connection_that_closes_early_is_no_error_of_ours() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Refused) as refused:
        asyncio.run(Bodies().read(a_request(gone)))
    assert refused.value.outcome is Outcome.CUT_SHORT


def test_all_bodies_together_stay_within_the_budget_and_leave_it_when_done() -> None:
    bodies = Bodies(budget_bytes=100)

    async def second_while_the_first_is_read() -> Refused:
        first_is_held, second_is_done = asyncio.Event(), asyncio.Event()
        messages: list[Message] = [{"type": "http.request", "body": b"x" * 60, "more_body": True}]

        async def first_receive() -> Message:
            if messages:
                return messages.pop()
            first_is_held.set()
            await second_is_done.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def second_receive() -> Message:
            return {"type": "http.request", "body": b"y" * 60, "more_body": False}

        first = asyncio.create_task(bodies.read(a_request(first_receive)))
        await first_is_held.wait()
        with pytest.raises(Refused) as refused:
            await bodies.read(a_request(second_receive))
        second_is_done.set()
        assert await first == b"x" * 60
        return refused.value

    refused = asyncio.run(second_while_the_first_is_read())
    assert (refused.status, refused.retry_after_seconds, bodies.held_bytes) == (503, 5, 0)


def test_size_is_looked_at_before_type_and_signature() -> None:
    door = Door(bodies=Bodies(limit_bytes=3))
    assert door.post(b"four", {"Content-Type": "text/html"}).status_code == 413


def test_a_body_of_exactly_the_limit_passes() -> None:
    body = b"{}"
    door = Door(bodies=Bodies(limit_bytes=len(body)))
    assert door.post(body, headers_of(body, event="star", secret=SECRET)).status_code == 202
    assert door.deliver("push", a_push()).status_code == 413


def a_request(receive: object, content_length: bytes | None = None) -> Request:
    headers = [] if content_length is None else [(b"content-length", content_length)]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)  # type: ignore[arg-type]
