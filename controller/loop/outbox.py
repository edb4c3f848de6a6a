"""Notices are sent after the transaction that wrote them, at least once.

A notice is for everybody who is told: it becomes one message to each of them, in one transaction. So whoever can't be
reached, or breaks, neither loses nor doubles what the others are told. Of two controllers one claims a message and
sends it. It is sent twice when its sender crashes before it could write down that it was sent, or takes longer than
`HOLD`; its key stays the same.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from controller.domain.errors import DEFAULT_RETRY, TidegateError, Transient
from controller.domain.ports import Clock
from controller.store import LONGEST_WAIT, Message, Store

log = structlog.get_logger()

Tell = Callable[[str, str, Mapping[str, object]], None]
"""Says one notice: its kind, the key that it is known by, and its body."""

HOLD = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=10)
TO = ">"
"""Between a notice's kind, or its key, and the name of whom this message of it is for."""


def send_due(store: Store, tells: Mapping[str, Tell], clock: Clock) -> int:
    """Send what is due, oldest first, to those who are told by that name; how many were sent. One that fails comes
    again later, and holds up no other."""
    sent = 0
    while message := _claimed(store, clock):
        kind, _, name = message.kind.partition(TO)
        if not name:
            _spread(store, message, tells)
        elif name not in tells:
            with store.write() as unit:
                unit.outbox.failed(message.id, None, f"nobody is told as {name} any more")
        else:
            sent += _sent(store, message, kind, tells[name], clock)
    return sent


def _spread(store: Store, message: Message, names: Mapping[str, Tell]) -> None:
    with store.write() as unit:
        for name in names:
            unit.outbox.put(f"{message.kind}{TO}{name}", f"{message.key}{TO}{name}", message.body)
        unit.outbox.sent(message.id)


def _sent(store: Store, message: Message, kind: str, tell: Tell, clock: Clock) -> bool:
    try:
        tell(kind, message.key.rpartition(TO)[0], message.body)
    except TidegateError as error:
        _again(store, message, clock, error)
        return False
    except Exception as error:
        log.exception("notice broke", kind=message.kind, key=message.key)
        _again(store, message, clock, error)
        return False
    with store.write() as unit:
        unit.outbox.sent(message.id)
    return True


def _again(store: Store, message: Message, clock: Clock, error: Exception) -> None:
    asked = error.retry_after if isinstance(error, Transient) else DEFAULT_RETRY
    wait = min(max(FIRST_RETRY * 2 ** min(message.attempts, 10), asked), LONGEST_WAIT)
    with store.write() as unit:
        unit.outbox.failed(message.id, clock.now() + wait, str(error))


def _claimed(store: Store, clock: Clock) -> Message | None:
    """Nothing is written while nothing is due: this is asked after every pass."""
    with store.read() as unit:
        if not unit.outbox.due(clock.now(), limit=1):
            return None
    with store.write() as unit:
        return unit.outbox.claim(clock.now(), HOLD)
