"""The world over HTTP: an ASGI application for uvicorn, on the same loop as the world's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sandbox.wire.exchange import Reply, exchange
from sandbox.wire.front import Front
from sandbox.world.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY = 16 * 1024 * 1024


class Application:
    """Answers every signed request; `AWS_ENDPOINT_URL` points here."""

    def __init__(self, world: World) -> None:
        self.front = Front(world)
        self._clock = world.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"the AWS front speaks HTTP only, found {scope['type']}")
        body = await _body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reply = exchange(self.front, headers, body, scope["method"], _target(scope)) if body is not None else Reply(413)
        if reply.is_lost:
            await _until_gone(receive)
            return
        if reply.delay_seconds:
            await self._pause(reply.delay_seconds)
        await _send(send, reply)

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self._clock.call_later(seconds, over.set)
        await over.wait()


def application(world: World) -> Application:
    return Application(world)


def _target(scope: Scope) -> str:
    """Path and query as they were sent: a name may hold an encoded slash."""
    return f"{scope['raw_path'].decode('latin-1')}?{scope['query_string'].decode('latin-1')}"


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than any AWS request."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _until_gone(receive: Receive) -> None:
    """Answer nothing until the client gives up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, reply: Reply) -> None:
    headers = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})
