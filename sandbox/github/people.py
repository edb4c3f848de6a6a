"""Who exists: a few people, two teams, one organization, and the controller's own App."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.github.git.store import Signature

Permission = Literal["admin", "maintain", "write", "triage", "read", "none"]
ORGANIZATION = "acme"
ORGANIZATION_ID = 9001


@dataclass(frozen=True)
class Person:
    """An account; `permission` is what it may do in every repository here."""

    id: int
    login: str
    name: str
    permission: Permission = "write"
    type: Literal["User", "Bot"] = "User"

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.localhost"

    def signature(self, when: datetime) -> Signature:
        return Signature(self.name, self.email, when)


@dataclass(frozen=True)
class Team:
    id: int
    slug: str
    name: str
    members: tuple[str, ...]


SEEDED = (
    Person(1001, "ada", "Ada Lovelace", "admin"),
    Person(1002, "grace", "Grace Hopper", "maintain"),
    Person(1003, "linus", "Linus Torvalds"),
    Person(1004, "margaret", "Margaret Hamilton"),
    Person(1005, "dennis", "Dennis Ritchie"),
    Person(1006, "barbara", "Barbara Liskov", "read"),
)
MACHINE = Person(1999, "tidegate[bot]", "tidegate[bot]", "write", "Bot")
ACTIONS = Person(1998, "github-actions[bot]", "github-actions[bot]", "write", "Bot")
RELEASE_TEAM = Team(2001, "release", "Release", ("ada", "grace", "margaret"))
DEVELOPERS = Team(2002, "developers", "Developers", ("linus", "margaret", "dennis"))


@dataclass
class People:
    """Accounts and their tokens. A token is derived from the sandbox's secret, so it outlives a restart."""

    secret: str
    everyone: tuple[Person, ...] = (*SEEDED, MACHINE, ACTIONS)
    teams: tuple[Team, ...] = (RELEASE_TEAM, DEVELOPERS)
    _by_token: dict[str, Person] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_token = {self.token(person): person for person in self.everyone}

    def token(self, person: Person) -> str:
        digest = hmac.new(self.secret.encode(), person.login.encode(), hashlib.sha256).hexdigest()
        return f"sandbox_{digest[:36]}"

    def with_token(self, token: str) -> Person | None:
        return self._by_token.get(token)

    def named(self, login: str) -> Person | None:
        """GitHub's logins do not mind upper or lower case."""
        return next((person for person in self.everyone if person.login.lower() == login.lower()), None)

    def with_id(self, number: int) -> Person | None:
        return next((person for person in self.everyone if person.id == number), None)

    def with_email(self, email: str) -> Person | None:
        return next((person for person in self.everyone if person.email == email), None)

    def team(self, slug: str) -> Team | None:
        return next((team for team in self.teams if team.slug == slug), None)
