"""Personal links: whose they are, and when they are over."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from controller.domain.secret import Secret
from controller.links import Links
from controller.store import Store
from tests.support.asked import DIGEST, asked_deployment, put
from tests.support.builders import NOON
from tests.support.database import migrated_file
from tests.support.rows import NoonClock, fill
from tests.support.town import LINUS

__all__ = ["migrated_file"]
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> NoonClock:
    return NoonClock()


@pytest.fixture
def store(tmp_path: Path, migrated_file: Path, clock: NoonClock) -> Iterator[Store]:
    file = tmp_path / "tidegate.db"
    file.write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{file}", clock)
    fill(opened)
    put(opened, asked_deployment())
    yield opened
    opened.close()


def links(store: Store, clock: NoonClock, keys: Sequence[str] = ("a key for the links",)) -> Links:
    return Links(store, clock, [Secret(key) for key in keys])


def made(store: Store, clock: NoonClock, *keys: str) -> str:
    return links(store, clock, keys or ("a key for the links",)).make(LINUS, "prod-1", DIGEST, NOON + HOUR)


def test_a_link_says_whose_it_is_and_about_what(store: Store, clock: NoonClock) -> None:
    found = links(store, clock).read(made(store, clock))
    assert found is not None
    assert (found.person, found.deployment, found.plan, found.expires_at) == (LINUS, "prod-1", DIGEST, NOON + HOUR)


def test_a_link_is_over_once_it_was_used_and_is_used_once(store: Store, clock: NoonClock) -> None:
    link = made(store, clock)
    assert [links(store, clock).use(link) for _ in range(3)] == [True, False, False]
    assert links(store, clock).read(link) is None


def test_a_link_is_over_at_its_moment(store: Store, clock: NoonClock) -> None:
    link = made(store, clock)
    clock.sleep(HOUR.total_seconds() - 1)
    assert links(store, clock).read(link) is not None
    clock.sleep(1)
    assert links(store, clock).read(link) is None


def test_keys_are_exchanged_while_links_are_on_their_way(store: Store, clock: NoonClock) -> None:
    link = made(store, clock, "the older key")
    assert links(store, clock, ["the newer key", "the older key"]).read(link) is not None
    assert links(store, clock, ["the newer key"]).read(link) is None
    newest = made(store, clock, "the newer key", "the older key")
    assert links(store, clock, ["the newer key"]).read(newest) is not None


@pytest.mark.parametrize("text", ["", "x", ".", "é", "a" * 501, "IjEi.x"])
def test_what_was_never_signed_is_no_link(store: Store, clock: NoonClock, text: str) -> None:
    assert links(store, clock).read(text) is None
    assert links(store, clock).use(text) is False


def test_no_two_links_are_alike_and_none_is_stored(store: Store, clock: NoonClock) -> None:
    pair = {made(store, clock), made(store, clock)}
    assert len(pair) == 2
    assert all(len(link) > 60 for link in pair)
