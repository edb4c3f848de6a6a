"""The API as the composition root serves it, with rows behind it and no network."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from controller import api
from controller.api import ApiContext
from controller.domain.approval import Glass
from controller.domain.candidates import Candidates
from controller.domain.secret import Secret
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.loop.unhurried import Lookup
from controller.polls import Polls
from controller.store import Store
from tests.support.builders import a_binding
from tests.support.rows import *  # noqa: F403
from tests.support.rows import NoonClock
from tests.support.town import Town

TOKEN = "a-token-for-the-tests"


@dataclass
class Door:
    """Asks the API; `context` and what it is made of may be changed before the first question."""

    store: Store
    clock: NoonClock
    woken: list[str] = field(default_factory=list)
    town: Town = field(default_factory=Town)
    dependencies: dict[str, Callable[[], None]] = field(default_factory=dict)
    preview: Callable[[str], Mapping[str, object]] = lambda name: {}
    ways_back: Lookup[Candidates] = lambda name, *, asks=True: Candidates()
    verification: threading.Lock = field(default_factory=threading.Lock)
    persons_token: str = ""
    glass: Glass | None = None

    @property
    def doorkeeper(self) -> Doorkeeper:
        return Doorkeeper(self.store, self.clock, Secret(TOKEN))

    @property
    def app(self) -> Starlette:
        bindings = {name: a_binding(name, branch, glass=self.glass) for name, branch in BRANCHES.items()}
        rights = Rights(Polls(self.town, self.store), bindings, self.clock)
        context = ApiContext(
            store=self.store,
            orders=Orders(self.store, self.clock, rights, self.woken.append),
            clock=self.clock,
            doorkeeper=self.doorkeeper,
            rights=rights,
            bindings=bindings,
            preview=self.preview,
            ways_back=self.ways_back,
            dependencies=self.dependencies,
            version="1.2.3",
            registry=CollectorRegistry(),
            verification=self.verification,
        )
        return Starlette(
            routes=api.routes(context), exception_handlers=api.exception_handlers(), middleware=api.middleware()
        )

    def ask(self, method: str, path: str, *, token: str | None = TOKEN, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= given.pop("headers", {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
                return await client.request(method, path, headers=headers, **given)

        return asyncio.run(send())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.ask("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.ask("POST", path, **given)


BRANCHES = {"dev": "develop", "staging": "staging", "prod": "main"}


@pytest.fixture
def door(store: Store, clock: NoonClock) -> Door:
    return Door(store, clock)
