from datetime import timedelta

from controller.store import LONGEST_WAIT, Store
from tests.support.database import MovedClock


def keys(store: Store, clock: MovedClock) -> list[str]:
    with store.read() as unit:
        return [message.key for message in unit.outbox.due(clock.now())]


def test_a_message_is_due_at_once_and_told_under_one_key_only_once(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        assert unit.outbox.put("deployment", "dev-1:succeeded", {"phase": "succeeded"})
        assert not unit.outbox.put("deployment", "dev-1:succeeded", {"phase": "again"})
    with store.read() as unit:
        (message,) = unit.outbox.due(clock.now())
    assert (message.kind, message.key, message.body, message.attempts) == (
        "deployment",
        "dev-1:succeeded",
        {"phase": "succeeded"},
        0,
    )


def test_a_sent_message_is_not_due_and_its_key_stays_taken(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.outbox.put("deployment", "one", {})
        unit.outbox.sent(unit.outbox.due(clock.now())[0].id)
        assert not unit.outbox.put("deployment", "one", {})
    assert keys(store, clock) == []


def test_a_failed_message_waits_until_it_is_tried_again(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.outbox.put("deployment", "one", {})
        unit.outbox.put("deployment", "two", {})
        first = unit.outbox.due(clock.now(), limit=1)[0]
        unit.outbox.failed(first.id, clock.now() + timedelta(seconds=60), "502")
    assert keys(store, clock) == ["two"]
    clock.sleep(60)
    with store.read() as unit:
        assert [(message.key, message.attempts) for message in unit.outbox.due(clock.now())] == [("two", 0), ("one", 1)]


def test_a_message_given_up_is_never_due(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.outbox.put("deployment", "one", {})
        unit.outbox.failed(unit.outbox.due(clock.now())[0].id, None, "410")
    clock.sleep(10**9)
    assert keys(store, clock) == []


def test_a_message_put_off_by_a_clock_that_was_set_back_since_is_due(store: Store, clock: MovedClock) -> None:
    clock.sleep(24 * 3600)
    with store.write() as unit:
        unit.outbox.put("deployment", "one", {})
        unit.outbox.failed(unit.outbox.due(clock.now())[0].id, clock.now() + LONGEST_WAIT, "502")
    assert keys(store, clock) == []
    clock.sleep(-24 * 3600)
    assert keys(store, clock) == ["one"]
    with store.write() as unit:
        assert unit.outbox.claim(clock.now(), timedelta(minutes=1))
        assert not unit.outbox.claim(clock.now(), timedelta(minutes=1))
