"""What a deployment brings: the commits between what was live before it and its own, and their pull requests. Pure.

Squash and rebase merges give commits new names, so nobody can tell by ancestry which pull request brought what: GitHub
is asked, commit by commit, and as seldom as can be.
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.revision import Author, Commit

MOST_COMMITS = 250
"""So many are listed, the oldest: GitHub lists as many of one pull request."""

MOST_PULLS = 30
"""So many pull requests are read of one deployment; each takes three requests, and is read once."""

MOST_ASKED = 60
"""So many commits of one deployment GitHub is asked about at most."""

NAMES_PULL = re.compile(r"\(#(\d+)\)$")
"""How the titles of merges and of squashes end."""

LONGEST_TITLE = 300


@dataclass(frozen=True)
class Change:
    """A commit. `authored_at` is when it was written, which a squash or a rebase keeps or not; `is_merge`: it has more
    than one parent. `pull` is the number of the pull request that brought it; None: there was none, if `is_traced`."""

    sha: str
    title: str
    authors: tuple[Author, ...]
    authored_at: datetime
    is_merge: bool = False
    pull: int | None = None
    is_traced: bool = False

    @property
    def short(self) -> str:
        return self.sha[:7]

    @property
    def named(self) -> int | None:
        """The pull request that its title says it is of: a hint, which anybody can write.

        >>> commit = Commit("a" * 40, "b" * 40, "Add tones (#3)", (), datetime(2026, 1, 1))
        >>> change_of(commit, commit.committed_at).named
        3
        """
        found = NAMES_PULL.search(self.title)
        return int(found[1]) if found else None


def change_of(commit: Commit, authored_at: datetime, is_merge: bool = False) -> Change:
    return Change(commit.sha, commit.title[:LONGEST_TITLE], commit.authors, authored_at, is_merge)


@dataclass(frozen=True)
class PullRequest:
    """One that was merged. `author` and `merged_by` are logins, None of accounts that are gone. `began_at` is when its
    first commit was written; `reviewed_at` when somebody else said the first word about it in a review, `approved_at`
    when it was approved first."""

    number: int
    title: str
    author: str | None
    base: str
    opened_at: datetime
    merged_at: datetime
    merged_by: str | None = None
    began_at: datetime | None = None
    reviewed_at: datetime | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True)
class Traced:
    """A pull request, with what tells its commits: `merged_as` is the sha of what came of it, `shas` are those on its
    own branch, `written` when they were written and their titles, which a rebase keeps."""

    pull: PullRequest
    merged_as: str | None
    shas: frozenset[str]
    written: frozenset[tuple[datetime, str]]

    def holds(self, change: Change) -> bool:
        return change.sha == self.merged_as or change.sha in self.shas or self._has_rebased(change)

    def _has_rebased(self, change: Change) -> bool:
        return not change.is_merge and (change.authored_at, change.title) in self.written


@dataclass(frozen=True)
class Between:
    """How two commits differ. `ahead` are commits that only the newer one has, oldest first, `total` all of them, also
    those that are not listed; `behind` is how many only the older one has."""

    ahead: tuple[Change, ...]
    total: int
    behind: int


@dataclass(frozen=True)
class Contents:
    """What `deployment` brings beside `base`, the deployment that was live before it (None: it is the first one, of
    which only its own commit is told).

    `is_taken_back`: the commits are those that a rollback takes back. `total` counts all of them, also those that are
    not listed. `lacks`: so many commits of `base` it has not, where histories went apart. `trouble` is why nobody
    knows; `is_known`: somebody looked, and saw.
    """

    deployment: str
    environment: str
    base: str | None = None
    changes: tuple[Change, ...] = ()
    total: int = 0
    pulls: tuple[PullRequest, ...] = ()
    is_taken_back: bool = False
    lacks: int = 0
    trouble: str = ""
    is_known: bool = False
    attempts: int = 0
    asked: int = 0
    is_due: bool = field(default=False)

    @property
    def told(self) -> str:
        """In a sentence without its full stop."""
        if not self.is_known:
            return _unknown(self)
        if not self.total:
            return "no commit differs from what was live before"
        verb = "takes back" if self.is_taken_back else "brings"
        pulls = f" of {counted(len(self.pulls), 'pull request')}" if self.pulls else ""
        listed = f"; the oldest {len(self.changes)} are listed" if self.total > len(self.changes) else ""
        lacks = f"; it lacks {counted(self.lacks, 'commit')} that {self.base} had" if self.lacks else ""
        since = f" since {self.base}" if self.base else ", as the first one of its environment"
        return f"it {verb} {counted(self.total, 'commit')}{pulls}{since}{listed}{lacks}"


def _unknown(contents: Contents) -> str:
    if contents.trouble:
        return f"{contents.trouble.rstrip('.')}{'; it is tried again by itself' if contents.is_due else ''}"
    return "GitHub has not been asked yet" if contents.is_due else "nobody asked GitHub while it was news"


def brings_commits(deployment: Deployment) -> bool:
    """Whether GitHub is asked about it at all: what never started because something newer took its place brings
    nothing, and a correction or a removal has no commit of its own."""
    if deployment.kind not in {Kind.DEPLOY, Kind.ROLLBACK}:
        return False
    return not deployment.is_final or deployment.started_at is not None or deployment.phase is Phase.SUCCEEDED


def unexplained(changes: Sequence[Change], known: Mapping[int, Traced], asked: Collection[str]) -> Change | None:
    """The commit that GitHub is to be asked about next, the newest first: one that is in no pull request that is known,
    or whose title names one that isn't. None: that was all."""
    for change in reversed(changes):
        if change.sha in asked:
            continue
        is_held = any(traced.holds(change) for traced in known.values())
        if not is_held or (change.named is not None and change.named not in known):
            return change
    return None


def traced(changes: Sequence[Change], known: Mapping[int, Traced], asked: Collection[str]) -> tuple[Change, ...]:
    """Each commit with its pull request: the one that its title names, else the smallest that holds it. One branch that
    was merged into the next one holds the pull requests of the first."""
    return tuple(_traced(change, known, change.sha in asked) for change in changes)


def _traced(change: Change, known: Mapping[int, Traced], was_asked: bool) -> Change:
    holding = [found for found in known.values() if found.holds(change)]
    holding.sort(key=lambda found: (found.pull.number != change.named, len(found.shas), found.pull.number))
    return replace(change, pull=holding[0].pull.number if holding else None, is_traced=bool(holding) or was_asked)


def carriers(contents: Contents) -> tuple[PullRequest, ...]:
    """The pull requests that brought something of their own: not those that only carried others from one branch to the
    next."""
    own = {change.pull for change in contents.changes if not change.is_merge}
    return tuple(pull for pull in contents.pulls if pull.number in own)
