"""Incoming webhooks, and the crawler."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
from slack_sdk.webhook import WebhookClient

from sandbox.slack.crawler import USER_AGENT
from sandbox.slack.sending import HttpSender
from tests.sandbox.slack.served import ADA, DEPLOYS, Served, actions, button, section


def test_a_webhook_posts_to_its_channel(served: Served) -> None:
    address = served.slack.endpoints()["webhook"]
    answered = WebhookClient(address).send(text="hello", blocks=[section("*hello*")])
    assert (answered.status_code, answered.body) == (200, "ok")
    (shown,) = served.client().conversations_history(channel=DEPLOYS)["messages"]
    assert (shown["text"], shown["subtype"]) == ("hello", "bot_message")


@pytest.mark.parametrize(
    ("change", "body", "status", "told"),
    [
        ("", b"{", 400, "invalid_payload"),
        ("", b"[]", 400, "invalid_payload"),
        ("", b"{}", 400, "no_text"),
        ("", b'{"blocks": [{"type": "section"}]}', 400, "invalid_blocks"),
        ("x", b'{"text": "x"}', 403, "invalid_token"),
        ("/../../B05NOTHING00/x", b'{"text": "x"}', 404, "no_service"),
    ],
)
def test_a_webhook_says_what_is_wrong_in_text(served: Served, change: str, body: bytes, status: int, told: str) -> None:
    answered = httpx.post(served.slack.endpoints()["webhook"] + change, content=body, trust_env=False)
    assert (answered.status_code, answered.text) == (status, told)


def test_the_crawler_looks_at_each_link_once_and_changes_nothing_by_it(served: Served) -> None:
    blocks = [
        section("<http://127.0.0.1:9/a|one> and http://127.0.0.1:9/b, <http://127.0.0.1:9/a>"),
        actions(button(url="http://127.0.0.1:9/c")),
        section("<https://example.com/far>"),
    ]
    served.post("http://127.0.0.1:9/fallback", blocks)
    served.run(served.slack.crawler.idle())
    assert [(each.method, each.url) for each in served.asked] == [
        ("GET", "http://127.0.0.1:9/a"),
        ("GET", "http://127.0.0.1:9/b"),
        ("GET", "http://127.0.0.1:9/c"),
    ]
    assert {each.headers["User-Agent"] for each in served.asked} == {USER_AGENT}


@pytest.mark.parametrize("more", [{"unfurl_links": False}, {"unfurl_links": "false"}])
def test_the_crawler_stays_away_where_it_is_told_to(served: Served, more: dict[str, Any]) -> None:
    served.post("http://127.0.0.1:9/a", **more)
    served.run(served.slack.crawler.idle())
    assert served.asked == []


def test_what_is_sent_follows_nothing_and_never_leaves_this_machine(served: Served) -> None:
    async def story() -> None:
        sender = HttpSender(timeout_seconds=5)
        told = {"Cookie": f"sandbox_slack_person={ADA}"}
        assert (await sender("GET", f"{served.slack.origin}/", b"", told)).status == 303
        gone = await sender("POST", "http://127.0.0.1:9/", b"", {})
        assert (gone.status, gone.trouble) == (0, "could not be reached")
        far = await sender("POST", "http://192.0.2.1/", b"", {})
        assert (far.status, far.trouble) == (0, "is not on this machine")
        await sender.close()

    asyncio.run(story())


def test_an_app_that_thinks_for_too_long_is_given_up() -> None:
    async def story(port: int) -> None:
        sender = HttpSender(timeout_seconds=0.05)
        answer = await sender("POST", f"http://127.0.0.1:{port}/", b"", {})
        assert (answer.status, answer.trouble) == (0, "did not answer within 0.05 seconds")
        await sender.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(story(silent.getsockname()[1]))
