"""Repositories, branches, refs, trees, blobs and contents."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from dulwich.objects import Tag

from sandbox.github import refs
from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.errors import ApiError
from sandbox.github.git.history import descends
from sandbox.github.git.store import DIRECTORY, GitStore, NotFoundError
from sandbox.github.shapes import commits as commit_shapes
from sandbox.github.shapes import repositories as shapes

RAW = "application/vnd.github.raw"


def repository(call: Call) -> Any:
    return shapes.repository_shape(call.links, call.repository, call.by)


def branches(call: Call) -> Any:
    found = call.repository
    return Page(list(found.git.branches().items()), lambda item: shapes.short_branch(call.links, found, *item))


def branch(call: Call) -> Any:
    found, name = call.repository, call.path["branch"]
    sha = found.git.ref(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    return shapes.branch(call.links, found, name, commit_shapes.commit(call.links, found, call.state.people, sha))


def activity(call: Call) -> Any:
    """The newest first. https://docs.github.com/en/rest/repos/repos#list-repository-activities"""
    ref, kind, actor = (call.query.get(name) for name in ("ref", "activity_type", "actor"))
    found = [
        each
        for each in reversed(call.repository.records.activities)
        if ref in (None, each.ref, each.ref.removeprefix("refs/heads/"))
        if kind in (None, each.kind) and actor in (None, each.actor.login)
    ]
    return Page(found, lambda each: shapes.activity(call.links, each))


def tags(call: Call) -> Any:
    found = call.repository
    names = found.git.refs("refs/tags/")
    items = [(name.removeprefix("refs/tags/"), found.git.peel(sha)) for name, sha in names.items()]
    return Page(items[::-1], lambda item: shapes.tag(call.links, found, *item))


# refs


def _ref_shape(call: Call, name: str, sha: str) -> Any:
    kind = type(call.repository.git.object(sha)).__name__.lower()
    return shapes.ref(call.links, call.repository, name, sha, kind)


def ref(call: Call) -> Any:
    name = f"refs/{call.path['ref']}"
    sha = call.repository.git.ref(name)
    if sha is None:
        raise ApiError.not_found()
    return _ref_shape(call, name, sha)


def matching_refs(call: Call) -> Any:
    found = call.repository.git.refs(f"refs/{call.path.get('ref', '')}")
    return Page(list(found.items()), lambda item: _ref_shape(call, *item))


def make_ref(call: Call) -> Any:
    name, sha = call.needs("ref", "sha")
    git = call.repository.git
    if not GitStore.is_valid_ref(name):
        raise ApiError(422, "Reference name must start with 'refs/' and be well formed")
    if git.ref(name) is not None:
        raise ApiError(422, "Reference already exists")
    _check_object(git, sha)
    refs.move(call.state, call.repository, name, sha, call.by)
    return Reply(201, _ref_shape(call, name, sha))


def move_ref(call: Call) -> Any:
    name, (sha,) = f"refs/{call.path['ref']}", call.needs("sha")
    git = call.repository.git
    before = git.ref(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    _check_object(git, sha)
    if not call.body.get("force") and not descends(git, sha, before):
        raise ApiError(422, "Update is not a fast forward")
    refs.move(call.state, call.repository, name, sha, call.by)
    return _ref_shape(call, name, sha)


def delete_ref(call: Call) -> Any:
    name = f"refs/{call.path['ref']}"
    if call.repository.git.ref(name) is None:
        raise ApiError(422, "Reference does not exist")
    refs.move(call.state, call.repository, name, None, call.by)
    return Reply(204)


def _check_object(git: GitStore, sha: str) -> None:
    try:
        git.peel(sha)
    except NotFoundError:
        raise ApiError(422, "Object does not exist") from None


# objects


def tree(call: Call) -> Any:
    """Shortened, and said to be, beyond the limit (100,000 entries on GitHub)."""
    found, git = call.repository, call.repository.git
    sha = git.tree_of(call.path["sha"])
    if call.query.get("recursive"):
        entries = list(git.walk(sha, with_trees=True))
    else:
        entries = [(name, git.at(sha, name)) for name in _names(git, sha)]
    limit = call.state.tree_limit
    return shapes.tree(call.links, found, sha, entries[:limit], truncated=len(entries) > limit)


def _names(git: GitStore, tree_sha: str) -> list[str]:
    return [item.path.decode("utf-8", "replace") for item in git.tree(tree_sha).items()]


def blob(call: Call) -> Any:
    data = call.repository.git.blob(call.path["sha"])
    if _wants_raw(call):
        return Reply(200, raw=data, content_type=f"{RAW}; charset=utf-8")
    return shapes.blob(call.links, call.repository, call.path["sha"], data)


def annotated_tag(call: Call) -> Any:
    found = call.repository.git.object(call.path["sha"])
    if not isinstance(found, Tag):
        raise ApiError.not_found()
    name, email = commit_shapes.split_identity(found.tagger)
    kind, target = found.object[0].type_name.decode(), found.object[1].decode()
    return {
        "sha": call.path["sha"],
        "url": shapes.address(call.links, call.repository, "git/tags", call.path["sha"]),
        "tag": found.name.decode(),
        "message": found.message.decode("utf-8", "replace"),
        "tagger": {"name": name, "email": email},
        "object": {
            "type": kind,
            "sha": target,
            "url": shapes.address(call.links, call.repository, "git", f"{kind}s", target),
        },
    }


# contents


def _wants_raw(call: Call) -> bool:
    return "raw" in call.headers.get("accept", "")


def contents(call: Call) -> Any:
    found, git, path = call.repository, call.repository.git, call.path.get("path", "").strip("/")
    revision = call.query.get("ref") or found.default_branch
    try:
        tree_sha = git.tree_of(git.resolve(revision))
    except NotFoundError:
        raise ApiError(404, f"No commit found for the ref {revision}") from None
    try:
        entry = git.at(tree_sha, path)
    except NotFoundError:
        raise ApiError.not_found() from None
    if entry.mode == DIRECTORY:
        prefix = f"{path}/" if path else ""
        names = [prefix + name for name in _names(git, entry.sha)]
        return [shapes.content(call.links, found, name, git.at(tree_sha, name), revision) for name in names]
    if _wants_raw(call):
        return Reply(200, raw=git.blob(entry.sha), content_type=f"{RAW}; charset=utf-8")
    return shapes.file_content(call.links, found, path, entry, revision)


def write_content(call: Call) -> Any:
    message, encoded = call.needs("message", "content")
    try:
        data = base64.b64decode(encoded, validate=False)
    except binascii.Error:
        raise ApiError(422, "content is not valid Base64") from None
    return _commit_content(call, message, data)


def delete_content(call: Call) -> Any:
    message, _ = call.needs("message", "sha")
    return _commit_content(call, message, None)


def _commit_content(call: Call, message: str, data: bytes | None) -> Any:
    """The caller names the blob that it replaces: 409 when that is not what is there."""
    found, git, path = call.repository, call.repository.git, call.path["path"]
    branch_name = call.body.get("branch") or found.default_branch
    tip = git.ref(f"refs/heads/{branch_name}")
    if tip is None:
        raise ApiError(404, f"Branch {branch_name} not found")
    before = _sha_at(git, tip, path)
    if before is None and data is None:
        raise ApiError.not_found()
    if before != call.body.get("sha"):
        raise ApiError(409, f"{path} does not match {call.body.get('sha')}") if before else ApiError.not_found()
    tree_sha = git.changed_tree(git.tree_of(tip), {path: data})
    commit = git.add_commit(tree_sha, [tip], message, call.by.signature(call.state.now()))
    refs.move(call.state, found, f"refs/heads/{branch_name}", commit, call.by)
    content = None
    if data is not None:
        content = shapes.content(call.links, found, path, git.at(tree_sha, path), branch_name)
    body = {"content": content, "commit": commit_shapes.git_commit(call.links, found, commit)}
    return Reply(200 if before else 201, body)


def _sha_at(git: GitStore, commit: str, path: str) -> str | None:
    try:
        return git.at(git.tree_of(commit), path).sha
    except NotFoundError:
        return None


def _below(calls: list[tuple[str, str, Callable[[Call], Any]]]) -> list[Rest]:
    return [(method, "/repos/{owner}/{repo}" + path, handler) for method, path, handler in calls]


ROUTES: list[Rest] = _below(
    [
        ("GET", "", repository),
        ("GET", "/branches", branches),
        ("GET", "/branches/{branch:path}", branch),
        ("GET", "/activity", activity),
        ("GET", "/tags", tags),
        ("GET", "/git/ref/{ref:path}", ref),
        ("GET", "/git/matching-refs/{ref:path}", matching_refs),
        ("GET", "/git/refs", matching_refs),
        ("GET", "/git/refs/{ref:path}", ref),
        ("POST", "/git/refs", make_ref),
        ("PATCH", "/git/refs/{ref:path}", move_ref),
        ("DELETE", "/git/refs/{ref:path}", delete_ref),
        ("GET", "/git/trees/{sha:path}", tree),
        ("GET", "/git/blobs/{sha}", blob),
        ("GET", "/git/tags/{sha}", annotated_tag),
        ("GET", "/contents", contents),
        ("GET", "/contents/{path:path}", contents),
        ("PUT", "/contents/{path:path}", write_content),
        ("DELETE", "/contents/{path:path}", delete_content),
    ]
)
