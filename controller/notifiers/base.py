"""What a notifier is."""

from collections.abc import Mapping
from typing import Protocol


class Notifier(Protocol):
    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """Tell it, or raise `Transient`: then it comes again. One may come twice; `key` says that it is the same."""
