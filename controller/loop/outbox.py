"""Notices are sent after the transaction that wrote them, at least once.

Of two controllers one claims a notice and sends it. It is sent twice when its sender crashes before it could write down
that it was sent, or takes longer than `HOLD`; its key stays the same.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from controller.domain.errors import TidegateError
from controller.domain.ports import Clock
from controller.store import LONGEST_WAIT, Message, Store

Tell = Callable[[str, str, Mapping[str, object]], None]
"""Says one notice: its kind, the key that it is known by, and its body."""

HOLD = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=10)


def send_due(store: Store, tell: Tell, clock: Clock) -> int:
    """Send what is due, oldest first; how many were sent. One that fails comes again later, and holds up no other."""
    sent = 0
    while message := _claimed(store, clock):
        try:
            tell(message.kind, message.key, message.body)
        except TidegateError as error:
            wait = min(FIRST_RETRY * 2 ** min(message.attempts, 10), LONGEST_WAIT)
            with store.write() as unit:
                unit.outbox.failed(message.id, clock.now() + wait, str(error))
        else:
            with store.write() as unit:
                unit.outbox.sent(message.id)
            sent += 1
    return sent


def _claimed(store: Store, clock: Clock) -> Message | None:
    """Nothing is written while nothing is due: this is asked after every pass."""
    with store.read() as unit:
        if not unit.outbox.due(clock.now(), limit=1):
            return None
    with store.write() as unit:
        return unit.outbox.claim(clock.now(), HOLD)
