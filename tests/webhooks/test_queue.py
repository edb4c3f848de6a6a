"""The queue that is read: what is deleted and what comes again, and that nothing stops it but `stop`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.domain.delivery import Delivery, Receipt
from controller.domain.errors import Blocked, Transient
from controller.domain.ports import Message
from tests.webhooks.aws_samples import EVENT_ID, a_task_event, an_alarm_event
from tests.webhooks.door import Inbox, StoppedClock
from tests.webhooks.topic import MESSAGE_ID, a_notification
from webhooks.queue import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, QueueReader
from webhooks.refusals import Outcome

PATIENCE_SECONDS = 10


def a_message(given: Any, number: int = 0) -> Message:
    return Message(f"id-{number}", given if isinstance(given, str) else json.dumps(given), f"receipt-{number}")


def numbered(number: int) -> dict[str, Any]:
    return an_alarm_event(id=f"{EVENT_ID[:-3]}{number:03d}")


@dataclass
class ScriptedQueue:
    """Gives what is written, poll by poll, then nothing. An exception is raised. `polled` is set at each poll."""

    script: list[Sequence[Message] | Exception] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    stubborn: Exception | None = None
    polls: int = 0

    def receive(self) -> Sequence[Message]:
        self.polls += 1
        told = self.script.pop(0) if self.script else []
        if isinstance(told, Exception):
            raise told
        return told

    def delete(self, messages: Sequence[Message]) -> None:
        if self.stubborn is not None:
            raise self.stubborn
        self.deleted += [message.receipt for message in messages]


@dataclass
class Stand:
    queue: ScriptedQueue = field(default_factory=ScriptedQueue)
    inbox: Inbox = field(default_factory=Inbox)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = QueueReader(self.queue, self.inbox.accept, StoppedClock(), self.outcomes.append)

    def reads(self, *messages: Message) -> float:
        self.queue.script.append(messages)
        return self.reader.turn()


def test_a_message_is_deleted_after_its_delivery_is_stored() -> None:
    stand = Stand()
    assert stand.reads(a_message(an_alarm_event())) == 0
    assert (stand.inbox.row.id, stand.queue.deleted) == (EVENT_ID, ["receipt-0"])
    assert stand.outcomes == [Outcome.ACCEPTED]


def test_a_message_that_comes_again_is_deleted_and_stored_once() -> None:
    stand = Stand()
    stand.reads(a_message(an_alarm_event(), 1), a_message(an_alarm_event(), 2))
    assert (len(stand.inbox.rows), stand.queue.deleted) == (1, ["receipt-1", "receipt-2"])
    assert stand.outcomes == [Outcome.ACCEPTED, Outcome.DUPLICATE]


def test_events_come_bare_and_in_the_envelope_of_a_topic() -> None:
    stand = Stand()
    stand.reads(a_message(a_task_event(), 1), a_message(a_notification(), 2))
    assert set(stand.inbox.rows) == {EVENT_ID, MESSAGE_ID}


def test_when_nothing_came_nothing_is_deleted() -> None:
    stand = Stand()
    assert (stand.reads(), stand.queue.deleted, stand.reader.trouble) == (0, [], None)


@pytest.mark.parametrize("poison", ["", "not json", "[]", '{"id": 1}', "[" * 100_000, "\ud800"])
def test_a_message_that_is_no_event_is_deleted_and_holds_up_nobody(poison: str) -> None:
    stand = Stand()
    assert stand.reads(a_message(poison, 1), a_message(an_alarm_event(), 2)) == 0
    assert (list(stand.inbox.rows), stand.queue.deleted) == ([EVENT_ID], ["receipt-1", "receipt-2"])
    assert stand.outcomes == [Outcome.MALFORMED, Outcome.ACCEPTED]


def test_a_message_that_breaks_us_stays_and_holds_up_nobody() -> None:
    class Fragile(Inbox):
        def accept(self, delivery: Delivery) -> Receipt:
            if delivery.id.endswith("001"):
                raise ZeroDivisionError("a bug")
            return super().accept(delivery)

    stand = Stand(inbox=Fragile())
    assert stand.reads(a_message(numbered(1), 1), a_message(numbered(2), 2)) == 0
    assert stand.queue.deleted == ["receipt-2"]


@pytest.mark.parametrize("error", [Transient("locked", code="database.busy"), Blocked("full", code="database.full")])
def test_what_cannot_be_stored_stays_and_what_was_stored_before_it_is_deleted(error: Exception) -> None:
    class Filling(Inbox):
        def accept(self, delivery: Delivery) -> Receipt:
            if self.rows:
                raise error
            return super().accept(delivery)

    stand = Stand(inbox=Filling())
    wait = stand.reads(*(a_message(numbered(number), number) for number in range(3)))
    assert (wait, stand.queue.deleted) == (FIRST_RETRY_SECONDS, ["receipt-0"])
    assert stand.reader.trouble is not None
    assert stand.reader.trouble.code.startswith("database.")
    assert stand.outcomes == [Outcome.ACCEPTED, Outcome.UNAVAILABLE]


def test_what_is_stored_and_cannot_be_deleted_comes_again_as_a_duplicate() -> None:
    stand = Stand(queue=ScriptedQueue(stubborn=Transient("no answer")))
    assert stand.reads(a_message(an_alarm_event())) > 0
    stand.queue.stubborn = None
    assert stand.reads(a_message(an_alarm_event())) == 0
    assert stand.outcomes == [Outcome.ACCEPTED, Outcome.DUPLICATE]


def test_while_aws_fails_it_is_asked_less_and_less_often() -> None:
    stand = Stand(queue=ScriptedQueue([Transient("no answer", code="aws.unreachable")] * 10))
    waits = [stand.reader.turn() for _ in range(10)]
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_RETRY_SECONDS
    assert stand.reader.trouble is not None
    assert stand.reader.trouble.code == "aws.unreachable"


def test_a_poll_that_is_answered_ends_the_trouble() -> None:
    stand = Stand(queue=ScriptedQueue([Blocked("no right", code="aws.denied"), Transient("no answer")]))
    stand.reader.turn()
    stand.reader.turn()
    assert (stand.reads(), stand.reader.trouble) == (0, None)
    stand.queue.script.append(Transient("no answer"))
    assert stand.reader.turn() == FIRST_RETRY_SECONDS


def test_a_bug_in_the_way_to_aws_is_trouble_and_not_the_end() -> None:
    stand = Stand(queue=ScriptedQueue([ZeroDivisionError("a bug")]))
    assert stand.reader.turn() == FIRST_RETRY_SECONDS
    assert stand.reader.trouble is not None
    assert stand.reads(a_message(an_alarm_event())) == 0


# --- the thread


class WaitingQueue(ScriptedQueue):
    """A long poll that ends when it is let go."""

    def __init__(self, *script: Sequence[Message] | Exception) -> None:
        super().__init__(list(script))
        self.polling, self.released = threading.Event(), threading.Event()

    def receive(self) -> Sequence[Message]:
        if self.script:
            return super().receive()
        self.polling.set()
        assert self.released.wait(PATIENCE_SECONDS)
        return super().receive()


@pytest.fixture
def queue() -> Iterator[WaitingQueue]:
    made = WaitingQueue()
    yield made
    made.released.set()


def test_it_reads_on_a_thread_of_its_own_until_it_is_stopped(queue: WaitingQueue) -> None:
    stand = Stand(queue=queue)
    queue.script = [[a_message(numbered(1), 1)], [a_message(numbered(2), 2)]]
    stand.reader.start()
    assert queue.polling.wait(PATIENCE_SECONDS)
    assert queue.deleted == ["receipt-1", "receipt-2"]
    stand.reader.leave_off()
    queue.released.set()
    stand.reader.stop()
    assert not stand.reader._thread.is_alive()
    assert queue.polls == 3


def test_what_comes_with_the_last_poll_is_stored_before_the_end(queue: WaitingQueue) -> None:
    stand = Stand(queue=queue)
    stand.reader.start()
    assert queue.polling.wait(PATIENCE_SECONDS)
    stand.reader.leave_off()
    queue.script = [[a_message(an_alarm_event())]]
    queue.released.set()
    stand.reader.stop()
    assert (list(stand.inbox.rows), queue.deleted) == ([EVENT_ID], ["receipt-0"])


def test_it_ends_at_once_while_it_waits_because_aws_failed() -> None:
    stand = Stand(queue=ScriptedQueue([Transient("no answer")] * 1000))
    stand.reader._retry_seconds = LONGEST_RETRY_SECONDS
    began = SystemClock().monotonic()
    stand.reader.start()
    stand.reader.stop()
    assert not stand.reader._thread.is_alive()
    assert SystemClock().monotonic() - began < PATIENCE_SECONDS


def test_a_reader_that_was_never_started_can_be_stopped() -> None:
    Stand().reader.stop()
