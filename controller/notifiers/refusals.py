"""What somebody doesn't let be told is said in the log once, until it works again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from controller.domain.errors import Blocked

log = structlog.get_logger()


class Refusals:
    def __init__(self, who: str) -> None:
        self._who = who
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def swallowed(self, place: str = "") -> Iterator[None]:
        """`Blocked` ends here: whoever refuses once would refuse again. It is said once for each place."""
        try:
            yield
        except Blocked as error:
            with self._lock:
                is_news = place not in self._refused
                self._refused.add(place)
            if is_news:
                log.warning("not told", who=self._who, code=error.code, error=str(error))
        else:
            with self._lock:
                self._refused.discard(place)
