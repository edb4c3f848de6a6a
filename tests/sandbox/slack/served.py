"""What the fixtures hand out: a served Slack on a clock that stands still, and the app it talks to."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import httpx
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.clock import VirtualClock
from sandbox.slack.sending import Answer
from sandbox.slack.server import Slack
from tests.sandbox.github.served import Host

REQUEST_URL = "http://127.0.0.1:9/webhooks/slack"
DEPLOYS, PROD, GENERAL = "C05DEPLOYS1", "C05DEPLOYS2", "C05GENERAL1"
ADA, GRACE = "U05ADA00001", "U05GRACE001"
Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request that left Slack."""

    method: str
    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def payload(self) -> Json:
        return dict(json.loads(parse_qs(self.body.decode())["payload"][0]))


@dataclass
class Served:
    """The server, what it sent, and what the app shall answer: what `app` says, where there is one."""

    loop: asyncio.AbstractEventLoop
    clock: VirtualClock = field(default_factory=VirtualClock)
    slack: Slack = field(init=False)
    asked: list[Asked] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: Answer(200))
    app: Callable[[Asked], Awaitable[Answer]] | None = None
    browsers: list[Browser] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the server's loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=20)

    async def open(self, origin: str) -> None:
        self.slack = Slack(self.clock, "the sandbox's secret", request_url=REQUEST_URL, send=self.send)
        self.slack.origin = origin

    async def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked = Asked(method, url, body, headers)
        self.asked.append(asked)
        return self.answer if self.app is None else await self.app(asked)

    def client(self, token: str | None = None) -> WebClient:
        return WebClient(base_url=self.slack.api, token=token or self.slack.state.app.token, retry_handlers=[])

    def call(self, method: str, **arguments: Any) -> Json:
        """A method by its name, with JSON, as it is answered."""
        headers = {"Authorization": f"Bearer {self.slack.state.app.token}"}
        answered = httpx.post(f"{self.slack.api}{method}", json=arguments, headers=headers, trust_env=False)
        return dict(answered.json())

    def post(self, text: str = "", blocks: list[Json] | None = None, channel: str = "#deploys", **more: Any) -> str:
        """A message of the app; its ts."""
        answered = self.call("chat.postMessage", channel=channel, text=text, blocks=blocks, **more)
        assert answered["ok"], answered
        return str(answered["ts"])

    def press(self, person: str, ts: str, action_id: str, **more: Any) -> Any:
        return self.run(self.slack.control.press(person, ts, action_id, **more))

    def browser(self, person: str | None = ADA) -> Browser:
        found = Browser(self.slack.origin)
        self.browsers.append(found)
        found.get("/")
        if person is not None:
            found.submit("/me", person=person, back="/")
        return found


class Browser:
    """Cookies, forms with their guard, and no redirect that is not looked at."""

    def __init__(self, origin: str) -> None:
        self.client = httpx.Client(base_url=origin, trust_env=False)
        self.page = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        answered = self.client.get(path, headers=headers, follow_redirects=True)
        self.page = answered.text
        return answered

    @property
    def guard(self) -> str:
        found = re.search(r'name="guard" value="([0-9a-f]+)"', self.page)
        assert found is not None, "no form on this page"
        return found[1]

    @property
    def shown(self) -> str:
        """The text of the page, without its tags."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.page)))

    def submit(self, path: str, **fields: Any) -> httpx.Response:
        """A form of the page at hand; what came last after its redirects is the page then."""
        answered = self.client.post(path, data={"guard": self.guard, **fields}, follow_redirects=True)
        self.page = answered.text
        return answered


class SlackHost(Host):
    """The same uvicorn in a thread, for a Slack."""

    @contextmanager
    def serving_slack(self, clock: VirtualClock | None = None) -> Iterator[Served]:
        served = Served(self._loop.result(timeout=10), clock or VirtualClock())
        served.run(served.open(self.origin))
        control = Mount("/sandbox", routes=served.slack.control.routes())
        self._inner = Starlette(routes=[control, Mount("/", app=served.slack.app())])
        try:
            yield served
        finally:
            served.run(served.slack.close())
            for browser in served.browsers:
                browser.client.close()


def button(action_id: str = "approve", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": action_id.title()}, **more}


def actions(*parts: Json, block_id: str = "decide") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(parts)}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    plain = {name: {"type": "plain_text", "text": name.title()} for name in ("title", "submit")}
    return {"type": "modal", **plain, "blocks": list(blocks or (an_input(),)), **more}


def an_input(block_id: str = "why", **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": "Reason"},
        "element": {"type": "plain_text_input", "action_id": "reason", **element},
    }
