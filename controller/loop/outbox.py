"""Notices are sent after the transaction that wrote them, at least once: a crash between the two sends one again."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from controller.domain.errors import TidegateError
from controller.domain.ports import Clock
from controller.store import Store

Tell = Callable[[str, str, Mapping[str, object]], None]
"""Says one notice: its kind, the key that it is known by, and its body."""

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(minutes=10)


def send_due(store: Store, tell: Tell, clock: Clock) -> int:
    """Send what is due, oldest first; how many were sent. One that fails comes again later, and holds up no other."""
    with store.read() as unit:
        due = unit.outbox.due(clock.now())
    sent = 0
    for message in due:
        try:
            tell(message.kind, message.key, message.body)
        except TidegateError as error:
            wait = min(FIRST_RETRY * 2 ** min(message.attempts, 10), LONGEST_RETRY)
            with store.write() as unit:
                unit.outbox.failed(message.id, clock.now() + wait, str(error))
        else:
            with store.write() as unit:
                unit.outbox.sent(message.id)
            sent += 1
    return sent
