"""Pull requests, reviews and comments."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.github.links import Links
from sandbox.github.records import Comment, Pull, Review
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.people import organization_account, user
from sandbox.github.shapes.repositories import address, repository_shape
from sandbox.github.state import Repository, node_id


@dataclass(frozen=True)
class Totals:
    """What only a single pull request's own answer has; `mergeable` is None once it is closed."""

    mergeable: bool | None
    commits: int
    additions: int
    deletions: int
    changed_files: int


def pull_in_list(links: Links, repository: Repository, pull: Pull) -> Json:
    here = address(links, repository, "pulls", pull.number)
    issue = address(links, repository, "issues", pull.number)
    html = links.html(repository.full_name, "pull", pull.number)
    statuses = address(links, repository, "statuses", pull.head_sha)
    return {
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "number": pull.number,
        "url": here,
        "html_url": html,
        "diff_url": html + ".diff",
        "patch_url": html + ".patch",
        "issue_url": issue,
        "commits_url": here + "/commits",
        "review_comments_url": here + "/comments",
        "review_comment_url": address(links, repository, "pulls/comments{/number}"),
        "comments_url": issue + "/comments",
        "statuses_url": statuses,
        "state": "open" if pull.is_open else "closed",
        "locked": False,
        "title": pull.title,
        "user": user(links, pull.author),
        "body": pull.body,
        "labels": [],
        "milestone": None,
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": time(pull.closed_at),
        "merged_at": time(pull.merged_at),
        "merge_commit_sha": pull.merge_commit or (pull.trial if pull.is_open else None),
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _side(links, repository, pull.head, pull.head_sha),
        "base": _side(links, repository, pull.base, pull.base_sha),
        "_links": _links(here, html, issue, statuses),
        "author_association": "MEMBER",
        "auto_merge": None,
        "active_lock_reason": None,
        "draft": pull.draft,
    }


def _links(here: str, html: str, issue: str, statuses: str) -> Json:
    addresses = {
        "self": here,
        "html": html,
        "issue": issue,
        "comments": issue + "/comments",
        "review_comments": here + "/comments",
        "review_comment": here.rpartition("/")[0] + "/comments{/number}",
        "commits": here + "/commits",
        "statuses": statuses,
    }
    return {name: {"href": href} for name, href in addresses.items()}


def pull(links: Links, repository: Repository, found: Pull, totals: Totals) -> Json:
    return {
        **pull_in_list(links, repository, found),
        "merged": found.merged_at is not None,
        "mergeable": totals.mergeable,
        "rebaseable": False,
        "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[totals.mergeable],
        "merged_by": user(links, found.merged_by) if found.merged_by else None,
        "comments": sum(comment.number == found.number for comment in repository.records.comments.values()),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": totals.commits,
        "additions": totals.additions,
        "deletions": totals.deletions,
        "changed_files": totals.changed_files,
    }


def _side(links: Links, repository: Repository, branch: str, sha: str) -> Json:
    return {
        "label": f"{repository.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": organization_account(links),
        "repo": repository_shape(links, repository),
    }


def review(links: Links, repository: Repository, found: Pull, given: Review) -> Json:
    html = links.html(repository.full_name, "pull", found.number) + f"#pullrequestreview-{given.id}"
    here = address(links, repository, "pulls", found.number)
    return {
        "id": given.id,
        "node_id": node_id("PullRequestReview", given.id),
        "user": user(links, given.author),
        "body": given.body,
        "state": given.state,
        "html_url": html,
        "pull_request_url": here,
        "_links": {"html": {"href": html}, "pull_request": {"href": here}},
        "submitted_at": time(given.submitted_at),
        "commit_id": given.commit,
        "author_association": "MEMBER",
    }


def comment(links: Links, repository: Repository, written: Comment) -> Json:
    return {
        "id": written.id,
        "node_id": node_id("IssueComment", written.id),
        "url": address(links, repository, "issues/comments", written.id),
        "html_url": links.html(repository.full_name, "pull", written.number) + f"#issuecomment-{written.id}",
        "issue_url": address(links, repository, "issues", written.number),
        "user": user(links, written.author),
        "created_at": time(written.created_at),
        "updated_at": time(written.updated_at),
        "author_association": "MEMBER",
        "body": written.body,
        "performed_via_github_app": None,
    }


def issue(links: Links, repository: Repository, found: Pull) -> Json:
    """A pull request as the issue that it also is."""
    here = address(links, repository, "issues", found.number)
    html = links.html(repository.full_name, "pull", found.number)
    return {
        "id": found.id,
        "node_id": node_id("PullRequest", found.id),
        "number": found.number,
        "url": here,
        "repository_url": address(links, repository),
        "comments_url": here + "/comments",
        "events_url": here + "/events",
        "labels_url": here + "/labels{/name}",
        "html_url": html,
        "title": found.title,
        "user": user(links, found.author),
        "state": "open" if found.is_open else "closed",
        "locked": False,
        "labels": [],
        "assignees": [],
        "comments": sum(comment.number == found.number for comment in repository.records.comments.values()),
        "created_at": time(found.created_at),
        "updated_at": time(found.updated_at),
        "closed_at": time(found.closed_at),
        "body": found.body,
        "pull_request": {"url": address(links, repository, "pulls", found.number), "html_url": html},
    }


def merged(sha: str) -> Json:
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
