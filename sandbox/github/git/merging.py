"""Three-way merges of whole files: two different edits of one file are a conflict."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.github.git.history import distance
from sandbox.github.git.store import Entry, GitStore


@dataclass(frozen=True)
class Merge:
    """The outcome of merging a head into a base; `tree` is None when `conflicts` (paths) is not empty."""

    tree: str | None
    conflicts: list[str]


def merge_trees(git: GitStore, base: str, head: str) -> Merge:
    """What merging commit `head` into commit `base` would give; nothing is committed."""
    ancestor = distance(git, base, head).merge_base
    before = git.files(git.tree_of(ancestor)) if ancestor else {}
    ours, theirs = git.files(git.tree_of(base)), git.files(git.tree_of(head))
    merged: dict[str, Entry] = {}
    conflicts: list[str] = []
    for path in sorted(before.keys() | ours.keys() | theirs.keys()):
        was, mine, yours = before.get(path), ours.get(path), theirs.get(path)
        if mine != yours and was not in (mine, yours):
            conflicts.append(path)
        chosen = yours if mine == was else mine
        if chosen is not None:
            merged[path] = chosen
    return Merge(None if conflicts else git.add_tree(merged), conflicts)
