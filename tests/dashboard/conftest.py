"""The dashboard with rows behind it."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from controller import dashboard
from controller.dashboard import DashboardContext
from controller.store import Store
from tests.support.builders import a_binding
from tests.support.rows import *  # noqa: F403
from tests.support.rows import NoonClock


@dataclass
class Browser:
    store: Store
    clock: NoonClock
    github: str = "https://api.github.com"

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        bindings = {name: a_binding(name, branch) for name, branch in BRANCHES.items()}
        context = DashboardContext(self.store, self.clock, bindings, "1.2.3", self.github)
        app = Starlette(routes=dashboard.routes(context))

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
                return await client.request(method, path)

        return asyncio.run(send())


BRANCHES = {"dev": "develop", "staging": "staging", "prod": "main"}


@pytest.fixture
def browser(store: Store, clock: NoonClock) -> Browser:
    return Browser(store, clock)
