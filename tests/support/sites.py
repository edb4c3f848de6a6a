"""Where a controller touches the outside: every call, every transaction, every look at the wall clock is a site.

All ports of one process go through one `Gate`. It names each passage by kind, name and occurrence, writes it down, and
lets one fault happen at one of them. When the process is dead, the gate is shut: no `finally` and no `except` of it can
do what a real `kill -9` would have kept it from.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from controller.domain.errors import TidegateError

Answer = TypeVar("Answer")


class SiteKind(StrEnum):
    CHANGE = "change"  # an AWS call that changes something, after the tenure was checked
    READ = "read"  # an AWS call that reads
    SOURCE = "source"  # a question to the repository
    PROBE = "probe"  # a request to the environment
    TELL = "tell"  # a notice on its way out
    WRITE = "write"  # a transaction that may write
    LOOK = "look"  # a transaction that only reads
    CLOCK = "clock"  # a look at the wall clock


class Crash(BaseException):
    """The process is gone."""


@dataclass(frozen=True, order=True)
class Site:
    """`name` is an AWS operation, a port's method or, for a transaction, the function that opened it."""

    kind: SiteKind
    name: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}#{self.occurrence}"


class Fault:
    """What happens at one site. Each method is one moment of the passage; by default nothing goes wrong."""

    def before(self, passage: "Passage") -> None:
        """Nothing has happened yet."""

    def instead(self, passage: "Passage", do: Callable[[], Any]) -> Any:
        """The passage itself; calls only."""
        return do()

    def within(self, passage: "Passage") -> None:
        """All is written, nothing is committed; transactions only."""

    def after(self, passage: "Passage") -> None:
        """It took effect, and nobody was told yet."""


NOTHING = Fault()


@dataclass(frozen=True)
class Passage:
    """One passage of a site. `errors` makes the errors that this port can raise, by the kind of trouble; `old` and
    `missing` are the answers that it may wrongly give, if there are such."""

    gate: "Gate"
    site: Site
    errors: Mapping[str, Callable[[], Exception]] = field(default_factory=dict)
    old: Callable[[], Any] | None = None
    missing: Callable[[], Any] | None = None

    def trouble(self, kind: str) -> Exception:
        return self.errors[kind]()


@dataclass
class Gate:
    """`fault` happens at `target`, once. `on_passage` hears of every passage before it begins, `on_commit` of every
    transaction after it has ended well."""

    owner: str
    target: Site | None = None
    fault: Fault = NOTHING
    is_dead: bool = False
    on_passage: Callable[[Passage], None] | None = None
    on_commit: Callable[[Passage], None] | None = None
    counts: Counter[tuple[SiteKind, str]] = field(default_factory=Counter)
    struck: bool = False
    is_at_target: bool = False
    """Whether the call at which the fault happens is on its way."""

    def call(self, kind: SiteKind, name: str, do: Callable[[], Answer], **how: Any) -> Answer:
        passage, fault = self.arrive(kind, name, **how)
        fault.before(passage)
        self.living()
        self.is_at_target = passage.site == self.target
        answer: Answer = fault.instead(passage, do)
        self.is_at_target = False
        fault.after(passage)
        self.living()
        return answer

    def arrive(self, kind: SiteKind, name: str, **how: Any) -> tuple[Passage, Fault]:
        self.living()
        self.counts[kind, name] += 1
        passage = Passage(self, Site(kind, name, self.counts[kind, name]), **how)
        if self.on_passage is not None:
            self.on_passage(passage)
        if passage.site != self.target:
            return passage, NOTHING
        self.struck = True
        return passage, self.fault

    def living(self) -> None:
        if self.is_dead:
            raise Crash

    def die(self) -> None:
        self.is_dead = True
        raise Crash


def raised(error: TidegateError) -> Callable[[], Exception]:
    return lambda: error
