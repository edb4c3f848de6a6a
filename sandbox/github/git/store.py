"""A bare repository and the objects in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dulwich.index import commit_tree
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref, check_ref_format
from dulwich.repo import Repo

REGULAR_FILE = 0o100644
DIRECTORY = 0o040000
SUBMODULE = 0o160000
NO_OBJECT = "0" * 40


class NotFoundError(LookupError):
    """A revision, path or object that this repository does not have."""


@dataclass(frozen=True)
class Entry:
    """One file in a tree."""

    mode: int
    sha: str


@dataclass(frozen=True)
class Signature:
    """Who wrote or committed something, and when (aware UTC)."""

    name: str
    email: str
    when: datetime

    def line(self) -> bytes:
        return f"{self.name} <{self.email}>".encode()


class GitStore:
    """Reading and writing one bare repository. Shas are 40 hex digits, refs are full names."""

    def __init__(self, path: Path, default_branch: str = "main") -> None:
        self.path = path
        self._parents: dict[str, tuple[str, ...]] = {}
        if path.exists():
            self.repo = Repo(str(path))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.repo = Repo.init_bare(str(path), mkdir=True, default_branch=default_branch.encode())

    def close(self) -> None:
        self.repo.close()

    # refs

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Every ref below a prefix, by full name, in name order."""
        found = self.repo.get_refs()
        names = sorted(name for name in found if name.startswith(prefix.encode()))
        return {name.decode(): found[name].decode() for name in names}

    def branches(self) -> dict[str, str]:
        return {name.removeprefix("refs/heads/"): sha for name, sha in self.refs("refs/heads/").items()}

    def ref(self, name: str) -> str | None:
        try:
            return self.repo.refs[Ref(name.encode())].decode()
        except KeyError:
            return None

    def set_ref(self, name: str, sha: str) -> None:
        self.repo.refs[Ref(name.encode())] = ObjectID(sha.encode())

    def delete_ref(self, name: str) -> None:
        self.repo.refs.remove_if_equals(Ref(name.encode()), None)

    @staticmethod
    def is_valid_ref(name: str) -> bool:
        return name.startswith("refs/") and name.count("/") > 1 and check_ref_format(Ref(name.encode()))

    def resolve(self, revision: str) -> str:
        """The commit that a branch, a tag, a full ref or a (shortened) sha names; NotFoundError when none."""
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision):
            if name.startswith("refs/") and (sha := self.ref(name)):
                return self.peel(sha)
        if revision == "HEAD":
            head = self.repo.refs.read_ref(Ref(b"HEAD")) or b""
            return self.resolve(head.decode().removeprefix("ref: "))
        return self.peel(self._full_sha(revision))

    def _full_sha(self, text: str) -> str:
        if not (4 <= len(text) <= 40 and all(c in "0123456789abcdef" for c in text)):
            raise NotFoundError(f"No commit found for the ref {text}")
        if len(text) == 40:
            return text
        matches = {sha.decode() for sha in self.repo.object_store.iter_prefix(text.encode())}
        if len(matches) != 1:
            raise NotFoundError(f"No commit found for SHA: {text}")
        return matches.pop()

    def peel(self, sha: str) -> str:
        """Follow annotated tags to the commit."""
        found = self.object(sha)
        while isinstance(found, Tag):
            found = self.object(found.object[1].decode())
        if not isinstance(found, Commit):
            raise NotFoundError(f"No commit found for SHA: {sha}")
        return found.id.decode()

    # objects

    def object(self, sha: str) -> object:
        try:
            return self.repo.object_store[ObjectID(sha.encode())]
        except (KeyError, ValueError, AssertionError):
            raise NotFoundError(f"No object found for SHA: {sha}") from None

    def commit(self, sha: str) -> Commit:
        found = self.object(sha)
        if not isinstance(found, Commit):
            raise NotFoundError(f"No commit found for SHA: {sha}")
        return found

    def parents(self, sha: str) -> tuple[str, ...]:
        """Remembered, because a commit never changes and walks through history ask for them all."""
        if sha not in self._parents:
            self._parents[sha] = tuple(parent.decode() for parent in self.commit(sha).parents)
        return self._parents[sha]

    def tree_of(self, revision: str) -> str:
        """The tree sha of a revision, which may itself be a tree sha."""
        if len(revision) == 40:
            try:
                found = self.object(revision)
            except NotFoundError:
                found = None
            if isinstance(found, Tree):
                return revision
        return str(self.commit(self.resolve(revision)).tree.decode())

    def blob(self, sha: str) -> bytes:
        found = self.object(sha)
        if not isinstance(found, Blob):
            raise NotFoundError(f"No blob found for SHA: {sha}")
        return found.data

    def tree(self, sha: str) -> Tree:
        found = self.object(sha)
        if not isinstance(found, Tree):
            raise NotFoundError(f"No tree found for SHA: {sha}")
        return found

    def at(self, tree: str, path: str) -> Entry:
        """What a tree has at a path ('' is the tree itself); NotFoundError when nothing."""
        entry = Entry(DIRECTORY, tree)
        for part in path.split("/") if path else ():
            found = self.object(entry.sha) if entry.mode == DIRECTORY else None
            if not isinstance(found, Tree) or part.encode() not in found:
                raise NotFoundError(f"{path} does not exist in the tree {tree}")
            mode, sha = found[part.encode()]
            entry = Entry(mode, sha.decode())
        return entry

    def walk(self, tree: str, *, with_trees: bool = False) -> Iterator[tuple[str, Entry]]:
        """Every file below a tree, in git's order."""
        store = self.repo.object_store
        for item in iter_tree_contents(store, ObjectID(tree.encode()), include_trees=with_trees):
            if item.path:
                yield item.path.decode("utf-8", "replace"), Entry(item.mode, item.sha.decode())

    def files(self, tree: str) -> dict[str, Entry]:
        return dict(self.walk(tree))

    def read(self, revision: str, path: str) -> bytes:
        return self.blob(self.at(self.tree_of(revision), path).sha)

    # writing

    def add_blob(self, data: bytes) -> str:
        blob = Blob.from_string(data)
        self.repo.object_store.add_object(blob)
        return blob.id.decode()

    def add_tree(self, files: Mapping[str, Entry]) -> str:
        blobs = [(path.encode(), ObjectID(entry.sha.encode()), entry.mode) for path, entry in files.items()]
        return commit_tree(self.repo.object_store, blobs).decode()

    def changed_tree(self, tree: str | None, changes: Mapping[str, bytes | None]) -> str:
        """A tree with some files written, or removed where the new content is None."""
        files = self.files(tree) if tree else {}
        for path, data in changes.items():
            if data is None:
                files.pop(path, None)
            else:
                mode = files[path].mode if path in files else REGULAR_FILE
                files[path] = Entry(mode, self.add_blob(data))
        return self.add_tree(files)

    def add_commit(
        self, tree: str, parents: list[str], message: str, author: Signature, committer: Signature | None = None
    ) -> str:
        committer = committer or author
        commit = Commit()
        commit.tree = ObjectID(tree.encode())
        commit.parents = [ObjectID(parent.encode()) for parent in parents]
        commit.author, commit.committer = author.line(), committer.line()
        commit.author_time, commit.commit_time = (int(who.when.timestamp()) for who in (author, committer))
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        self.repo.object_store.add_object(commit)
        return commit.id.decode()
