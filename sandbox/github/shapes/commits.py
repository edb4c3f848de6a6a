"""Commits, changed files and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime

from dulwich.objects import Commit

from sandbox.github.git.changes import Change
from sandbox.github.git.history import Distance
from sandbox.github.links import Links
from sandbox.github.people import People, Person
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.people import user
from sandbox.github.shapes.repositories import address
from sandbox.github.state import Repository, node_id

MAX_FILES = 300


def split_identity(line: bytes) -> tuple[str, str]:
    """`Name <email>` of a commit, as a pair."""
    name, _, email = line.decode("utf-8", "replace").partition(" <")
    return name, email.rstrip(">")


def author_of(people: People, commit: Commit) -> Person | None:
    return people.with_email(split_identity(commit.author)[1])


def _identity(line: bytes, seconds: int) -> Json:
    name, email = split_identity(line)
    return {"name": name, "email": email, "date": time(datetime.fromtimestamp(seconds, UTC))}


def _core(links: Links, repository: Repository, found: Commit) -> Json:
    tree = found.tree.decode()
    return {
        "author": _identity(found.author, found.author_time),
        "committer": _identity(found.committer, found.commit_time),
        "message": message(found),
        "tree": {"sha": tree, "url": address(links, repository, "git/trees", tree)},
        "url": address(links, repository, "git/commits", found.id.decode()),
        "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
    }


def message(found: Commit) -> str:
    """GitHub shows messages without the newline that git puts at the end."""
    return str(found.message.decode("utf-8", "replace").rstrip("\n"))


def _parents(links: Links, repository: Repository, found: Commit, kind: str) -> list[Json]:
    return [
        {
            "sha": parent.decode(),
            "url": address(links, repository, kind, parent.decode()),
            "html_url": links.html(repository.full_name, "commit", parent.decode()),
        }
        for parent in found.parents
    ]


def git_commit(links: Links, repository: Repository, sha: str) -> Json:
    """The low-level commit of the git database."""
    found = repository.git.commit(sha)
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        **_core(links, repository, found),
        "html_url": links.html(repository.full_name, "commit", sha),
        "parents": _parents(links, repository, found, "git/commits"),
    }


def commit(links: Links, repository: Repository, people: People, sha: str) -> Json:
    found = repository.git.commit(sha)
    here = address(links, repository, "commits", sha)
    author = people.with_email(split_identity(found.author)[1])
    committer = people.with_email(split_identity(found.committer)[1])
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "commit": {**_core(links, repository, found), "comment_count": 0},
        "url": here,
        "html_url": links.html(repository.full_name, "commit", sha),
        "comments_url": here + "/comments",
        "author": user(links, author) if author else None,
        "committer": user(links, committer) if committer else None,
        "parents": _parents(links, repository, found, "commits"),
    }


def commit_with_files(links: Links, repository: Repository, people: People, sha: str, changed: list[Change]) -> Json:
    additions, deletions = (sum(getattr(change, name) for change in changed) for name in ("additions", "deletions"))
    return {
        **commit(links, repository, people, sha),
        "stats": {"additions": additions, "deletions": deletions, "total": additions + deletions},
        "files": [file(links, repository, change, sha) for change in changed[:MAX_FILES]],
    }


def file(links: Links, repository: Repository, change: Change, revision: str) -> Json:
    shape: Json = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.kind,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": links.html(repository.full_name, "blob", revision, change.path),
        "raw_url": links.html(repository.full_name, "raw", revision, change.path),
        "contents_url": address(links, repository, "contents", change.path) + f"?ref={revision}",
    }
    if change.patch:
        shape["patch"] = change.patch
    if change.previous_path:
        shape["previous_filename"] = change.previous_path
    return shape


def comparison(
    links: Links,
    repository: Repository,
    people: People,
    between: tuple[str, str],
    distance: Distance,
    commits: list[str],
    changed: list[Change],
) -> Json:
    """`commits` are those of the asked page, oldest first; `changed` is empty after the first page."""
    base, head = between
    assert distance.merge_base is not None, "commits without a common ancestor are not compared"
    span = f"{base}...{head}"
    html = links.html(repository.full_name, "compare", span)
    return {
        "url": address(links, repository, "compare", span),
        "html_url": html,
        "permalink_url": html,
        "diff_url": html + ".diff",
        "patch_url": html + ".patch",
        "base_commit": commit(links, repository, people, base),
        "merge_base_commit": commit(links, repository, people, distance.merge_base),
        "status": distance.status,
        "ahead_by": len(distance.ahead),
        "behind_by": len(distance.behind),
        "total_commits": len(distance.ahead),
        "commits": [commit(links, repository, people, sha) for sha in commits],
        "files": [file(links, repository, change, head) for change in changed[:MAX_FILES]],
    }
