"""Which release an environment is to be at: of those that its branch contains the one that was published last, or one
that comes after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.domain.bindings import Binding
from controller.domain.environment import Environment
from controller.domain.errors import Rejected
from controller.domain.manifest import EnvironmentFile, is_tag, render_tag
from controller.domain.ports import Source
from controller.domain.reason import Reason
from controller.domain.release import Release, sight_of
from controller.domain.revision import Commit, file_of

EXAMINED = 100
"""So many releases are looked at, newest first, before it is said that none of them is on the branch."""


NONE = "release.none"
"""The code of the remark that the first release of the branch is waited for."""


@dataclass(frozen=True)
class Published:
    """A release, and the commit that its tag stands for now."""

    release: Release
    commit: Commit


@dataclass(frozen=True)
class Found:
    """`newest` is a release that comes after what is recorded, None when there is none; `remark` is what a person may
    want to know of the others. `sight` stands for all that was seen."""

    sight: str
    newest: Published | None = None
    remark: Reason | None = None


def next_release(environment: Environment, binding: Binding, source: Source, head: Commit) -> Found:
    """The branch contains what is recorded, or nothing is recorded yet.

    Only what descends from that commit is taken: an older commit may be published at any time, and a tag be moved back.
    """
    releases = source.released(binding.repository)
    sight = sight_of(head.sha, releases)
    walked = _walk(releases, binding, source, head, environment)
    if walked.newest is not None or walked.met:
        return Found(sight, walked.newest, None if walked.newest else walked.older)
    return Found(sight, remark=walked.older or _none_left(environment.release, binding, releases))


def newest_release(binding: Binding, source: Source, head: Commit, releases: Sequence[Release]) -> Published | None:
    """The one that an environment of which nothing is recorded would be at."""
    return _walk(releases, binding, source, head, Environment("")).newest


def no_release(binding: Binding, releases: Sequence[Release]) -> Reason:
    where = f"{binding.repository} is on {binding.branch}"
    if len(releases) > EXAMINED:
        return Reason(NONE, f"none of the {EXAMINED} newest releases of {where}")
    return Reason(NONE, f"no published release of {where} yet")


def check_named(file: EnvironmentFile, name: str, commit: Commit, release: Release | None) -> None:
    """`Rejected` where an image can't be looked up by what the commit was published as."""
    for service, wanted in file.services.items():
        template = wanted.image.tag or ""
        if "{version}" not in template:
            continue
        at = f"{file_of(name)}: services.{service}.image.tag is {template}"
        if release is None:
            raise Rejected([f"{at}, and {commit.short} isn't known as a published release"], code="release.unnamed")
        tag = render_tag(template, branch=file.branch, commit=commit.sha, version=release.version)
        if not is_tag(tag):
            told = f"{at}, and {tag} can't be an image's tag: up to 128 letters, digits, '_', '.' and '-'"
            raise Rejected([f"{told}; publish it under another tag"], code="release.tag")


def check_follows(file: EnvironmentFile, name: str, binding: Binding, commit: Commit) -> None:
    """`Rejected` where the released commit's own file doesn't ask for releases."""
    if file.on != "release":
        told = f"{file_of(name)} says on: {file.on} at {commit.short}, and on: release at the head of {binding.branch}"
        raise Rejected([f"{told}: publish a commit whose file says so"], code="release.not_asked")


@dataclass(frozen=True)
class _Walked:
    """`met`: what is recorded is still a release; `older` tells of one that was published after it and is older."""

    newest: Published | None
    met: bool
    older: Reason | None


def _walk(
    releases: Sequence[Release], binding: Binding, source: Source, head: Commit, environment: Environment
) -> _Walked:
    """From the release that was published last backwards, and on while earlier ones come after it on the branch: a
    prerelease becomes a release without being published anew, and nobody can be sure to look between two of them."""
    known, base = environment.release, environment.recorded
    newest, older, met = None, None, False
    for published in _on_branch(releases, binding, source, head):
        sha = published.commit.sha
        met = met or sha == environment.recorded
        if sha == base:
            continue
        if base is None or source.compare(binding.repository, base, sha).descends:
            base, newest = sha, published
            continue
        is_later = known is not None and published.release.published_at >= known.published_at
        if newest is None and not met and (is_later or known is None):
            older = older or _older(published, environment, base)
        if newest is not None or met or not is_later:
            break
    return _Walked(newest, met, older)


def _on_branch(releases: Sequence[Release], binding: Binding, source: Source, head: Commit) -> Iterator[Published]:
    for release in releases[:EXAMINED]:
        commit = source.tagged(binding.repository, release.tag)
        if commit is not None and (
            commit.sha == head.sha or source.compare(binding.repository, commit.sha, head.sha).descends
        ):
            yield Published(release, commit)


def _older(published: Published, environment: Environment, recorded: str) -> Reason:
    tag, known = published.release.tag, environment.release
    after = f"{recorded[:7]}{f' ({known.tag})' if known else ''}"
    text = f"{tag} is {published.commit.short}, which doesn't descend from {after}"
    return Reason("release.older", f"{text}: only `tidegate deploy {environment.name} --ref {tag}` deploys it")


def _none_left(known: Release | None, binding: Binding, releases: Sequence[Release]) -> Reason:
    """Of what is recorded no release is left on the branch, or it never was one."""
    if known is None:
        return no_release(binding, releases)
    if any(each.tag == known.tag for each in releases):
        text = f"{known.tag} was moved to a commit that isn't on {binding.branch}"
        return Reason("release.moved", f"{text}: what it was stays")
    return Reason("release.withdrawn", f"{known.tag} isn't a published release any more: what it was stays")
