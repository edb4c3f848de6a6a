"""The door for a controller that nobody can reach: it fetches what AWS has left in a queue, and leaves the same notes.

A message is deleted after its delivery is stored. What is no event is told of and deleted, because it would come again
for days; what broke us stays, and comes again when its time is up: it holds up nobody else, and ends where the queue's
redrive policy says. While AWS or the database fails, less and less is asked of them.
"""

import threading
from collections.abc import Callable, Sequence

import structlog

from controller.domain.errors import TidegateError
from controller.domain.ports import Clock, Message, Queue
from controller.domain.reason import Reason
from webhooks import aws
from webhooks.leaving import Accept
from webhooks.refusals import Outcome, Refused

log = structlog.get_logger()

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
LONGEST_END_SECONDS = 9.0
"""A poll that has begun is waited for, and a little more."""


class QueueReader:
    """Reads on a thread of its own from `start` to `stop`. `count` hears what became of each message.

    `trouble` is why nothing was heard the last time that AWS was asked; None when all is well.
    """

    def __init__(self, queue: Queue, accept: Accept, clock: Clock, count: Callable[[Outcome], None]) -> None:
        self._queue, self._accept, self._clock, self._count = queue, accept, clock, count
        self.trouble: Reason | None = None
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave_off(self) -> None:
        """No other poll begins; returns at once."""
        self._stopped.set()

    def stop(self) -> None:
        """Within ten seconds. A message that is being stored then is stored, or comes again."""
        self.leave_off()
        if self._thread.is_alive():
            self._thread.join(LONGEST_END_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._stopped.wait(self.turn())

    def turn(self) -> float:
        """One poll, and what came of it; how many seconds to wait before the next."""
        try:
            self._take(self._queue.receive())
        except TidegateError as error:
            return self._lost(Reason(error.code, str(error)))
        except Exception:
            log.exception("queue broke")
            return self._lost(Reason("queue.broke", "a bug: the log has its traceback"))
        if self.trouble is not None:
            log.info("queue read again")
        self.trouble, self._retry_seconds = None, FIRST_RETRY_SECONDS
        return 0.0

    def _take(self, messages: Sequence[Message]) -> None:
        """Everything that is settled is deleted, whatever happens to the message after it."""
        settled: list[Message] = []
        try:
            for message in messages:
                if self._is_settled(message):
                    settled.append(message)  # noqa: PERF401 - what was settled before an error is deleted as well
        finally:
            if settled:
                self._queue.delete(settled)

    def _is_settled(self, message: Message) -> bool:
        """Stored, or not worth to come again. Raises when nothing can be stored."""
        try:
            delivery = aws.from_queue(message.body, message.id, self._clock.now())
            receipt = self._accept(delivery)
        except Refused as refused:
            self._count(refused.outcome)
            log.warning("message is no event", message=message.id, detail=refused.detail)
            return True
        except TidegateError:
            self._count(Outcome.UNAVAILABLE)
            raise
        except Exception:
            log.exception("message broke", message=message.id)
            return False
        self._count(Outcome(receipt))
        log.info("message stored", delivery=delivery.id, aws_event=delivery.event, receipt=receipt)
        return True

    def _lost(self, trouble: Reason) -> float:
        """Warned of when it begins and when it changes, and not each time."""
        if self.trouble is None or self.trouble.code != trouble.code:
            log.warning("queue not read: what moves is looked at all the same", code=trouble.code, error=trouble.text)
        self.trouble = trouble
        wait, self._retry_seconds = self._retry_seconds, min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)
        return wait
