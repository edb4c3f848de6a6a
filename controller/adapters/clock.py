"""The one place where time comes from."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, as `ports.Clock` wants it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
