"""Notices: each is sent, one that fails comes again and holds up no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from controller.domain.errors import Transient
from controller.loop.outbox import FIRST_RETRY, HOLD, send_due
from controller.store import Store
from tests.support.database import MovedClock


@dataclass
class Listener:
    deaf_to: set[str] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)

    def tell(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        if key in self.deaf_to:
            raise Transient("the channel can't be reached")
        self.heard.append(key)


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as unit:
        for key in ("one", "two", "three"):
            unit.outbox.put("deployment", key, {"text": key})
    return store


def test_each_notice_is_sent_once(ready: Store, clock: MovedClock) -> None:
    listener = Listener()
    assert send_due(ready, {"people": listener.tell}, clock) == 3
    assert send_due(ready, {"people": listener.tell}, clock) == 0
    assert listener.heard == ["one", "two", "three"]


def test_one_that_fails_comes_again_later_and_holds_up_no_other(ready: Store, clock: MovedClock) -> None:
    listener = Listener(deaf_to={"one"})
    assert send_due(ready, {"people": listener.tell}, clock) == 2
    listener.deaf_to.clear()
    assert send_due(ready, {"people": listener.tell}, clock) == 0, "not before its time"
    clock.sleep(FIRST_RETRY.total_seconds() + 1)
    assert send_due(ready, {"people": listener.tell}, clock) == 1
    assert listener.heard == ["two", "three", "one"]


def test_a_notice_whose_sender_dies_is_sent_again(ready: Store, clock: MovedClock) -> None:
    class Killed(BaseException):
        pass

    def dying(kind: str, key: str, body: Mapping[str, object]) -> None:
        raise Killed

    with pytest.raises(Killed):
        send_due(ready, {"people": dying}, clock)
    listener = Listener()
    assert send_due(ready, {"people": listener.tell}, clock) == 2
    clock.sleep(HOLD.total_seconds())
    assert send_due(ready, {"people": listener.tell}, clock) == 1
    assert listener.heard == ["two", "three", "one"]


def test_one_who_is_broken_neither_loses_nor_doubles_what_the_others_are_told(ready: Store, clock: MovedClock) -> None:
    def broken(kind: str, key: str, body: Mapping[str, object]) -> None:
        raise ValueError("a bug")

    well, deaf = Listener(), Listener(deaf_to={"one", "two", "three"})
    tells = {"broken": broken, "well": well.tell, "deaf": deaf.tell}
    assert send_due(ready, tells, clock) == 3
    clock.sleep(FIRST_RETRY.total_seconds() + 1)
    deaf.deaf_to.clear()
    assert send_due(ready, tells, clock) == 3
    assert (well.heard, sorted(deaf.heard)) == (["one", "two", "three"], ["one", "three", "two"])


def test_what_says_how_long_to_wait_is_left_alone_for_so_long(ready: Store, clock: MovedClock) -> None:
    def limited(kind: str, key: str, body: Mapping[str, object]) -> None:
        raise Transient("slowed down", retry_after=timedelta(minutes=5))

    listener = Listener()
    send_due(ready, {"people": limited}, clock)
    clock.sleep(299)
    assert send_due(ready, {"people": listener.tell}, clock) == 0
    clock.sleep(2)
    assert send_due(ready, {"people": listener.tell}, clock) == 3


def test_messages_to_somebody_who_is_told_no_more_are_given_up(ready: Store, clock: MovedClock) -> None:
    deaf = Listener(deaf_to={"one", "two", "three"})
    send_due(ready, {"gone": deaf.tell}, clock)
    clock.sleep(3600)
    assert send_due(ready, {"people": Listener().tell}, clock) == 0
    with ready.read() as unit:
        assert unit.outbox.due(clock.now() + timedelta(days=30)) == ()


def test_two_controllers_that_send_at_once_send_each_notice_once(ready: Store, clock: MovedClock) -> None:
    """The second one begins while the first is in the middle of sending."""
    second = Listener()

    class Slow(Listener):
        def tell(self, kind: str, key: str, body: Mapping[str, object]) -> None:
            if key == "one":
                send_due(ready, {"people": second.tell}, clock)
            super().tell(kind, key, body)

    first = Slow()
    send_due(ready, {"people": first.tell}, clock)
    assert (first.heard, second.heard) == (["one"], ["two", "three"])
