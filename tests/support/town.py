"""Who there is on GitHub: people with rights to the repository, teams, and who moved the branch."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from controller.domain.electorate import Movers
from controller.domain.errors import TidegateError
from controller.domain.people import Caller, Collaborator, Permission, Person, Role, Via
from controller.domain.revision import Author

ADA, GRACE, LINUS, MARGARET, DENNIS, BARBARA = (
    Person(number, login)
    for number, login in enumerate(("ada", "grace", "linus", "margaret", "dennis", "barbara"), start=1)
)
RIGHTS = {
    ADA: Permission.ADMIN,
    GRACE: Permission.MAINTAIN,
    LINUS: Permission.WRITE,
    MARGARET: Permission.WRITE,
    DENNIS: Permission.WRITE,
    BARBARA: Permission.READ,
}
RELEASE = "@acme/release"
PROGRAM = Caller("ada", Via.API, most=Role.ADMIN)
"""A token that may everything, and is nobody."""


def caller(person: Person, via: Via = Via.WEB) -> Caller:
    return Caller(person.login, via, person)


class Town:
    """A directory. `trouble` is what asking it raises."""

    def __init__(self) -> None:
        self.rights = dict(RIGHTS)
        self.teams = {RELEASE: frozenset({ADA.id, GRACE.id, MARGARET.id})}
        self.moved: dict[str, Movers] = {}
        self.wrote: tuple[Author, ...] = ()
        self.trouble: TidegateError | None = None
        self.asked = 0

    def collaborators(self, repository: str) -> Sequence[Collaborator]:
        self._ask()
        return tuple(Collaborator(person, right) for person, right in self.rights.items())

    def team(self, name: str) -> frozenset[int]:
        self._ask()
        return self.teams.get(name, frozenset())

    def movers(self, repository: str, branch: str, sha: str, since: datetime) -> Movers:
        self._ask()
        return self.moved.get(sha, Movers())

    def authors(self, repository: str, base: str, head: str) -> Sequence[Author]:
        self._ask()
        return self.wrote

    def rename(self, person: Person, login: str) -> Person:
        """The account goes on under another login."""
        renamed = replace(person, login=login)
        self.rights = {renamed if one == person else one: right for one, right in self.rights.items()}
        return renamed

    def leave(self, person: Person) -> None:
        """Somebody loses every right."""
        self.rights.pop(person)
        self.teams = {name: members - {person.id} for name, members in self.teams.items()}

    def _ask(self) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
