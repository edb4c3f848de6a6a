"""Seats of open pages: who is told of what, how much is kept for whom, and who finds no place."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from controller.dashboard.hub import REMEMBERED, Hub, NoSeat, Seat
from controller.domain.changes import EVERYTHING, NOTHING, Changed, Marks, change
from controller.domain.errors import Transient

DEV, PROD = change(["dev"], ["dev-1"]), change(["prod"], [])
FOREVER = 30.0


@dataclass
class Rows:
    """What is looked at: its environments by their versions."""

    versions: dict[str, int] = field(default_factory=lambda: {"dev": 1, "prod": 1})
    looks: int = 0
    error: Exception | None = None

    def look(self, before: Marks | None) -> Marks:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return Marks({name: (version,) for name, version in self.versions.items()}, {}, 0)


def run(story: Callable[[Hub, Rows], Awaitable[None]], **limits: int) -> None:
    rows = Rows()
    hub = Hub(rows.look, **limits)

    async def told() -> None:
        try:
            await story(hub, rows)
        finally:
            hub.close()

    asyncio.run(told())


async def opened(hub: Hub) -> Seat:
    """A page that knows everything until now."""
    seat = hub.take("192.0.2.1")
    assert await seat.heard(FOREVER) == EVERYTHING, "nobody had looked before"
    return seat


def test_a_page_hears_of_what_was_committed_as_soon_as_it_rings() -> None:
    async def story(hub: Hub, rows: Rows) -> None:
        seat = await opened(hub)
        rows.versions["dev"] = 2
        await asyncio.get_running_loop().run_in_executor(None, hub.ring)
        assert await seat.heard(FOREVER) == Changed(frozenset({"dev"}))

    run(story)


def test_what_another_controller_commits_is_found_without_a_ring() -> None:
    async def story(hub: Hub, rows: Rows) -> None:
        seat = await opened(hub)
        rows.versions["prod"] = 2
        assert await seat.heard(FOREVER) == Changed(frozenset({"prod"}))

    run(story)


def test_one_look_serves_all_pages_and_without_a_page_nobody_looks() -> None:
    async def story(hub: Hub, rows: Rows) -> None:
        assert rows.looks == 0
        first = await opened(hub)
        others = [hub.take("192.0.2.2") for _ in range(50)]
        rows.versions["dev"] = 2
        assert await first.heard(FOREVER) == Changed(frozenset({"dev"}))
        before = rows.looks
        assert [await seat.heard(FOREVER) for seat in others] == [Changed(frozenset({"dev"}))] * 50
        assert rows.looks == before
        for seat in (first, *others):
            hub.leave(seat)
        assert hub._watching is None and hub.open_pages == 0

    run(story)


def test_whoever_reads_slowly_keeps_one_change_and_no_more() -> None:
    async def story(hub: Hub, _: Rows) -> None:
        seat = await opened(hub)
        for number in range(10_000):
            hub.tell(change([f"e{number}"], []))
        assert seat.missed is EVERYTHING and len(hub._last) == REMEMBERED
        assert await seat.heard(FOREVER) == EVERYTHING and seat.missed is NOTHING

    run(story)


def test_whoever_comes_back_hears_of_exactly_what_they_missed() -> None:
    async def story(hub: Hub, _: Rows) -> None:
        await opened(hub)
        since = hub.event
        assert hub.missed(since) is NOTHING
        hub.tell(DEV)
        assert hub.missed(since) == DEV
        hub.tell(PROD)
        assert hub.missed(since) == DEV | PROD
        assert await hub.take("192.0.2.2", since).heard(FOREVER) == DEV | PROD

    run(story)


@pytest.mark.parametrize(
    "since", ["", "x", "0badcafe-0", "{run}-9", "{run}--1", "{run}-1e3", "{run}-", "{run}-" + "9" * 60]
)
def test_a_name_that_nobody_gave_out_means_that_everything_may_be_otherwise(since: str) -> None:
    async def story(hub: Hub, _: Rows) -> None:
        hub.tell(DEV)
        assert hub.missed(since.format(run=hub._run)) is EVERYTHING

    run(story)


def test_after_more_changes_than_are_remembered_everything_may_be_otherwise() -> None:
    async def story(hub: Hub, _: Rows) -> None:
        since = hub.event
        for _number in range(REMEMBERED):
            hub.tell(DEV)
        assert hub.missed(since) == DEV
        hub.tell(DEV)
        assert hub.missed(since) is EVERYTHING

    run(story)


def test_there_is_room_for_so_many_in_all_and_of_one_neighbourhood() -> None:
    async def story(hub: Hub, _: Rows) -> None:
        mine = [hub.take("192.0.2.1"), hub.take("192.0.2.1")]
        with pytest.raises(NoSeat) as refused:
            hub.take("192.0.2.1")
        assert not refused.value.is_full
        hub.take("192.0.2.2")
        with pytest.raises(NoSeat) as refused:
            hub.take("192.0.2.3")
        assert refused.value.is_full
        hub.leave(mine[0])
        hub.take("192.0.2.1")

    run(story, most=3, most_of_one=2)


def test_when_it_closes_every_page_is_let_go_of_and_none_comes_in() -> None:
    async def story(hub: Hub, _: Rows) -> None:
        seat = await opened(hub)
        waiting = asyncio.ensure_future(seat.heard(FOREVER))
        hub.close()
        assert await waiting is NOTHING and seat.is_over
        with pytest.raises(NoSeat):
            hub.take("192.0.2.1")

    run(story)


def test_rows_that_can_not_be_read_are_told_of_once_and_once_more_when_they_can() -> None:
    async def story(hub: Hub, rows: Rows) -> None:
        seat = await opened(hub)
        with capture_logs() as logs:
            rows.error = Transient("the database is away", code="database.busy")
            assert await seat.heard(FOREVER) == EVERYTHING
            looked = rows.looks
            while rows.looks < looked + 2:
                assert await seat.heard(0.05) is NOTHING
        assert [line["code"] for line in logs] == ["database.busy"]
        rows.error = None
        assert await seat.heard(FOREVER) == EVERYTHING

    run(story)


def test_a_ring_without_an_open_page_or_a_loop_is_nothing() -> None:
    rows = Rows()
    hub = Hub(rows.look)
    hub.ring()
    hub._loop = asyncio.new_event_loop()
    hub._loop.close()
    hub.ring()
    assert rows.looks == 0 and replace(NOTHING) == NOTHING
