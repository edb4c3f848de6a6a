"""Moving refs, and everything that follows from a ref that moved."""

from __future__ import annotations

from sandbox.github import payloads, pulls
from sandbox.github.git.history import descends
from sandbox.github.git.store import NO_OBJECT
from sandbox.github.people import Person
from sandbox.github.records import Activity, ActivityKind
from sandbox.github.state import Repository, State

MAX_TAGS_WITH_EVENTS = 3

Refs = dict[str, str]


def move(state: State, repository: Repository, ref: str, sha: str | None, by: Person, *, merges: bool = False) -> None:
    """Set a ref (None deletes it) and announce the push. `merges`: by a pull request."""
    before = repository.git.refs()
    if sha is None:
        repository.git.delete_ref(ref)
    else:
        repository.git.set_ref(ref, sha)
    announce(state, repository, before, by, merges=merges)


def announce(state: State, repository: Repository, before: Refs, by: Person, *, merges: bool = False) -> None:
    """Send what a push sends for every ref that is no longer as it was.

    GitHub sends nothing for tags when more than three come in one push.
    https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
    """
    after = repository.git.refs()
    moved = [
        ref
        for ref in sorted(before.keys() | after.keys())
        if before.get(ref) != after.get(ref) and not ref.startswith("refs/pull/")
    ]
    if not moved:
        return
    repository.pushed_at = state.now()
    for ref in moved:
        if ref.startswith("refs/heads/"):
            was, now = before.get(ref, NO_OBJECT), after.get(ref, NO_OBJECT)
            kind = "pr_merge" if merges else _kind(repository, was, now)
            activity = Activity(state.next_id(), ref, was, now, kind, by, state.now())
            repository.records.activities.append(activity)
    many_tags = sum(ref.startswith("refs/tags/") for ref in moved) > MAX_TAGS_WITH_EVENTS
    for ref in moved:
        if not (many_tags and ref.startswith("refs/tags/")):
            _announce_one(state, repository, ref, before.get(ref, NO_OBJECT), after.get(ref, NO_OBJECT), by)
    for ref in moved:
        if ref.startswith("refs/heads/"):
            pulls.follow_branch(state, repository, ref.removeprefix("refs/heads/"), by)


def _kind(repository: Repository, before: str, after: str) -> ActivityKind:
    if before == NO_OBJECT:
        return "branch_creation"
    if after == NO_OBJECT:
        return "branch_deletion"
    return "push" if descends(repository.git, after, before) else "force_push"


def _announce_one(state: State, repository: Repository, ref: str, before: str, after: str, by: Person) -> None:
    if before == NO_OBJECT:
        state.emit(repository, "create", payloads.ref_made(state, repository, ref, by), by)
    if after == NO_OBJECT:
        state.emit(repository, "delete", payloads.ref_gone(state, repository, ref, by), by)
    state.emit(repository, "push", payloads.push(state, repository, ref, before, after, by), by)
