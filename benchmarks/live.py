"""Pages that are left open: what 200 of them cost at rest, and how soon they hear of a change."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx
import psutil

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, percentile
from tests.support.live import LiveController, a_pair

CPU_LIMIT_PERCENT, HEARD_LIMIT_MS = 5.0, 1000.0
CHANGES = 20
PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 20.0
HOW = (
    "`tidegate serve` in a process of its own, one connection of /events for each page, from one other process.\n"
    "A change is an order over the API, measured from before it is sent, so with the request and the commit.\n"
    "At rest nothing happens but the passes, for {seconds:g} s each with and without pages."
)


@dataclass
class Page:
    """`heard_at` is when the first event of a change came, `heard` is set since."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: float = 0.0

    async def listen(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(b"event: changed") and not self.heard.is_set():
                self.heard_at = time.perf_counter()
                self.heard.set()


def run(given: Given) -> Result:
    place = given.directory / "pair"
    place.mkdir(parents=True)
    with a_pair(place, "--seed", str(given.seed)) as pair:
        controller = pair.controller
        controller.ended(pair.sandbox.merge()["commit"])
        process = psutil.Process(controller.child.pid)
        alone = _share(process, given.seconds)
        return asyncio.run(_measured(given, controller, process, alone))


async def _measured(given: Given, controller: LiveController, process: psutil.Process, alone: float) -> Result:
    before = process.memory_info().rss
    pages = [await _opened(controller.port) for _ in range(given.pages)]
    listening = [asyncio.create_task(page.listen()) for page in pages]
    await asyncio.sleep(PAUSE_SECONDS)
    together = await asyncio.to_thread(_share, process, given.seconds)
    memory = process.memory_info().rss - before
    took = [await _told(controller, pages) for _ in range(CHANGES)]
    for task in listening:
        task.cancel()
    for page in pages:
        page.writer.close()
    last, median = [max(each) for each in took], [percentile(each, 50) for each in took]
    return Result(
        f"{given.pages} open pages",
        HOW.format(seconds=given.seconds),
        (
            at_most("of a core at rest, more than without pages", together - alone, CPU_LIMIT_PERCENT, "%"),
            Figure("  without pages", amount(alone, "%")),
            Figure("  resident, more", amount(memory / 1e6, "MB")),
            at_most("from the order to the last page: p50", percentile(last, 50), HEARD_LIMIT_MS, "ms"),
            at_most("  p95", percentile(last, 95), HEARD_LIMIT_MS, "ms"),
            Figure("  to the page in the middle: p50", amount(percentile(median, 50), "ms")),
        ),
    )


def _share(process: psutil.Process, seconds: float) -> float:
    """Of one core, in percent."""
    began, used = time.monotonic(), _cpu_seconds(process)
    time.sleep(seconds)
    return (_cpu_seconds(process) - used) / (time.monotonic() - began) * 100


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _opened(port: int) -> Page:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    status = await reader.readline()
    assert b" 200 " in status, status
    return Page(reader, writer)


async def _told(controller: LiveController, pages: list[Page]) -> list[float]:
    """Milliseconds until each page has heard."""
    await asyncio.sleep(PAUSE_SECONDS)
    for page in pages:
        page.heard.clear()
    began = time.perf_counter()
    body = {"order": "unhold", "reason": "to see who hears of it"}
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {controller.token}"}) as client:
        left = await client.post(f"{controller.url}/api/v1/environments/dev/orders", json=body)
        left.raise_for_status()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for page in pages:
            await page.heard.wait()
    return [(page.heard_at - began) * 1000 for page in pages]
