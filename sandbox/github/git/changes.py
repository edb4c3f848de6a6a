"""What differs between two trees, file by file, as GitHub lists it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dulwich.diff_tree import CHANGE_ADD, CHANGE_DELETE, CHANGE_RENAME, RenameDetector, TreeChange, tree_changes
from dulwich.objects import ObjectID

from sandbox.github.git.store import SUBMODULE, Entry, GitStore

Kind = Literal["added", "removed", "modified", "renamed"]
KINDS: dict[str, Kind] = {CHANGE_ADD: "added", CHANGE_DELETE: "removed", CHANGE_RENAME: "renamed"}


@dataclass(frozen=True)
class Change:
    """One changed file. `old` is None for an added file, `new` for a removed one."""

    git: GitStore
    path: str
    kind: Kind
    old: Entry | None
    new: Entry | None
    previous_path: str | None = None

    @property
    def sha(self) -> str:
        entry = self.new or self.old
        assert entry is not None, "a change has at least one side"
        return entry.sha

    @cached_property
    def patch(self) -> str | None:
        """Unified hunks without the file header; None for binary files and submodules."""
        old, new = self._text(self.old), self._text(self.new)
        if old is None or new is None:
            return None
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))
        return "\n".join(lines[2:])

    def _text(self, entry: Entry | None) -> str | None:
        if entry is None:
            return ""
        if entry.mode == SUBMODULE:
            return None
        data = self.git.blob(entry.sha)
        if b"\0" in data[:8000]:
            return None
        return data.decode("utf-8", "replace")

    @property
    def additions(self) -> int:
        return self._count("+")

    @property
    def deletions(self) -> int:
        return self._count("-")

    def _count(self, sign: str) -> int:
        return sum(line.startswith(sign) for line in (self.patch or "").splitlines())


def changes(git: GitStore, old_tree: str | None, new_tree: str | None) -> list[Change]:
    """Every changed file, by path; a file that moved with little change counts as renamed."""
    store = git.repo.object_store
    found = tree_changes(store, _id(old_tree), _id(new_tree), rename_detector=RenameDetector(store))
    return sorted((_change(git, change) for change in found), key=lambda change: change.path)


def commit_changes(git: GitStore, sha: str) -> list[Change]:
    """What a commit changed against its first parent."""
    commit = git.commit(sha)
    before = git.commit(commit.parents[0].decode()).tree.decode() if commit.parents else None
    return changes(git, before, commit.tree.decode())


def _id(tree: str | None) -> ObjectID | None:
    return ObjectID(tree.encode()) if tree else None


def _change(git: GitStore, change: TreeChange) -> Change:
    kind = KINDS.get(change.type, "modified")
    old, new = _entry(change.old), _entry(change.new)
    old_path, new_path = (_path(side) for side in (change.old, change.new))
    path = new_path if kind != "removed" else old_path
    assert path is not None, "git named no path for a change"
    return Change(git, path, kind, old, new, old_path if kind == "renamed" else None)


def _entry(side: object) -> Entry | None:
    sha, mode = getattr(side, "sha", None), getattr(side, "mode", None)
    return Entry(mode, sha.decode()) if sha and mode is not None else None


def _path(side: object) -> str | None:
    path = getattr(side, "path", None)
    return path.decode("utf-8", "replace") if path is not None else None
