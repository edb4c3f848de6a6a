"""How long this machine kept everybody waiting: figures of a starved machine say little about whom they measure."""

import threading
import time

EVERY_SECONDS = 0.1
LONG_SECONDS = 0.5
"""A health check of the sandbox gives up after this: its AWS is ten times as fast, and files allow five seconds."""


class Breath:
    """A thread that wants to wake up ten times a second, and notes how late it does."""

    def __init__(self) -> None:
        self.longest, self.long = 0.0, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._breathe, name="breath", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _breathe(self) -> None:
        while True:
            due = time.monotonic() + EVERY_SECONDS
            if self._over.wait(EVERY_SECONDS):
                return
            late = time.monotonic() - due
            self.longest = max(self.longest, late)
            self.long += late > LONG_SECONDS
