"""AWS's events in every order, each of them twice, any of them lost, by the door and by the queue: every delivery ends
in one state, what moves is woken, and GitHub is asked nothing."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from controller.domain.delivery import Delivery, Receipt
from controller.inbox.deliveries import Inbox
from controller.loop.intake import TakenIn, take_in
from controller.store import Store
from tests.exhaustive.exhausting import room
from tests.store.recorded import deployment, record
from tests.support.builders import a_binding, a_place
from tests.support.database import MovedClock
from tests.support.stage import migrated_file
from tests.webhooks.aws_door_stand import AwsStand
from tests.webhooks.aws_samples import EVENT_ID, a_task_event, an_alarm_event, an_event
from tests.webhooks.test_queue import ScriptedQueue, a_message
from tests.webhooks.topic import MESSAGE_ID, a_notification, signed
from webhooks.queue import QueueReader

BINDINGS = {
    "dev": a_binding("dev", aws=a_place(cluster="dev")),
    "staging": a_binding("staging", "staging", aws=a_place(cluster="staging")),
    "prod": a_binding("prod", "main", aws=a_place(account="210987654321")),
}
"""Something moves in all but staging."""


@dataclass(frozen=True)
class Sent:
    """One thing that AWS tells, by SNS where it is signed."""

    id: str
    given: dict[str, Any]
    ends_as: str
    wakes: frozenset[str] = frozenset()


def _event(number: int, made: dict[str, Any], ends_as: str, *wakes: str) -> Sent:
    guid = f"{EVENT_ID[:-1]}{number}"
    return Sent(guid, made | {"id": guid}, ends_as, frozenset(wakes))


SENT = (
    _event(1, an_alarm_event(), "done", "dev"),
    _event(2, a_task_event("STOPPED"), "done", "dev"),
    _event(3, a_task_event("PENDING"), "ignored"),
    _event(4, an_event("Something Else", {}), "ignored"),
    Sent(MESSAGE_ID, signed(a_notification()), "done", frozenset({"dev"})),
)


def every_order() -> Iterator[tuple[int, ...]]:
    for number in range(1, len(SENT) + 1):
        yield from itertools.permutations(range(number))


def every_duplicate() -> Iterator[tuple[int, ...]]:
    whole = tuple(range(len(SENT)))
    for again in whole:
        for place in range(again + 1, len(whole) + 1):
            yield (*whole[:place], again, *whole[place:])


def every_loss() -> Iterator[tuple[int, ...]]:
    for number in range(len(SENT)):
        yield from itertools.combinations(range(len(SENT)), number)


HISTORIES = sorted({*every_order(), *every_duplicate(), *every_loss()})


class World:
    """Rows of its own, the real inbox and intake, and a door and a queue before them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.stand = AwsStand()
        self.queue = ScriptedQueue()
        inbox = Inbox(store, lambda: None)
        self.stand.inbox.accept = inbox.accept  # type: ignore[method-assign]
        self.reader = QueueReader(self.queue, inbox.accept, self.stand.clock, lambda _: None)

    def sends(self, sent: Sent) -> Receipt:
        answer = self.stand.message(sent.given) if "Signature" in sent.given else self.stand.event(sent.given)
        assert answer.status_code == 202, answer.text
        return Receipt(answer.json()["receipt"])

    def leaves_in_the_queue(self, sent: Sent) -> None:
        self.queue.script.append([a_message(json.dumps(sent.given))])
        assert self.reader.turn() == 0

    def forget(self) -> None:
        with self.store.write() as unit:
            unit.deliveries._transaction.connection.exec_driver_sql("DELETE FROM deliveries")

    def ends(self) -> dict[str, str]:
        with self.store.read() as unit:
            rows = unit.deliveries._transaction.connection.exec_driver_sql("SELECT id, state FROM deliveries")
            return {row[0]: row[1] for row in rows}

    def asked_of_github(self) -> list[str]:
        with self.store.read() as unit:
            return [one.name for one in unit.environments.all() if one.must_look]


@pytest.fixture
def world() -> Iterator[World]:
    with room() as directory:
        shutil.copy(migrated_file(), directory / "tidegate.db")
        store = Store(f"sqlite:///{directory / 'tidegate.db'}", MovedClock())
        with store.write() as unit:
            unit.environments.ensure(BINDINGS)
        record(store, *(deployment(1, name) for name in ("dev", "prod")))
        yield World(store)
        store.close()


def _holds(world: World, arrived: Sequence[int], taken: TakenIn) -> None:
    assert world.ends() == {SENT[number].id: SENT[number].ends_as for number in arrived}
    assert taken.at_once | taken.soon == frozenset().union(*(SENT[number].wakes for number in arrived))
    assert world.asked_of_github() == []


def test_whatever_arrives_by_the_door_in_whatever_order_ends_once(world: World) -> None:
    for history in HISTORIES:
        world.forget()
        seen: set[int] = set()
        for number in history:
            receipt = world.sends(SENT[number])
            assert (receipt is Receipt.DUPLICATE) is (number in seen)
            seen.add(number)
        _holds(world, sorted(seen), take_in(world.store, BINDINGS))
        assert take_in(world.store, BINDINGS) == TakenIn()


def test_whatever_is_fetched_in_whatever_order_ends_once(world: World) -> None:
    for history in HISTORIES:
        world.forget()
        for number in history:
            world.leaves_in_the_queue(SENT[number])
        _holds(world, sorted(set(history)), take_in(world.store, BINDINGS))
        assert len(world.queue.deleted) == len(history)
        world.queue.deleted.clear()


def test_what_comes_by_both_ways_is_one_delivery(world: World) -> None:
    for sent in SENT:
        world.sends(sent)
        world.leaves_in_the_queue(sent)
    _holds(world, range(len(SENT)), take_in(world.store, BINDINGS))


def test_what_comes_again_after_it_was_taken_in_wakes_nobody(world: World) -> None:
    for sent in SENT:
        world.sends(sent)
    take_in(world.store, BINDINGS)
    for sent in SENT:
        assert world.sends(sent) is Receipt.DUPLICATE
    assert take_in(world.store, BINDINGS) == TakenIn()


def test_there_are_as_many_histories_as_the_words_promise() -> None:
    assert len(HISTORIES) > 150


def test_a_delivery_of_aws_names_no_repository() -> None:
    """Or an event could ask for a look at a branch."""
    stand = AwsStand()
    stand.event(SENT[0].given)
    found: Delivery = stand.inbox.row
    assert (found.repository, found.branch, found.commit) == (None, None, None)
