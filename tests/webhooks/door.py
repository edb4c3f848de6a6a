"""The GitHub door with a fake inbox behind it, and requests as GitHub would send them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette

from controller.domain.delivery import Delivery, Receipt
from webhooks.bodies import Bodies
from webhooks.refusals import Outcome
from webhooks.routes import github_route

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"the secret in use"
OLD_SECRET = b"the secret before it"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


@dataclass
class Inbox:
    """Holds deliveries by id, as the store does; raises `broken` when told to."""

    rows: dict[str, Delivery] = field(default_factory=dict)
    calls: int = 0
    broken: Exception | None = None

    def accept(self, delivery: Delivery) -> Receipt:
        self.calls += 1
        if self.broken is not None:
            raise self.broken
        is_new = delivery.id not in self.rows
        self.rows.setdefault(delivery.id, delivery)
        return Receipt.ACCEPTED if is_new else Receipt.DUPLICATE

    @property
    def row(self) -> Delivery:
        [row] = self.rows.values()
        return row


@dataclass
class StoppedClock:
    reads: int = 0

    def now(self) -> datetime:
        self.reads += 1
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the door never sleeps")


@dataclass
class Door:
    secrets: tuple[bytes, ...] = (SECRET, OLD_SECRET)
    bodies: Bodies = field(default_factory=Bodies)
    most_waiting: int = 500
    inbox: Inbox = field(default_factory=Inbox)
    clock: StoppedClock = field(default_factory=StoppedClock)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        route = github_route(
            self.secrets,
            self.inbox.accept,
            self.clock,
            bodies=self.bodies,
            most_waiting=self.most_waiting,
            count=self.outcomes.append,
        )
        return Starlette(routes=[route])

    def post(
        self, body: bytes | AsyncIterator[bytes], headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]]
    ) -> httpx.Response:
        """Sends exactly these headers beside those of HTTP itself; an exception in the door is raised here."""

        async def send() -> httpx.Response:
            async with self._client() as client:
                return await client.post("/webhooks/github", content=body, headers=headers)

        return asyncio.run(send())

    def deliver_many(self, number: int, *, together: bool) -> list[httpx.Response]:
        """So many different pushes to the same door, all at once or one after the other."""
        body = json.dumps(a_push()).encode()

        async def send() -> list[httpx.Response]:
            async with self._client() as client:
                headers = [headers_of(body, guid=f"{GUID[:-1]}{digit}") for digit in range(number)]
                posts = [client.post("/webhooks/github", content=body, headers=each) for each in headers]
                return await asyncio.gather(*posts) if together else [await post for post in posts]

        return asyncio.run(send())

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://tidegate")

    def deliver(self, event: str, payload: Any, *, guid: str = GUID, secret: bytes = SECRET) -> httpx.Response:
        """A payload signed as it should be."""
        body = json.dumps(payload).encode()
        return self.post(body, headers_of(body, event=event, guid=guid, secret=secret))


def headers_of(body: bytes, *, event: str = "push", guid: str = GUID, secret: bytes = SECRET) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": signed(body, secret),
    }


def signed(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def a_push(**changes: Any) -> dict[str, Any]:
    return {
        "ref": "refs/heads/develop",
        "after": COMMIT,
        "deleted": False,
        "repository": {"full_name": "acme/captioncraft", "fork": False},
    } | changes


def raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The same headers in a form that can hold one twice, and bytes that are no ASCII."""
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
