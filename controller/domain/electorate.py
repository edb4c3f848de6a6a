"""Who may answer an approval: whom files and operator name, less those who made what is to be approved. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller.domain.manifest import Approval, EnvironmentFile, Minimum
from controller.domain.people import Person, Teams, is_named
from controller.domain.reason import Reason
from controller.domain.revision import Author

OWN, LIVE, LEAST = "the file", "the file that is live", "tidegate.yaml"
EXPIRES = timedelta(hours=24)
"""What the operator's minimum goes by."""


@dataclass(frozen=True)
class Requirement:
    """`count` different people of `reviewers`, or of all who may approve where that is empty; `whose` word it is.

    `excludes_author`: nobody approves what they made; `excludes_all`: nor what they made a part of, since the version
    that is live.
    """

    whose: str
    count: int
    reviewers: tuple[str, ...] = ()
    excludes_author: bool = True
    excludes_all: bool = False
    expires: timedelta = EXPIRES


def requirements(files: Sequence[EnvironmentFile], minimum: Minimum) -> tuple[Requirement, ...]:
    """Of the new file, the live one, and the operator; each must be met. What two say alike is asked for once."""
    named = ((whose, file.gates.approval) for whose, file in zip((OWN, LIVE), files, strict=False))
    found = [_of(whose, asked) for whose, asked in named if asked is not None]
    if minimum.approval is not None:
        found.append(Requirement(LEAST, minimum.approval.count))
    distinct: dict[Requirement, Requirement] = {}
    for one in found:
        distinct.setdefault(replace(one, whose=""), one)
    return tuple(distinct.values())


def _of(whose: str, asked: Approval) -> Requirement:
    excludes = asked.exclude_author
    return Requirement(whose, asked.count, asked.reviewers, excludes is not False, excludes == "all", asked.expires)


@dataclass(frozen=True)
class Movers:
    """Who brought a commit to its branch: `openers` of its pull requests, `mergers` of those, `pushers`;
    `publishers` of the release that it is deployed as."""

    openers: tuple[Person, ...] = ()
    mergers: tuple[Person, ...] = ()
    pushers: tuple[Person, ...] = ()
    publishers: tuple[Person, ...] = ()


@dataclass(frozen=True)
class Electorate:
    """People as GitHub knew them at `seen_at`, aware UTC, by the database's clock.

    `approvers` have the role; `teams` are those that were asked for. `authors` are the commit's; `range_authors` those
    of every commit since the one that is live, where a requirement excludes them.
    """

    seen_at: datetime
    approvers: tuple[Person, ...]
    teams: Teams = field(default_factory=dict)
    authors: tuple[Author, ...] = ()
    range_authors: tuple[Author, ...] = ()
    movers: Movers = field(default_factory=Movers)

    def person(self, number: int) -> Person | None:
        """Somebody who may approve at all."""
        return next((person for person in self.approvers if person.id == number), None)

    def named(self, asked: Requirement) -> tuple[Person, ...]:
        """Whom a requirement means, whoever made the version."""
        if not asked.reviewers:
            return self.approvers
        return tuple(person for person in self.approvers if is_named(person, asked.reviewers, self.teams))

    def eligible(self, asked: Requirement, requester: Person | None) -> tuple[Person, ...]:
        barred = self.barred(asked, requester)
        return tuple(person for person in self.named(asked) if person.id not in barred)

    def barred(self, asked: Requirement, requester: Person | None) -> Mapping[int, str]:
        """Who may not, because they made it: number → what they did."""
        if not asked.excludes_author:
            return {}
        made = [*self.authors, *(self.range_authors if asked.excludes_all else ())]
        found = {person.id: "wrote it" for person in self.approvers if any(_is(person, each) for each in made)}
        did = (
            ("opened its pull request", self.movers.openers),
            ("merged it", self.movers.mergers),
            ("pushed it", self.movers.pushers),
            ("published it", self.movers.publishers),
            ("ordered it", (requester,) if requester else ()),
        )
        for what, people in did:
            for person in people:
                found.setdefault(person.id, what)
        return found

    @property
    def strangers(self) -> tuple[str, ...]:
        """Names of authors whom GitHub has no account for: nobody can be kept from approving on their behalf."""
        made = (*self.authors, *self.range_authors)
        return tuple(dict.fromkeys(each.name for each in made if each.id is None and each.login is None))


MOST_NAMED = 10
"""Of people who are asked; the page of the approval names all of them."""


def whom(could: Sequence[Person] | None, asked: Sequence[Requirement]) -> str:
    """Who is asked: `could` are those who may give an approval that is lacking, as things stand. None: nobody can tell,
    and whom the files name is said instead.

    >>> whom([Person(1, "ada"), Person(2, "bo")], ()), whom([], ())
    ('ada, bo', 'nobody: too few people may approve it')
    >>> whom(None, [Requirement(OWN, 1, ("@acme/release", "ada"))])
    "@acme/release, ada (by the file: who may can't be told now)"
    >>> whom(None, [Requirement(OWN, 1)])
    "whoever may approve here (who that is can't be told now)"
    """
    if could is not None:
        return _some([person.login for person in could]) or "nobody: too few people may approve it"
    named = list(dict.fromkeys(name for one in asked for name in one.reviewers))
    if not named:
        return "whoever may approve here (who that is can't be told now)"
    return f"{_some(named)} (by the file: who may can't be told now)"


def _some(names: Sequence[str]) -> str:
    told, more = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    return f"{told} and {more} more" if more > 0 else told


UNSEEN = Reason("approval.unknown", "nobody has been looked up yet")
"""Before GitHub is asked."""


def _is(person: Person, author: Author) -> bool:
    if author.id is not None:
        return author.id == person.id
    return author.login is not None and author.login.lower() == person.login.lower()
