"""`ports.Directory` by GitHub's REST API; what has not changed costs nothing of the rate limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from github import GithubException

from controller.adapters.github.authors import all_authors
from controller.adapters.github.errors import CONTENTS, Count, Unreadable, translated, unheard
from controller.adapters.github.pages import PER_PAGE, Pages
from controller.adapters.github.sign_in import Credentials, SignedIn
from controller.domain.electorate import Movers
from controller.domain.errors import Blocked
from controller.domain.people import TEAM, Collaborator, Permission, Person
from controller.domain.ports import Clock
from controller.domain.revision import Author

if TYPE_CHECKING:
    from github.Requester import Requester

NOT_FOUND = 404
PAGES_KEPT = 500
METADATA, MEMBERS, PULLS = "Metadata: read", "Members: read", "Pull requests: read"
"""https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps"""

MOST_COMMITS = 1000
"""So many commits of a range are read; where there are more, whoever wrote them can't be told from the others."""

MOST_MOVES = 1000
"""So many moves of a branch are read."""

RANKED = tuple(reversed(Permission))
RIGHTS: Mapping[str, Permission] = {
    "admin": Permission.ADMIN,
    "maintain": Permission.MAINTAIN,
    "push": Permission.WRITE,
    "triage": Permission.TRIAGE,
    "pull": Permission.READ,
}
"""GitHub's words in `permissions`, from the highest down: a role of the organization's own has those it stands on."""

PUSHED = frozenset({"push", "force_push", "branch_creation"})
MERGED = frozenset({"pr_merge", "merge_queue_merge"})


@dataclass(frozen=True)
class _Move:
    """What a branch was moved to, how, by whom, and when."""

    after: str
    kind: str
    actor: Person | None
    at: datetime


class GitHubDirectory:
    def __init__(self, url: str, credentials: Credentials, clock: Clock, count: Count = unheard) -> None:
        self._signed_in = SignedIn(url, credentials)
        self._clock, self._count = clock, count
        self._collaborators = Pages(_collaborators, PAGES_KEPT)
        self._members = Pages(_members, PAGES_KEPT)
        self._pulls = Pages(_pulls, PAGES_KEPT)
        self._activity = Pages(_activity, PAGES_KEPT)
        self._commits = Pages(_commits, PAGES_KEPT)
        self._merged: dict[str, Person] = {}

    def collaborators(self, repository: str) -> Sequence[Collaborator]:
        """https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators

        Programs are nobody: they have no part in it.
        """
        with translated(f"Reading who may work on {repository}", self._clock, METADATA, count=self._count):
            address = f"/repos/{repository}/collaborators?affiliation=all&per_page={PER_PAGE}"
            return self._collaborators.entries(self._requester(repository), address)

    def team(self, name: str) -> frozenset[int]:
        """https://docs.github.com/en/rest/teams/members#list-team-members: also of the teams below it."""
        organization, _, slug = name.removeprefix(TEAM).partition("/")
        with translated(f"Reading who is in the team {name}", self._clock, MEMBERS, count=self._count):
            address = f"/orgs/{organization}/teams/{slug}/members?per_page={PER_PAGE}"
            requester = self._signed_in.of_organization(organization).requester
            try:
                return frozenset(self._members.entries(requester, address))
            except GithubException as error:
                if error.status != NOT_FOUND:
                    raise
                return frozenset()

    def movers(self, repository: str, branch: str, sha: str, since: datetime) -> Movers:
        """Pushes and merges of this very commit, and the pull requests that it came with.

        https://docs.github.com/en/rest/repos/repos#list-repository-activities
        https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
        """
        requester = self._requester(repository)
        with translated(
            f"Reading who brought {sha[:7]} to {branch} of {repository}", self._clock, CONTENTS, count=self._count
        ):
            address = f"/repos/{repository}/activity?ref=refs/heads/{quote(branch)}&per_page={PER_PAGE}"
            moves = [move for move in self._moves(requester, address, since) if move.after == sha]
        with translated(
            f"Reading the pull requests of {sha[:7]} of {repository}", self._clock, PULLS, count=self._count
        ):
            address = f"/repos/{repository}/commits/{sha}/pulls?per_page={PER_PAGE}"
            pulls = [pull for pull in self._pulls.entries(requester, address) if pull[1] == branch]
            mergers = [self._merger(requester, repository, number) for number, _, _ in pulls]
        return Movers(
            openers=_once(opener for _, _, opener in pulls),
            mergers=_once([*mergers, *(move.actor for move in moves if move.kind in MERGED)]),
            pushers=_once(move.actor for move in moves if move.kind in PUSHED),
        )

    def authors(self, repository: str, base: str, head: str) -> Sequence[Author]:
        """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""
        attempted = f"Reading who wrote {repository} from {base[:7]} to {head[:7]}"
        with translated(attempted, self._clock, count=self._count):
            address = f"/repos/{repository}/compare/{base}...{head}?per_page={PER_PAGE}"
            found = self._commits.entries(self._requester(repository), address)
        if len(found) > MOST_COMMITS:
            told = f"{attempted}: {len(found)} commits are more than the {MOST_COMMITS} that are looked at; deploy once"
            raise Blocked(f"{told} with `exclude_author: true`.", code="github.range_too_long")
        return [author for authors in found for author in authors]

    def _requester(self, repository: str) -> Requester:
        return self._signed_in.client(repository).requester

    def _moves(self, requester: Requester, address: str, since: datetime) -> list[_Move]:
        """The newest come first. Whoever moves a branch often makes nobody forget who moved it before."""
        found: list[_Move] = []
        for page in self._activity.walk(requester, address):
            found.extend(page)
            if not page or page[-1].at < since:
                break
            if len(found) >= MOST_MOVES:
                told = f"it was moved more than {MOST_MOVES} times since {since:%Y-%m-%d %H:%M} UTC"
                raise Blocked(f"{address}: {told}; who moved it to this commit can't be told", code="github.too_many")
        return found

    def _merger(self, requester: Requester, repository: str, number: int) -> Person | None:
        """Lists of pull requests don't say who merged them. It never changes, so it is asked once."""
        key = f"{repository}#{number}"
        if key not in self._merged:
            address = f"/repos/{repository}/pulls/{number}"
            _, body = requester.requestJsonAndCheck("GET", address)
            try:
                merger = body["merged_by"]
                if merger is None:
                    return None
                self._merged[key] = _person(merger)
            except (LookupError, TypeError) as error:
                raise Unreadable(f"{address}: {type(error).__name__}: {error}") from error
        return self._merged[key]


def _once(people: Iterable[Person | None]) -> tuple[Person, ...]:
    return tuple(dict.fromkeys(person for person in people if person is not None))


def _collaborators(body: list[Mapping[str, Any]]) -> list[Collaborator]:
    return [Collaborator(_person(shown), _right(shown["permissions"])) for shown in body if shown["type"] == "User"]


def _right(permissions: Mapping[str, bool]) -> Permission:
    return next((right for word, right in RIGHTS.items() if permissions.get(word) is True), Permission.NONE)


def _members(body: list[Mapping[str, Any]]) -> list[int]:
    return [_person(shown).id for shown in body]


def _pulls(body: list[Mapping[str, Any]]) -> list[tuple[int, str, Person | None]]:
    """Of those that were merged: number, branch, and who opened it. GitHub keeps them when an account is deleted."""
    return [
        (int(shown["number"]), str(shown["base"]["ref"]), _person(shown["user"]) if shown["user"] else None)
        for shown in body
        if shown["merged_at"] is not None
    ]


def _activity(body: list[Mapping[str, Any]]) -> list[_Move]:
    return [
        _Move(
            str(shown["after"]),
            str(shown["activity_type"]),
            _person(shown["actor"]) if shown["actor"] else None,
            datetime.fromisoformat(shown["timestamp"]),
        )
        for shown in body
    ]


def _commits(body: Mapping[str, Any]) -> list[tuple[Author, ...]]:
    return [_authors(shown) for shown in body["commits"]]


def _authors(shown: Mapping[str, Any]) -> tuple[Author, ...]:
    git, account = shown["commit"], shown.get("author")
    name = str(git["author"]["name"])
    first = Author(_person(account).id, _person(account).login, name) if account else Author(None, None, name)
    return all_authors(first, str(git["message"]))


def _person(shown: Mapping[str, Any]) -> Person:
    number, login = shown["id"], shown["login"]
    if not isinstance(number, int) or not isinstance(login, str):
        raise TypeError(f"{shown!r} is not an account")
    return Person(number, login)
