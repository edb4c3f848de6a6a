"""The stream of an open page: what it says, to whom, and how it ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Message

from controller.app import Server
from controller.dashboard.events import ASK_SECONDS
from controller.domain.reason import Reason
from controller.inbox.doorkeeper import IDLE, LONGEST
from tests.security.world import ANN, COOKIE, HOST, VERA, Doors, opened
from tests.support.database import migrated_file

__all__ = ["migrated_file"]


class OpenPage:
    """A browser's EventSource, until it is closed."""

    def __init__(self, doors: Doors, session: str, path: str = "/events", last: str = "") -> None:
        query = path.partition("?")[2]
        headers = [(b"host", HOST.encode()), (b"cookie", f"{COOKIE}={session}".encode())]
        headers += [(b"last-event-id", last.encode())] if last else []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": "/events",
            "raw_path": b"/events",
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("192.0.2.7", 40000),
            "server": (HOST, 443),
            "state": {},
        }
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._task = asyncio.ensure_future(doors.app(scope, self._receive, self._send))
        self._text = ""

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._sent.put(message)

    async def began(self) -> Message:
        message = await self._sent.get()
        assert message["type"] == "http.response.start"
        return message

    async def event(self) -> dict[str, Any]:
        """The next one: its fields, with its data read."""
        while True:
            whole, end, rest = self._text.partition("\n\n")
            if end:
                self._text = rest
                fields = dict(line.split(": ", 1) for line in whole.splitlines())
                return {**fields, **({"data": json.loads(fields["data"])} if "data" in fields else {})}
            self._text += (await self._sent.get()).get("body", b"").decode()

    async def close(self) -> None:
        self._gone.set()
        await self._task

    async def ended(self) -> None:
        await self._task


class UnreadPage(OpenPage):
    """It asks, and reads nothing of the answer."""

    async def _send(self, message: Message) -> None:
        await super()._send(message)
        await asyncio.Event().wait()


def told(doors: Doors, story: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(within())
    doors.close()


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Doors:
    return opened(tmp_path, migrated_file)


def trouble(doors: Doors, name: str) -> None:
    with doors.store.write() as unit:
        unit.environments.save(replace(unit.environments.get(name), trouble=Reason("aws.throttled", "ECS throttles")))


async def settled(page: OpenPage) -> str:
    """The page has begun, and knows everything until this event."""
    await page.began()
    assert int((await page.event())["retry"]) in range(1000, 3000)
    first = await page.event()
    assert (first["event"], first["data"]) == ("changed", {"everything": True})
    return str(first["id"])


def test_a_change_is_told_by_names_alone_and_under_a_name_of_its_own(doors: Doors) -> None:
    async def story() -> None:
        page = OpenPage(doors, doors.session(VERA))
        before = await settled(page)
        trouble(doors, "prod")
        heard = await page.event()
        assert (heard["event"], heard["data"]) == ("changed", {"environments": ["prod"], "deployments": []})
        assert heard["id"] != before and "throttles" not in str(heard)
        await page.close()

    told(doors, story)


def test_an_answer_is_a_stream_that_nobody_keeps_or_holds_back(doors: Doors) -> None:
    async def story() -> None:
        page = OpenPage(doors, doors.session(VERA))
        start = await page.began()
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert start["status"] == 200 and headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        await page.close()

    told(doors, story)


@pytest.mark.parametrize("by_header", [True, False])
def test_whoever_comes_back_hears_of_what_they_missed_and_else_of_nothing(doors: Doors, by_header: bool) -> None:
    async def story() -> None:
        session = doors.session(VERA)
        first = OpenPage(doors, session)
        since = await settled(first)
        other = OpenPage(doors, session, f"/events?since={since}")
        await other.began()
        await other.event()
        await first.close()
        trouble(doors, "dev")
        assert (await other.event())["data"]["environments"] == ["dev"]
        back = OpenPage(doors, session, "/events?since=x" if by_header else f"/events?since={since}", since * by_header)
        await back.began()
        await back.event()
        assert (await back.event())["data"] == {"environments": ["dev"], "deployments": []}
        for page in (other, back):
            await page.close()

    told(doors, story)


def test_a_page_says_up_to_which_change_it_was_drawn(doors: Doors) -> None:
    session = doors.session(VERA)
    before = doors.look("/", session).text.partition('data-since="')[2].partition('"')[0]
    assert before.endswith("-0")

    async def story() -> None:
        page = OpenPage(doors, session)
        since = await settled(page)
        shown = await doors.asked("GET", "/", [("cookie", f"{COOKIE}={session}")])
        assert f'data-since="{since}"' in shown.text
        await page.close()

    told(doors, story)


@pytest.mark.parametrize("after", [IDLE + timedelta(seconds=1), LONGEST + timedelta(seconds=1)])
def test_a_session_that_is_over_ends_the_stream_and_says_so(doors: Doors, after: timedelta) -> None:
    """Also one that only a page was left open in."""

    async def story() -> None:
        page = OpenPage(doors, doors.session(VERA))
        await settled(page)
        for _ in range(30):
            doors.clock.sleep((after / 30).total_seconds())
        trouble(doors, "prod")
        assert (await page.event())["event"] == "over"
        await page.ended()

    told(doors, story)


def test_a_right_that_is_lost_ends_the_stream(doors: Doors) -> None:
    async def story() -> None:
        page = OpenPage(doors, doors.session(VERA))
        await settled(page)
        del doors.town.rights[VERA]
        doors.clock.sleep(ASK_SECONDS + 1)
        trouble(doors, "prod")
        assert (await page.event())["event"] == "over"
        await page.ended()

    told(doors, story)


def test_a_page_that_is_left_open_uses_no_session(doors: Doors) -> None:
    def seen() -> list[Any]:
        return [row["seen_at"] for row in doors.dump.everything()["sessions"]]

    async def story() -> None:
        page = OpenPage(doors, doors.session(ANN))
        await settled(page)
        began = seen()
        doors.clock.sleep(timedelta(minutes=20).total_seconds())
        trouble(doors, "dev")
        assert (await page.event())["event"] == "changed"
        assert seen() == began
        await page.close()

    told(doors, story)


def test_shutting_down_ends_every_stream_at_once(doors: Doors) -> None:
    async def story() -> None:
        page = OpenPage(doors, doors.session(VERA))
        await settled(page)
        doors.hub.close()
        await page.ended()
        refused = OpenPage(doors, doors.session(VERA))
        start = await refused.began()
        headers = dict(start["headers"])
        assert start["status"] == 503 and headers[b"retry-after"] == b"60"
        await refused.ended()

    told(doors, story)


def test_whoever_goes_before_the_answer_begins_leaves_no_seat_behind(doors: Doors) -> None:
    async def story() -> None:
        page = UnreadPage(doors, doors.session(VERA))
        await page.began()
        assert doors.hub.open_pages == 1
        await page.close()
        assert doors.hub.open_pages == 0

    told(doors, story)


def test_one_neighbourhood_has_so_many_pages_and_another_one_still_has_room(doors: Doors) -> None:
    async def story() -> None:
        doors.hub._most_of_one = 1
        session = doors.session(VERA)
        page = OpenPage(doors, session)
        await settled(page)
        refused = OpenPage(doors, session)
        start = await refused.began()
        assert start["status"] == 429 and dict(start["headers"])[b"retry-after"] == b"30"
        await refused.ended()
        await page.close()
        after = OpenPage(doors, session)
        assert (await after.began())["status"] == 200
        await after.close()

    told(doors, story)


def test_what_open_pages_ask_for_together_is_drawn_once_and_says_nothing_of_who_asks(doors: Doors) -> None:
    """Each of them is let in by itself all the same."""
    vera, ann = doors.session(VERA), doors.session(ANN)
    first = doors.look("/", vera, ("x-live-parts", "1"))
    trouble(doors, "prod")
    assert doors.look("/", ann, ("x-live-parts", "1")).text == first.text
    assert "vera" not in first.text and 'name="form"' not in first.text
    assert doors.look("/", None, ("x-live-parts", "1")).status == 303
    assert "ECS throttles" not in first.text and "ECS throttles" in doors.look("/", ann).text
    doors.clock.sleep(1)
    assert "ECS throttles" in doors.look("/", ann, ("x-live-parts", "1")).text
    wrong = doors.look("/?environment=nowhere", ann, ("x-live-parts", "1"))
    assert wrong.status == 404
    doors.close()


def test_after_a_change_that_pages_were_told_of_nobody_gets_what_was_drawn_before(doors: Doors) -> None:
    session = doors.session(VERA)
    asked = ("GET", "/", [("cookie", f"{COOKIE}={session}"), ("x-live-parts", "1")])

    async def story() -> None:
        page = OpenPage(doors, session)
        await settled(page)
        assert "ECS throttles" not in (await doors.asked(*asked)).text
        trouble(doors, "prod")
        await page.event()
        assert "ECS throttles" in (await doors.asked(*asked)).text
        await page.close()

    told(doors, story)


def test_a_server_ends_although_pages_are_open(doors: Doors) -> None:
    """It waits for answers that are on their way as long as it takes: those of open pages never end by themselves."""

    async def story() -> None:
        config = uvicorn.Config(doors.app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=None)
        server = Server(config, doors.hub)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.ensure_future(server.serve())
        session = doors.session(VERA)
        while not server.started:
            await asyncio.wait({serving}, timeout=0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = f"GET /events HTTP/1.1\r\nHost: {HOST}\r\nCookie: {COOKIE}={session}\r\n\r\n"
        writer.write(asked.encode())
        assert b"200" in await reader.readline()
        server.should_exit = True
        await serving
        writer.close()

    told(doors, story)
