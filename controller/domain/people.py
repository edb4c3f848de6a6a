"""Who somebody is, and what they may do here. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """Each may all that those before it may."""

    NOBODY = 0  # may not even look
    VIEWER = 1  # reads everything
    APPROVER = 2  # answers approvals, as far as an environment's gates name them
    OPERATOR = 3  # gives every other order
    ADMIN = 4  # makes tokens for programs

    @property
    def words(self) -> str:
        return self.name.lower()


class Permission(StrEnum):
    """What GitHub lets somebody do with a repository."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"


BY_PERMISSION: Mapping[Permission, Role] = {
    Permission.NONE: Role.NOBODY,
    Permission.READ: Role.VIEWER,
    Permission.TRIAGE: Role.VIEWER,
    Permission.WRITE: Role.APPROVER,
    Permission.MAINTAIN: Role.OPERATOR,
    Permission.ADMIN: Role.ADMIN,
}
"""Where the operator names nobody."""


@dataclass(frozen=True, order=True)
class Person:
    """A GitHub account. The number is who it is: logins are renamed, and given to others."""

    id: int
    login: str


@dataclass(frozen=True)
class Collaborator:
    """Somebody with a right to a repository."""

    person: Person
    permission: Permission


TEAM = "@"
"""What the name of a team begins with, as in `@acme/release`."""


@dataclass(frozen=True)
class Rules:
    """The operator's words: who has which role, by login or team, of those who have a right to the repository. Without
    any name their rights there decide."""

    admin: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    approver: tuple[str, ...] = ()
    viewer: tuple[str, ...] = ()

    @property
    def named(self) -> Mapping[Role, tuple[str, ...]]:
        """Highest first."""
        return {
            Role.ADMIN: self.admin,
            Role.OPERATOR: self.operator,
            Role.APPROVER: self.approver,
            Role.VIEWER: self.viewer,
        }

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for names in self.named.values() for name in names)

    @property
    def decide(self) -> bool:
        return bool(self.names)


Teams = Mapping[str, frozenset[int]]
"""Team, as in `@acme/release` → the numbers of its members."""


def role_of(found: Collaborator, rules: Rules, teams: Teams) -> Role:
    """Whoever has no right to the repository is nobody, whatever the rules say: names may change hands there."""
    if found.permission is Permission.NONE:
        return Role.NOBODY
    if not rules.decide:
        return BY_PERMISSION[found.permission]
    named = (role for role, names in rules.named.items() if is_named(found.person, names, teams))
    return next(named, Role.NOBODY)


def is_named(person: Person, names: Iterable[str], teams: Teams) -> bool:
    return any(_fits(person, name, teams) for name in names)


def _fits(person: Person, name: str, teams: Teams) -> bool:
    if name.startswith(TEAM):
        return person.id in teams.get(name.lower(), frozenset())
    return person.login.lower() == name.lower()


def teams_in(names: Iterable[str]) -> tuple[str, ...]:
    """GitHub's names don't mind upper or lower case."""
    return tuple(dict.fromkeys(name.lower() for name in names if name.startswith(TEAM)))


class Via(StrEnum):
    """The door that somebody came through."""

    API = "api"
    CLI = "cli"
    WEB = "web"
    SLACK = "slack"


@dataclass(frozen=True)
class Caller:
    """Whoever stands at a door: a person, or a program with a token of its own, which is nobody.

    `most` is the highest role that the way in allows, whatever the person may do otherwise.
    """

    name: str
    via: Via
    person: Person | None = None
    most: Role = Role.ADMIN
