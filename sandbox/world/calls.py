"""What was asked of the world, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sandbox.world.values import Parameters


@dataclass(frozen=True, slots=True)
class CallRecord:
    time: datetime
    service: str
    """As boto3 names it: `ecs`, `elbv2`, `ecr`, …"""
    operation: str
    """As the API names it: `UpdateService`."""
    parameters: Parameters
    account: str
    region: str
    mutating: bool
    outcome: str
    """`ok`, `lost` (no answer reached the caller), or the error code."""
    fault: str = ""
    """The kind of fault that struck, if one did."""
    caller: str = ""
    """ARN of who asked."""


class CallLog:
    """The last calls, oldest first, and how many there ever were."""

    def __init__(self, keep: int = 50_000) -> None:
        self._records: deque[CallRecord] = deque(maxlen=keep)
        self.total = 0

    def add(self, record: CallRecord) -> None:
        self._records.append(record)
        self.total += 1

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def of(self, service: str, operation: str | None = None) -> list[CallRecord]:
        """Those to one service, or to one of its operations."""
        return [r for r in self._records if r.service == service and operation in (None, r.operation)]

    def mutating(self) -> list[CallRecord]:
        """Those that would have changed something, whether they did or not."""
        return [r for r in self._records if r.mutating]

    def clear(self) -> None:
        self._records.clear()
