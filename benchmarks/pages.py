"""Pages of many environments: how long the server takes for one, without a network."""

import asyncio
import time

import httpx
from starlette.applications import Starlette

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, percentile
from benchmarks.town import bindings, fill
from controller import dashboard
from controller.adapters.clock import SystemClock
from controller.app import watching
from controller.dashboard import DashboardContext
from controller.domain.secret import Secret
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.links import Links
from controller.polls import Polls
from controller.store import Store
from controller.store.schema import migrate
from tests.support.town import Town

SERVICES = 20
ASKED, WARM = 40, 3
LIMIT_MS = 100.0
HOW = (
    "Each page {asked} times in one process, over ASGI: rows, views, template, the whole answer. Every fifth\n"
    "environment moves, every fifth asks people, every seventh is held, every seventh drifts. The first one after a\n"
    "start also reads each environment's file."
)


def run(given: Given) -> Result:
    directory = given.directory / "pages"
    directory.mkdir(parents=True)
    url = f"sqlite:///{directory / 'tidegate.db'}"
    migrate(url)
    clock = SystemClock()
    store = Store(url, clock)
    fill(store, given.columns, SERVICES, clock.now())
    first, figures = asyncio.run(_asked(_app(store, clock, given.columns)))
    store.close()
    title = f"Pages of {given.columns} environments with {SERVICES} services"
    return Result(title, HOW.format(asked=ASKED), (Figure("the first page after a start", first), *figures))


def _app(store: Store, clock: SystemClock, columns: int) -> Starlette:
    bound = bindings(columns)
    rights = Rights(Polls(Town(), store), bound, clock)
    context = DashboardContext(
        store,
        clock,
        bound,
        "benchmark",
        Orders(store, clock, rights, lambda _: None),
        Doorkeeper(store, clock, Secret("a-token-for-the-benchmark")),
        rights,
        Links(store, clock, [Secret("a-key-for-the-links")]),
        watching(store),
        github="https://api.github.com",
    )
    return Starlette(routes=dashboard.routes(context))


async def _asked(app: Starlette) -> tuple[str, list[Figure]]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
        first = amount(await _one(client, "/"), "ms")
        home = [await _one(client, "/") for _ in range(ASKED + WARM)][WARM:]
        used = await _used(client, "/")
        size = len((await client.get("/")).content)
        deployment = [await _one(client, "/deployments/team-00-dev-2") for _ in range(ASKED + WARM)][WARM:]
    return first, [
        at_most("home: CPU, in the middle", used, LIMIT_MS, "ms"),
        Figure("  until it is there, with whatever else runs here: p50", amount(percentile(home, 50), "ms")),
        Figure("  p95", amount(percentile(home, 95), "ms")),
        Figure("  its size", amount(size / 1000, "kB")),
        Figure("a deployment that moves: p50", amount(percentile(deployment, 50), "ms")),
        Figure("  p95", amount(percentile(deployment, 95), "ms")),
    ]


async def _used(client: httpx.AsyncClient, path: str) -> float:
    """Milliseconds of this process."""
    found = []
    for _ in range(ASKED):
        began = time.process_time()
        await _one(client, path)
        found.append((time.process_time() - began) * 1000)
    return percentile(found, 50)


async def _one(client: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    (await client.get(path)).raise_for_status()
    return (time.perf_counter() - began) * 1000
