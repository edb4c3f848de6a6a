"""The door for Slack's buttons: nobody but Slack is heard, each once, and the answer comes before the work."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from controller.adapters.slack.verifier import SlackSignatures
from controller.domain.errors import Transient
from controller.domain.interaction import Did, Interaction
from tests.webhooks.door import NOW, StoppedClock
from tests.webhooks.test_slack import APP, TEAM, body, pressed
from webhooks.refusals import Outcome
from webhooks.routes import slack_route

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = body(pressed("approve"))
FORM = "application/x-www-form-urlencoded"


@dataclass
class Answers:
    """`log` is in which order things happened."""

    log: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    heard: list[Interaction] = field(default_factory=list)
    broken: Exception | None = None

    def is_new(self, heard: Interaction) -> bool:
        if self.broken is not None:
            raise self.broken
        is_new = heard.digest not in self.taken
        self.taken.add(heard.digest)
        return is_new

    def hear(self, heard: Interaction) -> None:
        self.log.append("done")
        self.heard.append(heard)


@dataclass
class Door:
    answers: Answers = field(default_factory=Answers)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        signatures = SlackSignatures([SECRET], StoppedClock())
        return Starlette(routes=[slack_route(signatures, self.answers, TEAM, APP, count=self.outcomes.append)])

    def post(self, raw: bytes = BODY, **headers: Any) -> httpx.Response:
        """As Slack would, but for the headers that are given; None leaves one out."""

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.post("/webhooks/slack", content=raw, headers=signed(raw, **headers))

        return asyncio.run(run())


def signed(raw: bytes, stamp: str | None = None, signature: str | None = None, kind: str = FORM) -> list[Any]:
    now = stamp if stamp is not None else str(int(NOW.timestamp()))
    digest = hmac.new(SECRET.encode(), b"v0:" + now.encode() + b":" + raw, hashlib.sha256).hexdigest()
    given = signature if signature is not None else f"v0={digest}"
    named = [("content-type", kind), ("x-slack-request-timestamp", now), ("x-slack-signature", given)]
    return [(name.encode(), value.encode("latin-1")) for name, value in named]


@pytest.fixture
def door() -> Door:
    return Door()


def test_what_slack_sends_is_heard_and_answered_with_nothing(door: Door) -> None:
    answered = door.post()
    assert (answered.status_code, answered.json()) == (200, {})
    assert [heard.did for heard in door.answers.heard] == [Did.APPROVE]
    assert door.outcomes == [Outcome.ACCEPTED]


def test_slack_is_answered_before_the_work_is_done(door: Door) -> None:
    async def run() -> None:
        is_read = False

        async def receive() -> dict[str, Any]:
            nonlocal is_read
            if is_read:
                return {"type": "http.disconnect"}
            is_read = True
            return {"type": "http.request", "body": BODY, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                door.answers.log.append("answered")

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/webhooks/slack",
            "headers": signed(BODY),
            "query_string": b"",
            "app": None,
        }
        await door.app(scope, receive, send)

    asyncio.run(run())
    assert door.answers.log == ["answered", "done"]


def test_the_same_request_twice_is_done_once(door: Door) -> None:
    assert [door.post().status_code for _ in range(3)] == [200, 200, 200]
    assert len(door.answers.heard) == 1
    assert door.outcomes == [Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.DUPLICATE]


def test_what_can_t_be_remembered_is_503_and_not_done(door: Door) -> None:
    door.answers.broken = Transient("database is locked")
    answered = door.post()
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "5")
    assert door.answers.heard == []
    assert door.outcomes == [Outcome.UNAVAILABLE]
    door.answers.broken = None
    assert door.post().status_code == 200
    assert len(door.answers.heard) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"signature": "v0=" + "0" * 64}, 401),
        ({"signature": ""}, 401),
        ({"signature": "v0=\xe9"}, 401),
        ({"stamp": "now"}, 401),
        ({"stamp": str(int(NOW.timestamp()) - 301)}, 401),
        ({"stamp": str(int(NOW.timestamp()) + 301)}, 401),
        ({"kind": "application/json"}, 415),
        ({"kind": ""}, 415),
    ],
    ids=str,
)
def test_nobody_else_is_heard(door: Door, headers: dict[str, str], status: int) -> None:
    assert door.post(**headers).status_code == status
    assert (door.answers.heard, door.answers.taken) == ([], set())


def test_two_signatures_are_none(door: Door) -> None:
    async def run() -> int:
        transport = httpx.ASGITransport(app=door.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = signed(BODY)
            answered = await client.post("/webhooks/slack", content=BODY, headers=[*headers, headers[-1]])
            return answered.status_code

    assert asyncio.run(run()) == 401


def test_another_workspace_s_request_is_not_heard_however_well_signed(door: Door) -> None:
    assert door.post(body({**pressed("approve"), "team": {"id": "T_OTHER"}})).status_code == 401
    assert door.answers.taken == set()


def test_what_is_no_payload_is_400(door: Door) -> None:
    assert door.post(b"payload=%7B").status_code == 400


def test_more_than_slack_sends_is_413_and_not_read_to_its_end(door: Door) -> None:
    sent = 0

    async def drip() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 65536

    async def run() -> int:
        transport = httpx.ASGITransport(app=door.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.post("/webhooks/slack", content=drip(), headers=signed(b""))).status_code

    assert asyncio.run(run()) == 413
    assert sent < 100
