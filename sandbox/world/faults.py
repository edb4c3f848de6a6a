"""Everything that AWS, or the way to it, does wrong; asked for by rule, and reproducible."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal[
    "throttle",
    "denied",
    "server_error",
    "delay",
    "timeout",
    "lost_answer",
    "doubled",
    "stale",
    "missing",
]
"""
throttle      refused: rate exceeded
denied        refused: not authorized
server_error  failed inside, without effect
delay         answered `seconds` late
timeout       never arrived: no effect, no answer
lost_answer   took effect, but no answer came back
doubled       carried out twice; the second answer comes back
stale         read as it was `seconds` ago, or `versions` changes ago
missing       read before the newest writes arrived: only the foundation is there
"""


@dataclass
class Fault:
    """One rule: which calls it strikes, how often, and what happens to them.

    Without `nth` and `rate` it strikes every matching call. Counting starts when the rule is added.
    """

    kind: FaultKind
    service: str | None = None
    operation: str | None = None
    mutating: bool | None = None
    """Only calls that change something (True), or only those that read (False)."""
    nth: int | tuple[int, ...] | None = None
    """Only the nth matching call, counted from 1, or only these."""
    rate: float | None = None
    """Only this share of the matching calls, drawn by the world's seed."""
    times: int | None = None
    """At most so often."""
    seconds: float = 0.0
    versions: int = 0
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def matches(self, service: str, operation: str, mutates: bool) -> bool:
        return (
            self.service in (None, service)
            and self.operation in (None, operation)
            and self.mutating in (None, mutates)
            and not (mutates and self.kind in ("stale", "missing"))
        )

    def due(self, draw: random.Random) -> bool:
        """Count one matching call and say whether it is struck."""
        self.seen += 1
        if self.times is not None and self.struck >= self.times:
            return False
        nth = (self.nth,) if isinstance(self.nth, int) else self.nth
        if nth is not None and self.seen not in nth:
            return False
        if self.rate is not None and draw.random() >= self.rate:
            return False
        self.struck += 1
        return True


class Faults:
    """The rules in force; of several that strike one call, the one added first wins."""

    def __init__(self, seed: int) -> None:
        self._rules: list[Fault] = []
        self._draw = random.Random(seed)  # noqa: S311  (reproducible on purpose)
        self.capacity_is_gone = False
        """Whether Fargate has no room for one-off tasks: RunTask answers, and starts nothing."""
        self.weights_lag_seconds = 0.0
        """How long, in AWS's seconds, requests still follow the old rules after a rule was changed."""
        self.flaws: list[tuple[str, ...]] = []
        """For each of the next images that are pushed: the severity of each finding that a scan of it comes to."""

    def add(self, fault: Fault) -> Fault:
        self._rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        if fault in self._rules:
            self._rules.remove(fault)

    def clear(self) -> None:
        self._rules.clear()
        self.capacity_is_gone = False
        self.weights_lag_seconds = 0.0
        self.flaws.clear()

    def next_flaws(self) -> tuple[str, ...]:
        """Of an image that is pushed now; each order is for one image."""
        return self.flaws.pop(0) if self.flaws else ()

    @property
    def needs_history(self) -> bool:
        """Whether somebody may ask how things were."""
        return any(rule.kind == "stale" for rule in self._rules)

    def strike(self, service: str, operation: str, mutates: bool) -> Fault | None:
        struck = None
        for rule in self._rules:
            if rule.matches(service, operation, mutates) and rule.due(self._draw) and struck is None:
                struck = rule
        return struck
