"""The bodies of webhooks, one function for one event.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import Any

from sandbox.github.git.changes import commit_changes
from sandbox.github.git.history import ancestors, descends, distance, newest_first
from sandbox.github.git.store import NO_OBJECT, NotFoundError
from sandbox.github.links import Links
from sandbox.github.people import Person
from sandbox.github.records import (
    CheckRun,
    CheckSuite,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Hook,
    Pull,
    Release,
    WorkflowRun,
)
from sandbox.github.shapes import Json, checks, commits, deployments, hooks, pulls, time
from sandbox.github.shapes.people import organization, user
from sandbox.github.shapes.repositories import repository_shape, short_branch, short_repository
from sandbox.github.state import Repository, State

MAX_COMMITS = 20


def _common(state: State, repository: Repository, sender: Person) -> Json:
    links = Links(state.origin)
    return {
        "repository": repository_shape(links, repository),
        "organization": organization(links),
        "sender": user(links, sender),
    }


def push(state: State, repository: Repository, ref: str, before: str, after: str, pusher: Person) -> Json:
    """At most the 20 newest commits, oldest first; `before` or `after` is forty zeros for a new or deleted ref."""
    links = Links(state.origin)
    head = _peeled(repository, after)
    fresh = _new_commits(repository, ref, before, head)
    compare = f"{before[:12]}...{after[:12]}" if NO_OBJECT not in (before, after) else after[:12]
    common = _common(state, repository, pusher)
    common["repository"] |= _old_style_times(repository)
    return {
        "ref": ref,
        "before": before,
        "after": after,
        **common,
        "pusher": {"name": pusher.login, "email": pusher.email},
        "created": before == NO_OBJECT,
        "deleted": after == NO_OBJECT,
        "forced": _is_forced(repository, before, after),
        "base_ref": None,
        "compare": links.html(repository.full_name, "compare", compare),
        "commits": [_commit(state, repository, sha) for sha in reversed(fresh[:MAX_COMMITS])],
        "head_commit": _commit(state, repository, head) if head else None,
    }


def _old_style_times(repository: Repository) -> Json:
    """In push events, and only there, a repository's times are seconds since 1970."""
    return {
        "created_at": int(repository.created_at.timestamp()),
        "pushed_at": int(repository.pushed_at.timestamp()),
        "master_branch": repository.default_branch,
    }


def _peeled(repository: Repository, sha: str) -> str | None:
    if sha == NO_OBJECT:
        return None
    try:
        return repository.git.peel(sha)
    except NotFoundError:
        return None


def _new_commits(repository: Repository, ref: str, before: str, head: str | None) -> list[str]:
    """Newest first. A new branch brings what no other branch has; a tag brings nothing."""
    if head is None or not ref.startswith("refs/heads/"):
        return []
    if before != NO_OBJECT:
        return distance(repository.git, before, head).ahead
    known: set[str] = set()
    for name, sha in repository.git.refs("refs/heads/").items():
        if name != ref:
            known |= ancestors(repository.git, sha)
    return newest_first(repository.git, ancestors(repository.git, head) - known)


def _is_forced(repository: Repository, before: str, after: str) -> bool:
    if NO_OBJECT in (before, after):
        return False
    old, new = _peeled(repository, before), _peeled(repository, after)
    return old is None or new is None or not descends(repository.git, new, old)


def _commit(state: State, repository: Repository, sha: str) -> Json:
    found = repository.git.commit(sha)
    changed = commit_changes(repository.git, sha)
    author = commits.git_commit(Links(state.origin), repository, sha)["author"]
    renamed_from = [change.previous_path for change in changed if change.previous_path]
    return {
        "id": sha,
        "tree_id": found.tree.decode(),
        "distinct": True,
        "message": commits.message(found),
        "timestamp": author["date"],
        "url": Links(state.origin).html(repository.full_name, "commit", sha),
        "author": _author(state, found.author),
        "committer": _author(state, found.committer),
        "added": [change.path for change in changed if change.kind in ("added", "renamed")],
        "removed": [change.path for change in changed if change.kind == "removed"] + renamed_from,
        "modified": [change.path for change in changed if change.kind == "modified"],
    }


def _author(state: State, line: bytes) -> Json:
    name, email = commits.split_identity(line)
    person = state.people.with_email(email)
    return {"name": name, "email": email, **({"username": person.login} if person else {})}


def ref_made(state: State, repository: Repository, ref: str, sender: Person) -> Json:
    return {
        **_ref_subject(ref),
        "master_branch": repository.default_branch,
        "description": None,
        "pusher_type": "user",
        **_common(state, repository, sender),
    }


def ref_gone(state: State, repository: Repository, ref: str, sender: Person) -> Json:
    return {**_ref_subject(ref), "pusher_type": "user", **_common(state, repository, sender)}


def _ref_subject(ref: str) -> Json:
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    return {"ref": ref.split("/", 2)[2], "ref_type": kind}


def pull_request(
    state: State, repository: Repository, action: str, pull: Pull, totals: pulls.Totals, sender: Person, **more: Any
) -> Json:
    shape = pulls.pull(Links(state.origin), repository, pull, totals)
    return {
        "action": action,
        "number": pull.number,
        "pull_request": shape,
        **more,
        **_common(state, repository, sender),
    }


def check_run(state: State, repository: Repository, action: str, run: CheckRun, sender: Person) -> Json:
    shape = checks.check_run(Links(state.origin), repository, run)
    shape["check_suite"] = _suite_of_run(state, repository, run.suite)
    return {"action": action, "check_run": shape, **_common(state, repository, sender)}


def check_suite(state: State, repository: Repository, action: str, suite: CheckSuite, sender: Person) -> Json:
    return {"action": action, "check_suite": _suite(state, repository, suite), **_common(state, repository, sender)}


def _suite(state: State, repository: Repository, suite: CheckSuite) -> Json:
    runs = sum(run.suite is suite for run in repository.records.check_runs.values())
    shape = checks.check_suite(Links(state.origin), repository, suite, runs)
    del shape["repository"]
    return {**shape, "head_commit": _head_commit(state, repository, suite.head_sha)}


def _suite_of_run(state: State, repository: Repository, suite: CheckSuite) -> Json:
    """Shorter than in its own event."""
    left_out = ("latest_check_runs_count", "check_runs_url", "head_commit")
    return {name: value for name, value in _suite(state, repository, suite).items() if name not in left_out}


def workflow_run(state: State, repository: Repository, action: str, run: WorkflowRun) -> Json:
    links = Links(state.origin)
    shape = checks.workflow_run(links, repository, run)
    shape["head_commit"] = _head_commit(state, repository, run.suite.head_sha)
    shape["repository"] = shape["head_repository"] = short_repository(links, repository)
    return {
        "action": action,
        "workflow_run": shape,
        "workflow": checks.workflow(links, repository),
        **_common(state, repository, run.actor),
    }


def _head_commit(state: State, repository: Repository, sha: str) -> Json:
    names = ("id", "tree_id", "message", "timestamp", "author", "committer")
    commit = _commit(state, repository, sha)
    return {name: commit[name] for name in names}


def status(state: State, repository: Repository, given: CommitStatus) -> Json:
    links = Links(state.origin)
    names = [name for name, sha in repository.git.branches().items() if sha == given.sha]
    return {
        "id": given.id,
        "sha": given.sha,
        "name": repository.full_name,
        "target_url": given.target_url,
        "context": given.context,
        "description": given.description,
        "state": given.state,
        "commit": commits.commit(links, repository, state.people, given.sha),
        "branches": [short_branch(links, repository, name, given.sha) for name in names],
        "created_at": time(given.created_at),
        "updated_at": time(given.created_at),
        **_common(state, repository, given.creator),
    }


def deployment(state: State, repository: Repository, found: Deployment) -> Json:
    shape = deployments.deployment(Links(state.origin), repository, found)
    common = _common(state, repository, found.creator)
    return {"action": "created", "deployment": shape, "workflow": None, "workflow_run": None, **common}


def deployment_status(state: State, repository: Repository, of: Deployment, given: DeploymentStatus) -> Json:
    links = Links(state.origin)
    return {
        "action": "created",
        "deployment_status": deployments.deployment_status(links, repository, of, given),
        "deployment": deployments.deployment(links, repository, of),
        **_common(state, repository, given.creator),
    }


def release(state: State, repository: Repository, action: str, found: Release, sender: Person) -> Json:
    shape = deployments.release(Links(state.origin), repository, found)
    return {"action": action, "release": shape, **_common(state, repository, sender)}


def ping(state: State, repository: Repository, hook: Hook, sender: Person) -> Json:
    shape = hooks.hook(Links(state.origin), repository, hook)
    return {
        "zen": "Keep it logically awesome.",
        "hook_id": hook.id,
        "hook": shape,
        **_common(state, repository, sender),
    }
