"""`ports.History` by GitHub's REST API.

https://docs.github.com/en/rest/commits/commits#compare-two-commits, https://docs.github.com/en/rest/pulls/pulls,
https://docs.github.com/en/rest/pulls/reviews
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from controller.adapters.github.authors import all_authors
from controller.adapters.github.calls import Calls
from controller.adapters.github.errors import CONTENTS, UNREADABLE_RETRY
from controller.adapters.github.pages import PER_PAGE
from controller.domain.contents import LONGEST_TITLE, Between, Change, PullRequest, Traced, change_of
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.revision import Author, Commit

KEPT = 500
"""Pull requests that are not read again: one that is merged changes no more, and comes to each environment."""

MOST_PAGES = 3
"""Of the commits of one pull request, of which GitHub lists 250."""

NOT_THERE = "github.repository_missing"
PULLS = "Pull requests: read"

Shown = Mapping[str, Any]


class GitHubHistory:
    """Safe to use from many threads."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, int], Traced] = OrderedDict()

    def between(self, repository: str, base: str | None, head: str, most: int) -> Between:
        if base is None:
            attempted = f"Reading commit {head[:7]} of {repository}"
            shown = self._calls.send("GET", repository, f"commits/{head}", attempted, CONTENTS)
            with _readable(attempted):
                return Between((_change(shown),), 1, 0)
        attempted = f"Comparing {base[:7]} with {head[:7]} of {repository}"
        try:
            return self._compared(repository, f"{base}...{head}", most, attempted)
        except Blocked as error:
            if error.code != NOT_THERE:
                raise
            self._calls.send("GET", repository, f"commits/{head}", attempted, CONTENTS)
            told = f"{attempted}: they have no common history any more, because it was rewritten."
            raise Conflict(told, code="github.commit_gone") from error

    def pulls_with(self, repository: str, sha: str) -> Sequence[int]:
        attempted = f"Reading the pull requests of {sha[:7]} of {repository}"
        found = self._calls.send("GET", repository, f"commits/{sha}/pulls?per_page={PER_PAGE}", attempted, PULLS)
        with _readable(attempted):
            return [int(shown["number"]) for shown in found if shown["merged_at"] is not None]

    def pull(self, repository: str, number: int) -> Traced:
        key = repository.lower(), number
        with self._lock:
            known = self._kept.get(key)
        found = known or self._pull(repository, number)
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _compared(self, repository: str, span: str, most: int, attempted: str) -> Between:
        """The pages of one comparison; the first one says how many there are."""
        found: list[Change] = []
        size, page = min(most, PER_PAGE), 1
        while True:
            path = f"compare/{span}?per_page={size}&page={page}"
            shown = self._calls.send("GET", repository, path, attempted, CONTENTS)
            with _readable(attempted):
                listed, total, behind = shown["commits"], int(shown["total_commits"]), int(shown["behind_by"])
                found += [_change(commit) for commit in listed]
            if len(found) >= min(most, total) or not listed:
                return Between(tuple(found[:most]), total, behind)
            page += 1

    def _pull(self, repository: str, number: int) -> Traced:
        attempted = f"Reading pull request #{number} of {repository}"
        shown = self._calls.send("GET", repository, f"pulls/{number}", attempted, PULLS)
        commits = self._commits(repository, number, attempted)
        reviews = self._calls.send("GET", repository, f"pulls/{number}/reviews?per_page={PER_PAGE}", attempted, PULLS)
        with _readable(attempted):
            return _traced(number, shown, [_change(commit) for commit in commits], reviews)

    def _commits(self, repository: str, number: int, attempted: str) -> list[Shown]:
        found: list[Shown] = []
        for page in range(1, MOST_PAGES + 1):
            path = f"pulls/{number}/commits?per_page={PER_PAGE}&page={page}"
            listed = self._calls.send("GET", repository, path, attempted, PULLS)
            found += listed
            if len(listed) < PER_PAGE:
                break
        return found


@contextmanager
def _readable(attempted: str) -> Iterator[None]:
    """An answer of another shape than GitHub documents is no bug of ours: it is asked for again."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        told = f"{attempted}: GitHub answered something else: {type(error).__name__}: {error}"
        raise Transient(told, code="github.unreadable", retry_after=UNREADABLE_RETRY) from error


def _traced(number: int, shown: Shown, changes: Sequence[Change], reviews: Sequence[Shown]) -> Traced:
    author = _login(shown["user"])
    said = [review for review in reviews if review.get("submitted_at") and _login(review["user"]) != author]
    pull = PullRequest(
        number=number,
        title=str(shown["title"])[:LONGEST_TITLE],
        author=author,
        base=str(shown["base"]["ref"]),
        opened_at=_time(shown["created_at"]),
        merged_at=_time(shown["merged_at"]),
        merged_by=_login(shown.get("merged_by")),
        began_at=min((change.authored_at for change in changes), default=None),
        reviewed_at=min((_time(review["submitted_at"]) for review in said), default=None),
        approved_at=min((_time(one["submitted_at"]) for one in said if one["state"] == "APPROVED"), default=None),
    )
    written = frozenset((change.authored_at, change.title) for change in changes if not change.is_merge)
    return Traced(pull, shown.get("merge_commit_sha"), frozenset(change.sha for change in changes), written)


def _change(shown: Shown) -> Change:
    git, account = shown["commit"], shown.get("author")
    name, message = str(git["author"]["name"]), str(git["message"])
    author = Author(int(account["id"]), str(account["login"]), name) if account else Author(None, None, name)
    committed = _time(git["committer"]["date"])
    commit = Commit(str(shown["sha"]), "", message, all_authors(author, message), committed)
    return change_of(commit, _time(git["author"]["date"]), is_merge=len(shown["parents"]) > 1)


def _login(account: Shown | None) -> str | None:
    return str(account["login"]) if account else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
