"""May whoever stands at a door do that? The one answer for all doors, read anew each time."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.bindings import Binding
from controller.domain.errors import TidegateError
from controller.domain.people import Caller, Role
from controller.polls import Polls


class Forbidden(TidegateError):
    """Whoever asked may not; nothing was stored."""


@dataclass(frozen=True)
class Rights:
    """A program has the role of its token; a person what GitHub and the operator say now, and no more than the way in
    allows."""

    polls: Polls
    bindings: Mapping[str, Binding]

    def role(self, caller: Caller, environment: str | None) -> Role:
        """In this environment; without one, the highest of all. Raises what asking GitHub raises: then nobody is let
        in."""
        if caller.person is None:
            return caller.most
        asked = [each for name, each in self.bindings.items() if environment in (None, name)]
        found = [self.polls.role(caller.person, each) for each in asked]
        return min(caller.most, max(found, default=Role.NOBODY))

    def insist(self, caller: Caller, environment: str | None, least: Role, what: str) -> None:
        """`Forbidden` with the code `role.too_low`."""
        found = self.role(caller, environment)
        if found < least:
            where = f" in {environment}" if environment else ""
            text = f"{caller.name} is {_article(found)}{where}, and to {what} takes {_article(least)}"
            raise Forbidden(text, code="role.too_low")


def _article(role: Role) -> str:
    if role is Role.NOBODY:
        return "nobody"
    return f"an {role.words}" if role.words[0] in "aeo" else f"a {role.words}"
