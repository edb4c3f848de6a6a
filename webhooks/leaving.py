"""Leaving a note: one after the other, and no more in line than will be stored before their senders give up."""

import math
from collections.abc import Callable

import anyio.to_thread
import structlog
from anyio import CapacityLimiter

from controller.domain.delivery import Delivery, Receipt
from controller.domain.errors import TidegateError, Transient
from webhooks.refusals import Outcome, Refused

log = structlog.get_logger()

Accept = Callable[[Delivery], Receipt]
"""Stores a delivery durably before it returns. Sync; raises an error of `controller.domain.errors` when it can't."""

MOST_WAITING = 500


class Leaving:
    # SQLite has one writer: more threads would only wait for each other inside the database, and out of order.
    _WRITERS = 1

    def __init__(self, accept: Accept, most_waiting: int = MOST_WAITING) -> None:
        self._accept = accept
        self._most_waiting = most_waiting
        self._in_line = 0
        self._writers = CapacityLimiter(self._WRITERS)

    async def leave(self, delivery: Delivery) -> Receipt:
        """Durable when it returns. Refused as unavailable when the line is too long, or it can't be stored now."""
        if self._in_line >= self._most_waiting:
            raise Refused(Outcome.UNAVAILABLE, "Too many deliveries are waiting to be stored.", retry_after_seconds=10)
        self._in_line += 1
        try:
            return await anyio.to_thread.run_sync(self._accept, delivery, limiter=self._writers)
        except TidegateError as error:
            log.warning("webhook not stored", delivery=delivery.id, code=error.code)
            seconds = math.ceil(error.retry_after.total_seconds()) if isinstance(error, Transient) else 60
            detail = "The delivery could not be stored. Send it again later."
            raise Refused(Outcome.UNAVAILABLE, detail, retry_after_seconds=max(1, seconds)) from error
        finally:
            self._in_line -= 1
