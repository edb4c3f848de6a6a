"""The load is open: what is sent does not wait for what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sandbox.clock import LoopClock
from sandbox.traffic import Load, Report

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nX-Captioncraft-Version: 1.2.3\r\nContent-Length: 2\r\n\r\nok"


def load(handler: Handler, rate: float, seconds: float) -> Report:
    """What a load reports about a server with this handler."""

    async def run() -> Report:
        serving: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            serving.add(task)
            await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            report = await Load(LoopClock(), port, "shop", rate, seconds, [b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"]).run()
        server.close()
        await asyncio.gather(*serving, return_exceptions=True)
        return report

    return asyncio.run(run())


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        writer.write(OK)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)


async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))


def test_all_is_sent_and_all_answers_are_counted() -> None:
    report = load(answer_all, rate=500, seconds=0.2)
    assert (report.sent, report.failed, report.by_status, report.by_version) == (100, 0, {200: 100}, {"1.2.3": 100})
    assert len(report.latencies_seconds) == 100


def test_a_request_without_an_answer_has_failed() -> None:
    report = load(hang_up, rate=500, seconds=0.1)
    assert (report.sent, report.failed, report.unanswered) == (50, 50, 50)


def test_a_5xx_has_failed_though_it_was_answered() -> None:
    report = load(fail, rate=500, seconds=0.1)
    assert (report.failed, report.unanswered, report.by_status) == (50, 0, {503: 50})


def test_a_server_that_closes_politely_costs_nothing() -> None:
    report = load(one_each, rate=500, seconds=0.1)
    assert (report.sent, report.failed) == (50, 0)


def test_no_requests_is_a_report_too() -> None:
    assert load(answer_all, rate=1, seconds=0.1).as_json() == {
        "state": "done",
        "sent": 0,
        "failed": 0,
        "unanswered": 0,
        "by_status": {},
        "by_version": {},
        "latency_ms": {"p50": None, "p95": None, "p99": None, "p100": None},
    }
