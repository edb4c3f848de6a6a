"""The dashboard with rows behind it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from controller import dashboard
from controller.dashboard import DashboardContext
from controller.dashboard.hub import Hub
from controller.domain.changes import Marks
from controller.domain.secret import Secret
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.links import Links
from controller.polls import Polls
from controller.store import Store
from tests.support.builders import a_binding
from tests.support.rows import *  # noqa: F403
from tests.support.rows import NoonClock
from tests.support.town import Town


@dataclass
class Browser:
    store: Store
    clock: NoonClock
    github: str = "https://api.github.com"
    town: Town = field(default_factory=Town)
    lookups: Mapping[str, Any] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        bindings = {name: a_binding(name, branch) for name, branch in BRANCHES.items()}
        rights = Rights(Polls(self.town, self.store), bindings, self.clock)
        context = DashboardContext(
            self.store,
            self.clock,
            bindings,
            "1.2.3",
            Orders(self.store, self.clock, rights, lambda _: None),
            Doorkeeper(self.store, self.clock, Secret("a-token-for-the-tests")),
            rights,
            Links(self.store, self.clock, [Secret("a-key-for-the-links")]),
            Hub(lambda _: Marks({}, {}, 0)),
            github=self.github,
            **self.lookups,
        )
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
