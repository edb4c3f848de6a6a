"""Merging a pull request, or one branch into another."""

from __future__ import annotations

from typing import Literal

from sandbox.github import pulls, refs
from sandbox.github.errors import ApiError
from sandbox.github.git.history import descends
from sandbox.github.git.merging import merge_trees
from sandbox.github.people import Person
from sandbox.github.records import Pull
from sandbox.github.state import Repository, State

Method = Literal["merge", "squash"]


def merge_pull(
    state: State, repository: Repository, pull: Pull, by: Person, *, method: Method = "merge", message: str = ""
) -> str:
    """Merge and answer the new commit; ApiError 405 when it can't be merged now."""
    if not pull.is_open or pull.draft:
        raise ApiError(405, "Pull Request is not mergeable")
    merged = merge_trees(repository.git, pull.base_sha, pull.head_sha)
    if merged.tree is None:
        raise ApiError(405, "Pull Request has merge conflicts")
    parents = [pull.base_sha, pull.head_sha] if method == "merge" else [pull.base_sha]
    text = message or _message(repository, pull, method)
    commit = repository.git.add_commit(merged.tree, parents, text, by.signature(state.now()))
    pulls.mark_merged(state, pull, commit, by)
    refs.move(state, repository, f"refs/heads/{pull.base}", commit, by, merges=True)
    pulls.tell(state, repository, "closed", pull, by)
    return commit


def _message(repository: Repository, pull: Pull, method: Method) -> str:
    if method == "squash":
        return f"{pull.title} (#{pull.number})"
    return f"Merge pull request #{pull.number} from {repository.owner}/{pull.head}\n\n{pull.title}"


def merge_branch(state: State, repository: Repository, base: str, head: str, message: str, by: Person) -> str | None:
    """Merge a commit into a branch without a pull request; None when it has it already, ApiError 409 on conflict."""
    tip = repository.git.ref(f"refs/heads/{base}")
    if tip is None:
        raise ApiError(404, "Base does not exist")
    if descends(repository.git, tip, head):
        return None
    merged = merge_trees(repository.git, tip, head)
    if merged.tree is None:
        raise ApiError(409, "Merge conflict")
    commit = repository.git.add_commit(merged.tree, [tip, head], message, by.signature(state.now()))
    refs.move(state, repository, f"refs/heads/{base}", commit, by)
    return commit
