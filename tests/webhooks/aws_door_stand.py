"""The AWS door with a fake inbox behind it and a fake Amazon beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import httpx
from starlette.applications import Starlette

from tests.webhooks.door import NOW, Inbox
from tests.webhooks.topic import TOPIC, Network
from webhooks.bodies import Bodies
from webhooks.refusals import Outcome
from webhooks.routes import AWS_LIMIT_BYTES, aws_route

SECRET = b"the secret in use"
OLD_SECRET = b"the secret before it"
Headers = Mapping[str, str] | Sequence[tuple[bytes, bytes]]


@dataclass
class MovedClock:
    """Moves only when it is told to."""

    passed: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the door never sleeps")


@dataclass
class AwsStand:
    secrets: tuple[bytes, ...] = (SECRET, OLD_SECRET)
    topics: tuple[str, ...] = (TOPIC,)
    bodies: Bodies = field(default_factory=lambda: Bodies(limit_bytes=AWS_LIMIT_BYTES))
    network: Network = field(default_factory=Network)
    inbox: Inbox = field(default_factory=Inbox)
    clock: MovedClock = field(default_factory=MovedClock)
    outcomes: list[Outcome] = field(default_factory=list)

    @cached_property
    def app(self) -> Starlette:
        route = aws_route(
            self.secrets,
            self.topics,
            self.network,
            self.inbox.accept,
            self.clock,
            bodies=self.bodies,
            count=self.outcomes.append,
        )
        return Starlette(routes=[route])

    def post(self, body: bytes, headers: Headers) -> httpx.Response:
        [answer] = self.post_all([body], headers)
        return answer

    def post_all(self, bodies: Sequence[bytes], headers: Headers) -> list[httpx.Response]:
        """All at once."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
                return await asyncio.gather(
                    *(client.post("/webhooks/aws", content=body, headers=headers) for body in bodies)
                )

        return asyncio.run(send())

    def event(self, given: Any, secret: bytes | None = SECRET) -> httpx.Response:
        """As an API destination sends it."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        shown = {} if secret is None else {"X-Tidegate-Secret": secret.decode()}
        return self.post(json.dumps(given).encode(), headers | shown)

    def message(self, given: Any) -> httpx.Response:
        """As SNS sends it."""
        return self.post(json.dumps(given).encode(), SNS_HEADERS)

    @property
    def is_untouched(self) -> bool:
        """No row, and no call to anybody."""
        return not (self.inbox.calls or self.network.read or self.network.confirmed)


SNS_HEADERS = {"Content-Type": "text/plain; charset=UTF-8", "X-Amz-Sns-Message-Type": "Notification"}
