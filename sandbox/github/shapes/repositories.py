"""Repositories, branches, refs, tags, trees and contents."""

from __future__ import annotations

import base64

from sandbox.github.git.store import DIRECTORY, SUBMODULE, Entry
from sandbox.github.links import Links
from sandbox.github.people import Person
from sandbox.github.records import Activity
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.people import organization_account, permissions, user
from sandbox.github.state import Repository, node_id

SYMLINK = 0o120000
SUBPATHS = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def address(links: Links, repository: Repository, *parts: object) -> str:
    return links.api("repos", repository.full_name, *parts)


def repository_shape(links: Links, repository: Repository, viewer: Person | None = None) -> Json:
    git_address = links.html(f"{repository.full_name}.git")
    open_pulls = sum(pull.is_open for pull in repository.records.pulls.values())
    shape: Json = {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": True,
        "owner": organization_account(links),
        "html_url": links.html(repository.full_name),
        "description": None,
        "fork": False,
        "url": address(links, repository),
        **{name: address(links, repository, path) for name, path in SUBPATHS.items()},
        "created_at": time(repository.created_at),
        "updated_at": time(repository.pushed_at),
        "pushed_at": time(repository.pushed_at),
        "git_url": git_address,
        "ssh_url": git_address,
        "clone_url": git_address,
        "svn_url": links.html(repository.full_name),
        "homepage": None,
        "size": 0,
        "language": "Python",
        "archived": False,
        "disabled": False,
        "visibility": "private",
        "default_branch": repository.default_branch,
        "mirror_url": None,
        "license": None,
        "topics": [],
        "custom_properties": {},
        "is_template": False,
        "allow_forking": False,
        "web_commit_signoff_required": False,
        **dict.fromkeys(("forks", "forks_count", "stargazers_count", "watchers", "watchers_count"), 0),
        **dict.fromkeys(("open_issues", "open_issues_count"), open_pulls),
        **dict.fromkeys(("has_issues", "has_downloads"), True),
        **dict.fromkeys(("has_projects", "has_wiki", "has_pages", "has_discussions"), False),
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": False,
    }
    if viewer is not None:
        shape["permissions"] = permissions(viewer.permission)
    return shape


def short_repository(links: Links, repository: Repository) -> Json:
    """What workflow runs say of a repository: who and where, not how it is set up."""
    whole = repository_shape(links, repository)
    names = ("id", "node_id", "name", "full_name", "private", "owner", "html_url", "description", "fork", "url")
    return {name: whole[name] for name in (*names, *(name for name in SUBPATHS if name in whole))}


def branch(links: Links, repository: Repository, name: str, commit: Json) -> Json:
    here = address(links, repository, "branches", name)
    return {
        "name": name,
        "commit": commit,
        "_links": {"self": here, "html": links.html(repository.full_name, "tree", name)},
        "protected": False,
        "protection": {"enabled": False},
        "protection_url": here + "/protection",
    }


def short_branch(links: Links, repository: Repository, name: str, sha: str) -> Json:
    return {"name": name, "commit": pointer(links, repository, sha), "protected": False}


def pointer(links: Links, repository: Repository, sha: str) -> Json:
    return {"sha": sha, "url": address(links, repository, "commits", sha)}


def ref(links: Links, repository: Repository, name: str, sha: str, kind: str) -> Json:
    return {
        "ref": name,
        "node_id": node_id("Ref", f"{repository.id}:{name}"),
        "url": address(links, repository, "git", name),
        "object": {"type": kind, "sha": sha, "url": address(links, repository, "git", f"{kind}s", sha)},
    }


def tag(links: Links, repository: Repository, name: str, sha: str) -> Json:
    return {
        "name": name,
        "commit": pointer(links, repository, sha),
        "zipball_url": address(links, repository, "zipball", f"refs/tags/{name}"),
        "tarball_url": address(links, repository, "tarball", f"refs/tags/{name}"),
        "node_id": node_id("Ref", f"{repository.id}:refs/tags/{name}"),
    }


def tree(links: Links, repository: Repository, sha: str, entries: list[tuple[str, Entry]], *, truncated: bool) -> Json:
    return {
        "sha": sha,
        "url": address(links, repository, "git/trees", sha),
        "tree": [_tree_entry(links, repository, path, entry) for path, entry in entries],
        "truncated": truncated,
    }


def _tree_entry(links: Links, repository: Repository, path: str, entry: Entry) -> Json:
    kind = {DIRECTORY: "tree", SUBMODULE: "commit"}.get(entry.mode, "blob")
    shape: Json = {"path": path, "mode": f"{entry.mode:06o}", "type": kind, "sha": entry.sha}
    if kind == "blob":
        shape["size"] = len(repository.git.blob(entry.sha))
    shape["url"] = address(links, repository, "git", f"{kind}s", entry.sha)
    return shape


def blob(links: Links, repository: Repository, sha: str, data: bytes) -> Json:
    return {
        "sha": sha,
        "node_id": node_id("Blob", sha),
        "size": len(data),
        "url": address(links, repository, "git/blobs", sha),
        "content": _base64(data),
        "encoding": "base64",
    }


def content(links: Links, repository: Repository, path: str, entry: Entry, revision: str) -> Json:
    """One entry of a directory listing, and the head of a file's own answer."""
    kind = {DIRECTORY: "dir", SUBMODULE: "submodule", SYMLINK: "symlink"}.get(entry.mode, "file")
    here = address(links, repository, "contents", path) + f"?ref={revision}"
    object_kind = "trees" if kind == "dir" else "blobs"
    git_address = address(links, repository, "git", object_kind, entry.sha)
    html = links.html(repository.full_name, "tree" if kind == "dir" else "blob", revision, path)
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": 0 if kind in {"dir", "submodule"} else len(repository.git.blob(entry.sha)),
        "url": here,
        "html_url": html,
        "git_url": git_address,
        "download_url": None if kind == "dir" else links.html(repository.full_name, "raw", revision, path),
        "type": kind,
        "_links": {"self": here, "git": git_address, "html": html},
    }


def file_content(links: Links, repository: Repository, path: str, entry: Entry, revision: str) -> Json:
    """Between 1 and 100 MB GitHub leaves the content out and says encoding `none`."""
    data = repository.git.blob(entry.sha)
    body = {"content": _base64(data), "encoding": "base64"} if len(data) <= 2**20 else _TOO_LARGE
    return {**content(links, repository, path, entry, revision), **body}


_TOO_LARGE = {"content": "", "encoding": "none"}


def _base64(data: bytes) -> str:
    """Broken into lines of 60, as GitHub does."""
    text = base64.b64encode(data).decode()
    return "".join(text[start : start + 60] + "\n" for start in range(0, len(text), 60))


def activity(links: Links, each: Activity) -> Json:
    return {
        "id": each.id,
        "node_id": node_id("PSH", each.id),
        "before": each.before,
        "after": each.after,
        "ref": each.ref,
        "timestamp": time(each.at),
        "activity_type": each.kind,
        "actor": user(links, each.actor),
    }
