"""Carrying webhooks: order, faults, time-outs, redelivery."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.clock import LoopClock, VirtualClock
from sandbox.github.courier import HOLD_SECONDS, Courier, Fault, HttpSender
from sandbox.github.people import SEEDED, People
from sandbox.github.records import Answer, Delivery, Hook
from sandbox.github.state import Event, Repository, State
from tests.sandbox.github.served import HOOK_URL, NAME, SECRET, Served

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Receiver:
    """Notes what arrives."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, hook: Hook, delivery: Delivery) -> Answer:
        self.bodies.append(delivery.body)
        return Answer(202, "OK", {}, "", 0.0)


class Post:
    """A courier with one hook, on a clock that stands still."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        self.receiver = Receiver()
        self.courier = Courier(self.clock, self.receiver)
        self.hook = a_hook()
        self.repository = a_repository(directory)

    def send(self, *names: str) -> list[Delivery]:
        sent = [a_delivery(number, name) for number, name in enumerate(names)]
        for delivery in sent:
            self.courier.hear(Event(self.repository, "push", None, SEEDED[0], {}, [(self.hook, delivery)]))
        return sent

    async def arrived(self) -> list[str]:
        await self.courier.idle()
        return [body.decode() for body in self.receiver.bodies]


def a_repository(directory: Path) -> Repository:
    return State(directory, VirtualClock(), People("secret")).add_repository(NAME, "main")


def a_hook(url: str = HOOK_URL) -> Hook:
    return Hook(1, url, SECRET, "json", ("*",), True, NOW, NOW)


def a_delivery(number: int, name: str) -> Delivery:
    return Delivery(number, f"guid-{name}", "push", None, {}, name.encode(), {}, NOW)


def with_post(directory: Path, story: Callable[[Post], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        post = Post(directory)
        await story(post)
        await post.courier.close()

    asyncio.run(told())


def test_deliveries_of_a_hook_keep_their_order(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.send("a", "b", "c")
        assert await post.arrived() == ["a", "b", "c"]

    with_post(tmp_path, story)


def test_lost_deliveries_are_recorded_as_timed_out(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.courier.misbehave(Fault("lose", 2))
        lost = post.send("a", "b", "c")
        assert await post.arrived() == ["c"]
        assert [delivery.answer.status if delivery.answer else None for delivery in lost] == [0, 0, 202]

    with_post(tmp_path, story)


def test_a_doubled_delivery_arrives_twice_under_one_guid(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.courier.misbehave(Fault("double", 1))
        post.send("a", "b")
        assert await post.arrived() == ["a", "a", "b"]

    with_post(tmp_path, story)


def test_a_delayed_delivery_comes_after_later_ones(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.courier.misbehave(Fault("delay", 1, seconds=3.0))
        post.send("a", "b")
        assert await post.arrived() == ["b"]
        post.clock.advance(3.0)
        assert await post.arrived() == ["b", "a"]

    with_post(tmp_path, story)


def test_reordered_deliveries_arrive_in_reverse(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.courier.misbehave(Fault("reorder", 3))
        post.send("a", "b", "c", "d")
        assert await post.arrived() == ["c", "b", "a", "d"]

    with_post(tmp_path, story)


def test_a_reordered_delivery_is_not_kept_for_ever(tmp_path: Path) -> None:
    async def story(post: Post) -> None:
        post.courier.misbehave(Fault("reorder", 3))
        post.send("a", "b")
        assert await post.arrived() == []
        post.clock.advance(HOLD_SECONDS)
        assert await post.arrived() == ["b", "a"]
        post.send("c")
        assert await post.arrived() == ["b", "a", "c"]

    with_post(tmp_path, story)


def test_a_delivery_that_cannot_be_tried_does_not_end_the_queue(tmp_path: Path) -> None:
    async def broken(hook: Hook, delivery: Delivery) -> Answer:
        if delivery.body == b"a":
            raise UnicodeError("not an address")
        return Answer(202, "OK", {}, "", 0.0)

    async def story(post: Post) -> None:
        post.courier = Courier(post.clock, broken)
        sent = post.send("a", "b")
        await post.courier.idle()
        assert [delivery.answer.reason for delivery in sent if delivery.answer] == [
            "could not be sent: UnicodeError",
            "OK",
        ]

    with_post(tmp_path, story)


def test_a_delivery_arrives_byte_for_byte() -> None:
    received: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(1))
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def story() -> Answer:
        server = await asyncio.start_server(receive, "127.0.0.1", 0)
        sender = HttpSender(LoopClock())
        delivery = a_delivery(1, "a")
        delivery.headers["X-GitHub-Event"] = "push"
        answer = await sender(a_hook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"), delivery)
        await sender.close()
        server.close()
        await server.wait_closed()
        return answer

    answer = asyncio.run(story())
    assert (answer.status, answer.body, answer.headers["content-length"]) == (202, "ok", "2")
    assert received[0].startswith(b"POST /hook HTTP/1.1\r\n")
    assert b"\r\nx-github-event: push\r\n" in received[0].lower()
    assert received[0].endswith(b"\r\n\r\na")


def test_a_receiver_that_does_not_answer_is_given_up() -> None:
    async def story(port: int) -> Answer:
        sender = HttpSender(LoopClock(), timeout_seconds=0.05)
        answer = await sender(a_hook(f"http://127.0.0.1:{port}/"), a_delivery(1, "a"))
        await sender.close()
        return answer

    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = asyncio.run(story(silent.getsockname()[1]))
    assert (answer.status, answer.reason) == (0, "timed out")


def test_a_receiver_that_is_not_there_is_noted() -> None:
    async def story() -> Answer:
        sender = HttpSender(LoopClock())
        answer = await sender(a_hook("http://127.0.0.1:1/"), a_delivery(1, "a"))
        await sender.close()
        return answer

    assert asyncio.run(story()).reason == "failed to connect to host: ConnectError"


# hooks through the REST API


def test_a_new_hook_is_pinged(served: Served) -> None:
    hook = served.repository().create_hook("web", {"url": HOOK_URL + "/2", "content_type": "json"}, ["push"])
    ping = served.wait_for("ping", lambda payload: payload["hook_id"] == hook.id)
    assert (ping["hook"]["type"], ping["hook"]["events"]) == ("Repository", ["push"])
    hook.ping()
    served.wait(lambda: len([found for found in served.events("ping") if found["hook_id"] == hook.id]) == 2)


def test_a_hook_hears_only_what_it_asked_for(served: Served) -> None:
    repository = served.repository()
    hook = repository.create_hook("web", {"url": HOOK_URL + "/2"}, ["release"])
    repository.create_file("x.txt", "x", "x", branch="develop")
    repository.create_git_release("v1", "v1", "")
    served.wait_for("release")
    served.wait(lambda: len(served.events("release")) >= 6)
    assert {delivery.event for found, delivery in served.received if found.id == hook.id} == {"ping", "release"}


def test_a_form_hook_gets_the_same_payload_as_a_form(served: Served) -> None:
    hook = served.repository().create_hook("web", {"url": HOOK_URL + "/2", "content_type": "form"}, ["push"])
    served.wait_for("ping", lambda payload: payload["hook_id"] == hook.id)
    delivery = next(delivery for found, delivery in served.received if found.id == hook.id)
    assert delivery.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert delivery.body.startswith(b"payload=%7B%22zen%22")


def test_a_delivery_is_listed_and_repeated_under_its_guid(served: Served) -> None:
    repository = served.repository()
    served.status = 503
    repository.create_file("x.txt", "x", "x", branch="develop")
    served.wait_for("push")
    (failed,) = [item for item in repository.get_hook_deliveries(served.hook.id) if item.event == "push"]
    assert (failed.status_code, failed.redelivery) == (503, False)
    served.status = 202
    served.wait_for("workflow_run", lambda payload: payload["action"] == "completed")
    again = redeliver(served, failed.id)
    assert again == 202
    served.wait(lambda: len(served.events("push")) == 2)
    sent = [delivery for _, delivery in served.received if delivery.event == "push"]
    assert sent[0].guid == sent[1].guid
    assert (sent[0].body, sent[0].headers) == (sent[1].body, sent[1].headers)
    assert len(served.events("workflow_run")) == 3, "a redelivery is not a new push"
    newest = next(item for item in repository.get_hook_deliveries(served.hook.id) if item.event == "push")
    whole = repository.get_hook_delivery(served.hook.id, newest.id)
    assert (whole.redelivery, whole.request.headers["X-GitHub-Delivery"]) == (True, sent[0].guid)
    assert (whole.response.headers, whole.response.payload) == ({"x-test": "yes"}, "noted")


def redeliver(served: Served, delivery: int) -> int:
    url = f"{served.github.api}/repos/{NAME}/hooks/{served.hook.id}/deliveries/{delivery}/attempts"
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    return httpx.post(url, headers=headers, trust_env=False).status_code


def test_a_hook_secret_is_never_shown(served: Served) -> None:
    shown = [str(hook.raw_data) for hook in served.repository().get_hooks()]
    assert shown
    assert SECRET not in "".join(shown)
    assert SECRET not in repr(served.hook)


@pytest.mark.parametrize("config", [{"url": "ftp://127.0.0.1"}, {"url": HOOK_URL}])
def test_an_impossible_hook_is_refused(served: Served, config: dict[str, str]) -> None:
    from github import GithubException

    with pytest.raises(GithubException) as refused:
        served.repository().create_hook("web", config, ["push"])
    assert refused.value.status == 422
