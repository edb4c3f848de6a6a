"""`ports.Source` by GitHub's REST API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from github import GithubException

from controller.adapters.github.authors import all_authors
from controller.adapters.github.branches import Branches
from controller.adapters.github.commit_checks import CommitChecks
from controller.adapters.github.errors import CHECKS, STATUSES, Count, translated, unheard
from controller.adapters.github.releases import Releases
from controller.adapters.github.sign_in import App, Credentials, SignedIn
from controller.domain.commit_checks import CommitCheck
from controller.domain.errors import Blocked, Conflict, Rejected
from controller.domain.ports import Clock, Comparison
from controller.domain.release import Release
from controller.domain.revision import Author, Commit

if TYPE_CHECKING:
    from github.Commit import Commit as GithubCommit
    from github.ContentFile import ContentFile
    from github.File import File
    from github.Repository import Repository
    from github.Requester import Requester

__all__ = ["App", "GitHubSource"]

FILES_SHOWN = 300
"""https://docs.github.com/en/rest/commits/commits#compare-two-commits: a list of so many files may be cut off."""

SHA = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE)

NOT_FOUND = 404
NO_SUCH_COMMIT = 422
"""https://docs.github.com/en/rest/commits/commits#get-a-commit"""


class GitHubSource:
    """Repositories by name, as in `acme/captioncraft`."""

    def __init__(self, url: str, credentials: Credentials, clock: Clock, count: Count = unheard) -> None:
        self._signed_in = SignedIn(url, credentials)
        self._clock, self._count = clock, count
        self._branches = Branches()
        self._releases = Releases()
        self._checks = CommitChecks()

    def head(self, repository: str, branch: str) -> Commit | None:
        """https://docs.github.com/en/rest/branches/branches#get-a-branch"""
        with translated(f"Reading branch {branch} of {repository}", self._clock, count=self._count):
            there = self._repository(repository)
            try:
                return _commit(there.get_branch(branch).commit)
            except GithubException as error:
                _insist_on(there, error)
                return None

    def heads(self, repository: str) -> Mapping[str, str]:
        with translated(f"Reading the branches of {repository}", self._clock, count=self._count):
            return self._branches.heads(self._signed_in.client(repository).requester, repository)

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """As a sha, then as a tag, then as a branch: the first that there is."""
        with translated(f"Looking for the commit {ref} of {repository}", self._clock, count=self._count):
            there = self._repository(repository)
            named = [f"tags/{ref}", f"heads/{ref}"]
            found = (_there(there, each) for each in ([ref.lower(), *named] if SHA.fullmatch(ref) else named))
            return next((commit for commit in found if commit is not None), None)

    def released(self, repository: str) -> tuple[Release, ...]:
        with translated(f"Reading the releases of {repository}", self._clock, count=self._count):
            return self._releases.released(self._signed_in.client(repository).requester, repository)

    def tagged(self, repository: str, tag: str) -> Commit | None:
        with translated(f"Looking for the tag {tag} of {repository}", self._clock, count=self._count):
            return _there(self._repository(repository), f"tags/{tag}")

    def read(self, repository: str, path: str, sha: str) -> str | None:
        """https://docs.github.com/en/rest/repos/contents#get-repository-content

        `Rejected` when the file is not text, `Conflict` when the commit is gone.
        """
        attempted = f"Reading {path} of {repository} at {sha[:7]}"
        with translated(attempted, self._clock, count=self._count):
            there = self._repository(repository)
            try:
                found = there.get_contents(path, ref=sha)
            except GithubException as error:
                _insist_on_commit(there, error, sha, attempted)
                return None
        if isinstance(found, list) or found.type != "file":
            return None
        return _text(found, attempted)

    def compare(self, repository: str, base: str, head: str) -> Comparison:
        """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""
        attempted = f"Comparing {base[:7]} with {head[:7]} of {repository}"
        with translated(attempted, self._clock, count=self._count):
            there = self._repository(repository)
            try:
                found = there.compare(base, head, comparison_commits_per_page=1)
                status, files = found.status, found.files
            except GithubException as error:
                # No common history, or a base that a rewritten history has left behind.
                _insist_on_commit(there, error, head, attempted)
                return Comparison(descends=False, identical=False, paths=None)
        descends = status in {"ahead", "identical"}
        # The files are those since the common ancestor: what differs from `base` only when that is the ancestor.
        paths = _paths(files) if descends and len(files) < FILES_SHOWN else None
        return Comparison(descends, identical=status == "identical", paths=paths)

    def checks(self, repository: str, sha: str) -> tuple[CommitCheck, ...]:
        """Check runs, then statuses; two requests, free while nothing changes. `Conflict` when the commit is gone."""
        runs = self._read_checks("check runs", CHECKS, self._checks.runs, repository, sha)
        return (*runs, *self._read_checks("statuses", STATUSES, self._checks.statuses, repository, sha))

    def _read_checks(
        self,
        kind: str,
        right: str,
        read: Callable[[Requester, str, str], tuple[CommitCheck, ...]],
        repository: str,
        sha: str,
    ) -> tuple[CommitCheck, ...]:
        attempted = f"Reading the {kind} of {sha[:7]} of {repository}"
        with translated(attempted, self._clock, right, count=self._count):
            try:
                return read(self._signed_in.client(repository).requester, repository, sha)
            except GithubException as error:
                if _is_no_commit(error):
                    raise _gone(sha, attempted) from error
                raise

    def _repository(self, name: str) -> Repository:
        return self._signed_in.client(name).get_repo(name)


def _there(repository: Repository, ref: str) -> Commit | None:
    """https://docs.github.com/en/rest/commits/commits#get-a-commit

    That there is no such commit is said with 422, and so are other things, in other words.
    """
    try:
        return _commit(repository.get_commit(ref))
    except GithubException as error:
        if not _is_no_commit(error):
            _insist_on(repository, error)
        return None


def _is_no_commit(error: GithubException) -> bool:
    return error.status == NO_SUCH_COMMIT and "no commit found" in str(error.message).lower()


def _insist_on(repository: Repository, error: GithubException) -> None:
    """Something was not found: fail unless the repository itself is there to say so."""
    if error.status != NOT_FOUND:
        raise error
    repository.complete()


def _insist_on_commit(repository: Repository, error: GithubException, sha: str, attempted: str) -> None:
    """Something was not found at a commit: fail unless the repository and the commit are there to say so."""
    _insist_on(repository, error)
    try:
        repository.get_git_commit(sha)
    except GithubException as missing:
        if missing.status != NOT_FOUND:
            raise
        raise _gone(sha, attempted) from missing


def _gone(sha: str, attempted: str) -> Conflict:
    return Conflict(
        f"{attempted}: commit {sha} is not in the repository any more; its history was rewritten."
        " The branch is looked at again.",
        code="github.commit_gone",
    )


def _commit(shown: GithubCommit) -> Commit:
    git = shown.commit
    account = shown.author
    author = Author(account.id, account.login, git.author.name) if account else Author(None, None, git.author.name)
    return Commit(
        sha=shown.sha,
        tree=git.tree.sha,
        message=git.message,
        authors=all_authors(author, git.message),
        committed_at=git.committer.date,
    )


def _paths(files: list[File]) -> tuple[str, ...]:
    """A renamed file is in two places."""
    return tuple(sorted({name for file in files for name in (file.filename, file.previous_filename) if name}))


def _text(found: ContentFile, attempted: str) -> str:
    if found.encoding != "base64":
        raise Blocked(
            f"{attempted}: it is larger than the megabyte that GitHub hands out. Make it smaller.",
            code="github.file_too_large",
        )
    try:
        return found.decoded_content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected([f"{found.path}: is not UTF-8 text ({error.reason} at byte {error.start})"]) from error
