"""What happens to pull requests: opened, closed, and carried along when their branches move."""

from __future__ import annotations

from sandbox.github import payloads
from sandbox.github.errors import ApiError
from sandbox.github.git.changes import Change, changes
from sandbox.github.git.history import descends, distance
from sandbox.github.git.merging import merge_trees
from sandbox.github.people import Person
from sandbox.github.records import Pull
from sandbox.github.shapes.pulls import Totals
from sandbox.github.state import Repository, State


def open_pull(
    state: State,
    repository: Repository,
    head: str,
    base: str,
    title: str,
    body: str,
    by: Person,
    *,
    draft: bool = False,
) -> Pull:
    """A new pull request; ApiError 422 when a branch is missing, nothing differs, or there is one already."""
    tips = {field: _tip(repository, field, branch) for field, branch in (("head", head), ("base", base))}
    for pull in repository.records.pulls.values():
        if pull.is_open and (pull.head, pull.base) == (head, base):
            text = f"A pull request already exists for {repository.owner}:{head}."
            raise ApiError.invalid("PullRequest", "head", text)
    if not distance(repository.git, tips["base"], tips["head"]).ahead:
        raise ApiError.invalid("PullRequest", "head", f"No commits between {base} and {head}")
    now = state.now()
    number = next(repository.numbers)
    pull = Pull(state.next_id(), number, title, body, by, head, base, tips["head"], tips["base"], now, now, draft=draft)
    repository.records.pulls[number] = pull
    try_merge(state, repository, pull)
    tell(state, repository, "opened", pull, by)
    return pull


def _tip(repository: Repository, field: str, branch: str) -> str:
    sha = repository.git.ref(f"refs/heads/{branch}")
    if sha is None:
        raise ApiError.invalid("PullRequest", field, f"The branch {branch} does not exist", "invalid")
    return sha


def changed_files(repository: Repository, pull: Pull) -> list[Change]:
    """The three-dot difference: what the head brings since it left the base."""
    git = repository.git
    ancestor = distance(git, pull.base_sha, pull.head_sha).merge_base
    return changes(git, git.tree_of(ancestor) if ancestor else None, git.tree_of(pull.head_sha))


def totals(repository: Repository, pull: Pull) -> Totals:
    changed = changed_files(repository, pull)
    return Totals(
        mergeable=not merge_trees(repository.git, pull.base_sha, pull.head_sha).conflicts if pull.is_open else None,
        commits=len(distance(repository.git, pull.base_sha, pull.head_sha).ahead),
        additions=sum(change.additions for change in changed),
        deletions=sum(change.deletions for change in changed),
        changed_files=len(changed),
    )


def tell(state: State, repository: Repository, action: str, pull: Pull, by: Person, **more: object) -> None:
    payload = payloads.pull_request(state, repository, action, pull, totals(repository, pull), by, **more)
    state.emit(repository, "pull_request", payload, by)


def try_merge(state: State, repository: Repository, pull: Pull) -> None:
    """`refs/pull/N/head` and, where both sides go together, `refs/pull/N/merge` are as the branches are now.

    https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request
    """
    git, names = repository.git, f"refs/pull/{pull.number}"
    git.set_ref(f"{names}/head", pull.head_sha)
    merged = merge_trees(git, pull.base_sha, pull.head_sha)
    if merged.tree is None:
        pull.trial = None
        if git.ref(f"{names}/merge"):
            git.delete_ref(f"{names}/merge")
        return
    text = f"Merge {pull.head_sha} into {pull.base_sha}"
    parents = [pull.base_sha, pull.head_sha]
    pull.trial = git.add_commit(merged.tree, parents, text, pull.author.signature(state.now()))
    git.set_ref(f"{names}/merge", pull.trial)


def rebase_onto(state: State, repository: Repository, pull: Pull, base: str, by: Person) -> None:
    """It goes to another branch from now on."""
    sha = _tip(repository, "base", base)
    changed = {"base": {"ref": {"from": pull.base}, "sha": {"from": pull.base_sha}}}
    pull.base, pull.base_sha, pull.updated_at = base, sha, state.now()
    try_merge(state, repository, pull)
    tell(state, repository, "edited", pull, by, changes=changed)


def mark_merged(state: State, pull: Pull, commit: str, by: Person) -> None:
    pull.merged_at = pull.closed_at = pull.updated_at = state.now()
    pull.merged_by, pull.merge_commit = by, commit


def close(state: State, repository: Repository, pull: Pull, by: Person) -> None:
    pull.closed_at = pull.updated_at = state.now()
    tell(state, repository, "closed", pull, by)


def reopen(state: State, repository: Repository, pull: Pull, by: Person) -> None:
    """Only what was closed without a merge comes back, and only while its branches exist."""
    if pull.merged_at is not None:
        raise ApiError.invalid("PullRequest", "state", "Cannot reopen a merged pull request.")
    pull.head_sha, pull.base_sha = _tip(repository, "head", pull.head), _tip(repository, "base", pull.base)
    pull.closed_at, pull.updated_at = None, state.now()
    try_merge(state, repository, pull)
    tell(state, repository, "reopened", pull, by)


def follow_branch(state: State, repository: Repository, branch: str, by: Person) -> None:
    """After a branch moved: new commits in its pull requests, merged ones closed, deleted ones too."""
    tip = repository.git.ref(f"refs/heads/{branch}")
    for pull in [pull for pull in repository.records.pulls.values() if pull.is_open]:
        if branch == pull.head:
            _follow_head(state, repository, pull, tip, by)
        elif branch == pull.base and tip is not None:
            _follow_base(state, repository, pull, tip, by)


def _follow_head(state: State, repository: Repository, pull: Pull, tip: str | None, by: Person) -> None:
    if tip is None:
        close(state, repository, pull, by)
        return
    before, pull.head_sha, pull.updated_at = pull.head_sha, tip, state.now()
    try_merge(state, repository, pull)
    tell(state, repository, "synchronize", pull, by, before=before, after=tip)


def _follow_base(state: State, repository: Repository, pull: Pull, tip: str, by: Person) -> None:
    """A base that got the head's commits by a plain push counts as merged."""
    if descends(repository.git, tip, pull.head_sha):
        mark_merged(state, pull, tip, by)
        tell(state, repository, "closed", pull, by)
    else:
        pull.base_sha = tip
        try_merge(state, repository, pull)
