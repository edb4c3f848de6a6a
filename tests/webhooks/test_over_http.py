"""The bounds again, through the real server and a socket: what a stranger can make it read."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from tests.webhooks.door import Door
from webhooks.bodies import MIB
from webhooks.refusals import Outcome

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[str]]

HEAD = b"POST /webhooks/github HTTP/1.1\r\nHost: tidegate\r\nContent-Type: application/json\r\n"


def test_a_declared_length_beyond_the_limit_is_answered_before_a_byte_of_it_is_sent() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        writer.write(HEAD + b"Content-Length: 999999999\r\n\r\n")
        return (await reader.readline()).decode()

    assert " 413 " in answered(talk)


def test_chunks_without_end_are_answered_soon_after_the_limit() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        nonlocal sent
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = asyncio.create_task(reader.readline())
        while not answer.done() and sent < 50 * MIB:
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await asyncio.wait([answer, asyncio.create_task(writer.drain())], return_when=asyncio.FIRST_COMPLETED)
            sent += 65536
        return (await answer).decode()

    assert " 413 " in answered(talk)
    assert sent < 20 * MIB


def test_a_length_below_the_truth_hides_nothing() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}" + b"x" * MIB)
        return (await reader.readline()).decode()

    door = Door()
    assert answered(talk, door).startswith("HTTP/1.1 4")
    assert door.inbox.calls == 0
    assert door.outcomes == [Outcome.UNSIGNED]


def answered(talk: Talk, door: Door | None = None) -> str:
    """The status line that a client gets who talks like this."""

    async def both() -> str:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config((door or Door()).app, log_config=None, lifespan="off", ws="none")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await talk(reader, writer)
            finally:
                writer.transport.abort()
                server.should_exit = True
                await serving

    return asyncio.run(both())
