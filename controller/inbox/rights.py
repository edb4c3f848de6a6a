"""May whoever stands at a door do that? The one answer for all doors, read anew each time."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.domain.bindings import Binding
from controller.domain.errors import TidegateError
from controller.domain.people import Caller, Person, Role
from controller.domain.ports import Clock
from controller.polls import Polls

LOOK_SECONDS = 60.0
MOST_LOOKED = 1000


class Forbidden(TidegateError):
    """Whoever asked may not; nothing was stored."""


@dataclass(frozen=True)
class Rights:
    """A program has the role of its token; a person what GitHub and the operator say now, and no more than the way in
    allows."""

    polls: Polls
    bindings: Mapping[str, Binding]
    clock: Clock
    _looked: dict[int, tuple[float, Role]] = field(default_factory=dict, repr=False, compare=False)
    _shown: dict[tuple[int, str], tuple[float, Role]] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def role(self, caller: Caller, environment: str | None) -> Role:
        """In this environment; without one, the highest of all. Raises what asking GitHub raises: then nobody is let
        in."""
        if caller.person is None:
            return caller.most
        asked = [each for name, each in self.bindings.items() if environment in (None, name)]
        found = [self.polls.role(caller.person, each) for each in asked]
        return min(caller.most, max(found, default=Role.NOBODY))

    def everywhere(self, caller: Caller) -> Role:
        """The lowest of all: for what reaches into every environment."""
        if caller.person is None:
            return caller.most
        found = [self.polls.role(caller.person, each) for each in self.bindings.values()]
        return min(caller.most, min(found, default=Role.NOBODY))

    def may_look(self, caller: Caller) -> bool:
        """For pages and answers that only read: what was found a minute ago still holds, and while GitHub can't be
        asked, what was found last. Then those look as well who may break the glass."""
        if caller.person is None:
            return caller.most >= Role.VIEWER
        now, known = self.clock.monotonic(), self._known(caller.person)
        if known is not None and now - known[0] < LOOK_SECONDS:
            return min(known[1], caller.most) >= Role.VIEWER
        try:
            role = self.role(replace(caller, most=Role.ADMIN), None)
        except TidegateError:
            found = known[1] if known is not None else self._by_number(caller.person)
            return min(found, caller.most) >= Role.VIEWER
        with self._lock:
            if len(self._looked) >= MOST_LOOKED:
                self._looked.pop(next(iter(self._looked)))
            self._looked[caller.person.id] = (now, role)
        return min(role, caller.most) >= Role.VIEWER

    def shown(self, caller: Caller, environment: str) -> Role | None:
        """What pages say that somebody may there, a minute old at most; None while GitHub can't be asked. Nobody is let
        into anything by it: whoever does something is asked about anew."""
        if caller.person is None:
            return caller.most
        now, place = self.clock.monotonic(), (caller.person.id, environment)
        with self._lock:
            known = self._shown.get(place)
        if known is not None and now - known[0] < LOOK_SECONDS:
            return min(known[1], caller.most)
        try:
            role = self.role(replace(caller, most=Role.ADMIN), environment)
        except TidegateError:
            return None
        with self._lock:
            if len(self._shown) >= MOST_LOOKED:
                self._shown.pop(next(iter(self._shown)))
            self._shown[place] = (now, role)
        return min(role, caller.most)

    def _known(self, person: Person) -> tuple[float, Role] | None:
        with self._lock:
            return self._looked.get(person.id)

    def _by_number(self, person: Person) -> Role:
        named = (each.glass for each in self.bindings.values() if each.glass is not None)
        return Role.VIEWER if any(glass.has(person) for glass in named) else Role.NOBODY

    def insist(self, caller: Caller, environment: str | None, least: Role, what: str) -> None:
        """`Forbidden` with the code `role.too_low`."""
        found = self.role(caller, environment)
        if found < least:
            raise Forbidden(too_low(caller, found, environment, least, what), code="role.too_low")


def too_low(caller: Caller, found: Role, environment: str | None, least: Role, what: str) -> str:
    """Why somebody with this role may not."""
    where = f" in {environment}" if environment else ""
    return f"{caller.name} is {_article(found)}{where}, and to {what} takes {_article(least)}"


def _article(role: Role) -> str:
    if role is Role.NOBODY:
        return "nobody"
    return f"an {role.words}" if role.words[0] in "aeo" else f"a {role.words}"
