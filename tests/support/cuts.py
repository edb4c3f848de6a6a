"""A crash at a chosen place: before or after any changing call to AWS, before or after any commit.

What crashes is the controller alone. Its ports are poisoned from then on, so that no `finally` and no `except` of the
dying process can still do something that a real `kill -9` would have kept it from.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import Reply, Request
from controller.adapters.aws.session import Access, Callers
from controller.domain.ports import Permit
from controller.store import Store, Unit

BEFORE, AFTER = "before", "after"


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Cuts:
    """Counts the sites that a run passes; `cut` names one as (number, BEFORE | AFTER)."""

    cut: tuple[int, str] | None = None
    sites: list[str] = field(default_factory=list)
    is_dead: bool = False
    is_watching: bool = False
    """Only what a pass does is a site; what the test itself writes is not."""

    @contextmanager
    def site(self, name: str) -> Iterator[None]:
        self.living()
        self.sites.append(name)
        number = len(self.sites) - 1
        if self.cut == (number, BEFORE):
            self._die()
        yield
        if self.cut == (number, AFTER):
            self._die()

    def living(self) -> None:
        if self.is_dead:
            raise Crash

    def _die(self) -> None:
        self.is_dead = True
        raise Crash

    def revive(self) -> None:
        """The next process; it is not cut again."""
        self.is_dead, self.cut = False, None


class CutCaller(Caller):
    def __init__(self, cuts: Cuts, inner: Caller) -> None:
        self._cuts, self._inner = cuts, inner

    def read(self, request: Request[Reply], about: str) -> Reply:
        self._cuts.living()
        return self._inner.read(request, about)

    def change(self, request: Request[Reply], about: str, permit: Permit, hidden: Iterable[str] = ()) -> Reply:
        with self._cuts.site(f"{request.call.service} {request.call.operation}"):
            return self._inner.change(request, about, permit, hidden)


class CutCallers(Callers):
    def __init__(self, cuts: Cuts, **sessions: Any) -> None:
        super().__init__(**sessions)
        self._cuts = cuts

    def of(self, access: Access) -> Caller:
        return CutCaller(self._cuts, super().of(access))


class CutStore(Store):
    """Dies at the end of a write: before, and nothing of it is there; after, and all of it is."""

    cuts: Cuts

    @contextmanager
    def read(self) -> Iterator[Unit]:
        self.cuts.living()
        with super().read() as unit:
            yield unit

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if not self.cuts.is_watching:
            with super().write() as unit:
                yield unit
            return
        self.cuts.living()
        number = len(self.cuts.sites)
        self.cuts.sites.append("commit")
        with super().write() as unit:
            yield unit
            if self.cuts.cut == (number, BEFORE):
                self.cuts._die()
        if self.cuts.cut == (number, AFTER):
            self.cuts._die()
