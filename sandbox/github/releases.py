"""What happens to releases: drafted, published, deleted."""

from __future__ import annotations

from sandbox.github import payloads, refs
from sandbox.github.errors import ApiError
from sandbox.github.git.store import NotFoundError
from sandbox.github.people import Person
from sandbox.github.records import Release
from sandbox.github.state import Repository, State


def add(
    state: State,
    repository: Repository,
    tag: str,
    by: Person,
    *,
    target: str | None = None,
    name: str | None = None,
    body: str | None = None,
    draft: bool = False,
    prerelease: bool = False,
) -> Release:
    """A new release of `target` (the default branch), published unless it is a draft.

    ApiError 422 for a tag that is released already, or a target that is not there.
    """
    if any(other.tag == tag for other in repository.records.releases.values()):
        raise ApiError.invalid("Release", "tag_name", f"a release {tag} already exists", "already_exists")
    source = target or repository.default_branch
    made = Release(state.next_id(), tag, source, name, body, draft, prerelease, by, state.now())
    if not draft:
        _make_tag(state, repository, made, by)
    repository.records.releases[made.id] = made
    _tell(state, repository, "created", made, by)
    if not draft:
        publish(state, repository, made, by)
    return made


def publish(state: State, repository: Repository, release: Release, by: Person) -> None:
    """Publishing makes the tag when there is none yet."""
    _make_tag(state, repository, release, by)
    release.draft, release.published_at = False, state.now()
    _tell(state, repository, "published", release, by)
    _tell(state, repository, "prereleased" if release.prerelease else "released", release, by)


def _make_tag(state: State, repository: Repository, release: Release, by: Person) -> None:
    ref = f"refs/tags/{release.tag}"
    if repository.git.ref(ref) is not None:
        return
    if not repository.git.is_valid_ref(ref):
        raise ApiError.invalid("Release", "tag_name", f"{release.tag} is not a valid tag", "invalid")
    try:
        commit = repository.git.resolve(release.target)
    except NotFoundError:
        sentence = f"{release.target} is not a branch or a commit"
        raise ApiError.invalid("Release", "target_commitish", sentence, "invalid") from None
    refs.move(state, repository, ref, commit, by)


def edit(state: State, repository: Repository, release: Release, by: Person) -> None:
    _tell(state, repository, "edited", release, by)


def delete(state: State, repository: Repository, release: Release, by: Person) -> None:
    """The tag stays, as on GitHub."""
    del repository.records.releases[release.id]
    _tell(state, repository, "deleted", release, by)


def _tell(state: State, repository: Repository, action: str, release: Release, by: Person) -> None:
    state.emit(repository, "release", payloads.release(state, repository, action, release, by), by)
