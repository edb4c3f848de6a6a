"""Ancestry: who descends from whom, in which order, and how far two commits are apart."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Literal

from sandbox.github.git.store import GitStore

Status = Literal["identical", "ahead", "behind", "diverged"]


@dataclass(frozen=True)
class Distance:
    """How a head stands to a base: commits that only the one or the other has, newest first."""

    merge_base: str | None
    ahead: list[str]
    behind: list[str]

    @property
    def status(self) -> Status:
        if self.ahead and self.behind:
            return "diverged"
        return "ahead" if self.ahead else "behind" if self.behind else "identical"


def ancestors(git: GitStore, sha: str) -> set[str]:
    """Every commit reachable from one, itself included."""
    seen: set[str] = set()
    waiting = [sha]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting.extend(git.parents(current))
    return seen


def newest_first(git: GitStore, commits: set[str]) -> list[str]:
    """Children before parents, then by commit time.

    Time alone will not do: a sandbox makes many commits within git's one-second resolution.
    """
    children = dict.fromkeys(commits, 0)
    for commit in commits:
        for parent in git.parents(commit):
            if parent in children:
                children[parent] += 1
    ready = [(-git.commit(commit).commit_time, commit) for commit, count in children.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        _, commit = heapq.heappop(ready)
        ordered.append(commit)
        for parent in git.parents(commit):
            if parent in children:
                children[parent] -= 1
                if children[parent] == 0:
                    heapq.heappush(ready, (-git.commit(parent).commit_time, parent))
    return ordered


def log(git: GitStore, sha: str) -> list[str]:
    return newest_first(git, ancestors(git, sha))


def distance(git: GitStore, base: str, head: str) -> Distance:
    """What lies between two commits; `merge_base` is None when they share nothing."""
    if base == head:
        return Distance(base, [], [])
    of_base, of_head = ancestors(git, base), ancestors(git, head)
    shared = of_base & of_head
    best = _tips(git, shared)
    return Distance(
        best[0] if best else None,
        newest_first(git, of_head - of_base),
        newest_first(git, of_base - of_head),
    )


def _tips(git: GitStore, commits: set[str]) -> list[str]:
    """The commits that no other of the set descends from, newest first.

    All common ancestors together are closed under parents, so a direct parent is the only way to have a
    descendant in the set.
    """
    below = {parent for commit in commits for parent in git.parents(commit)}
    return newest_first(git, commits - below)


def descends(git: GitStore, commit: str, ancestor: str) -> bool:
    return ancestor in ancestors(git, commit)
