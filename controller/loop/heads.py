"""What a branch says now: its head becomes a recorded revision, and a deployment that waits for its gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.domain.bindings import Binding, check_belongs
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.environment import REWRITTEN, Environment
from controller.domain.errors import Rejected
from controller.domain.events import AuditEntry, Event
from controller.domain.globs import globs
from controller.domain.manifest import EnvironmentFile, read_environment
from controller.domain.ports import Source
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.revision import Commit, Revision, file_of
from controller.domain.secret import Secret
from controller.loop.releases import (
    Published,
    check_follows,
    check_named,
    newest_release,
    next_release,
    no_release,
)


@dataclass(frozen=True)
class Look:
    """What a look at the head found: the environment as it is to be saved, and a revision if there is a new one.
    `ignored` is a commit that changes nothing which its environment deploys."""

    environment: Environment
    revision: Revision | None = None
    ignored: Commit | None = None
    entry: AuditEntry | None = None


def look_at_head(environment: Environment, binding: Binding, source: Source, now: datetime) -> Look:
    """Desired state follows ancestry, not arrival: only a head that descends from the recorded commit is recorded.

    Nothing is recorded of a broken file, so what runs goes on running; the environment says what is wrong. Whether it
    is the head that counts, or the newest release of the branch, is said by the file at the head.
    """
    seen = replace(environment, head_seen=environment.head_requested).unseen()
    head = source.head(binding.repository, binding.branch)
    if head is None:
        return _refused(seen, "branch.missing", f"{binding.repository} has no branch {binding.branch}", now)
    if head.sha == environment.recorded and not environment.follows_releases:
        return Look(replace(seen, problem=None))
    ignorable: tuple[str, ...] | None = None
    if environment.recorded is not None and environment.recorded != head.sha:
        comparison = source.compare(binding.repository, environment.recorded, head.sha)
        if not comparison.descends:
            text = f"{binding.branch} is at {head.short}, which does not descend from {environment.recorded[:7]}"
            return _refused(
                seen,
                REWRITTEN,
                f"{text}: what is live stays until the branch descends from it again",
                now,
            )
        ignorable = comparison.paths
    try:
        text, file = _file(environment.name, binding, source, head)
    except Rejected as error:
        return _refused(seen, error.code, f"{head.short} ({head.title}): {error}", now)
    if file.on == "release":
        return _look_at_releases(seen, binding, source, head, now)
    seen = replace(seen, problem=None, release=None, sight=None, remark=None)
    if head.sha == environment.recorded:
        return Look(seen)
    if ignorable is not None and ignores_all(ignorable, file):
        told = f"{head.short} changes only paths that environments/{environment.name}.yaml ignores"
        entry = _entry(Event.REVISION_SKIPPED, environment.name, told, now, {"commit": head.sha})
        return Look(replace(seen, recorded=head.sha), ignored=head, entry=entry)
    return _taken(seen, Revision(environment.name, binding.branch, head, text, now))


def _look_at_releases(seen: Environment, binding: Binding, source: Source, head: Commit, now: datetime) -> Look:
    """The file that counts is the one at the release's commit. A release is deployed whatever it changes."""
    name = seen.name
    found = next_release(seen, binding, source, head)
    if found.newest is None:
        is_news = found.remark is not None and found.remark != seen.remark
        entry = _remarked(name, found.remark, now) if found.remark and is_news else None
        return Look(replace(seen, problem=None, sight=found.sight, remark=found.remark), entry=entry)
    release, commit = found.newest.release, found.newest.commit
    try:
        text, file = _file(name, binding, source, commit)
        check_follows(file, name, binding, commit)
        check_named(file, name, commit, release)
    except Rejected as error:
        told = f"{release.tag} ({commit.short} {commit.title}): {error}"
        return _refused(replace(seen, sight="", remark=None), error.code, told, now)
    following = replace(seen, problem=None, release=release, sight=found.sight, remark=None)
    return _taken(following, Revision(name, binding.branch, commit, text, now, release=release))


def _taken(seen: Environment, revision: Revision) -> Look:
    commit = revision.commit
    told = f"{f'{revision.release.tag}: ' if revision.release else ''}{commit.short} {commit.title}"
    entry = _entry(Event.REVISION_RECORDED, seen.name, told, revision.recorded_at, {"commit": commit.sha})
    return Look(replace(seen, recorded=commit.sha, wanted=commit.sha), revision, entry=entry)


def _remarked(environment: str, remark: Reason, now: datetime) -> AuditEntry:
    return _entry(Event.REVISION_SKIPPED, environment, remark.text, now, {"code": remark.code})


@dataclass(frozen=True)
class Named:
    """What a `deploy` order stands for: a revision, or why there is none; and the commit that the environment is to be
    at from now on, None when that stays as it is; `release` is what that was published as."""

    revision: Revision | Reason
    recorded: str | None = None
    release: Release | None = None


def named_revision(environment: Environment, binding: Binding, source: Source, ref: str | None, now: datetime) -> Named:
    """The commit that a person asked for, by name or as the branch's head: it must be reachable from the branch. Where
    releases count, what is not named is the newest of them.

    A head that does not descend from what was recorded is accepted by such an order.
    """
    head = source.head(binding.repository, binding.branch)
    if head is None:
        return Named(Reason("branch.missing", f"{binding.repository} has no branch {binding.branch}"))
    commit = _named_commit(binding, source, ref, head) if ref else head
    if isinstance(commit, Reason):
        return Named(commit)
    if environment.follows_releases:
        return _named_release(environment, binding, source, (ref, commit) if ref else None, head, now)
    revision = _revision(environment.name, binding, source, commit, None, now)
    if isinstance(revision, Reason):
        return Named(revision)
    return Named(revision, head.sha if _is_to_be_recorded(environment, binding, source, commit, head) else None)


def _named_commit(binding: Binding, source: Source, ref: str, head: Commit) -> Commit | Reason:
    commit = source.resolve(binding.repository, ref)
    if commit is None:
        return Reason("ref.unknown", f"{binding.repository} has no commit, tag or branch {ref}")
    if commit.sha != head.sha and not source.compare(binding.repository, commit.sha, head.sha).descends:
        text = f"{ref} is {commit.short}, which can't be reached from {binding.branch}: merge it first"
        return Reason("ref.unreachable", text)
    return commit


def _revision(
    name: str, binding: Binding, source: Source, commit: Commit, release: Release | None, now: datetime
) -> Revision | Reason:
    try:
        text, file = _file(name, binding, source, commit)
        check_named(file, name, commit, release)
    except Rejected as error:
        return Reason(error.code, str(error))
    return Revision(name, binding.branch, commit, text, now, release=release)


def _is_to_be_recorded(
    environment: Environment, binding: Binding, source: Source, commit: Commit, head: Commit
) -> bool:
    """Else the next look at the head would deploy it as well, or refuse it as before. A head that is older than what is
    recorded may be an old answer: it counts only where an earlier look has found it, and refused it."""
    recorded = environment.recorded
    if recorded is None or recorded == head.sha:
        return recorded is None
    if source.compare(binding.repository, head.sha, recorded).descends:
        return environment.is_rewritten
    return commit.sha == head.sha or not source.compare(binding.repository, recorded, head.sha).descends


def _named_release(
    environment: Environment,
    binding: Binding,
    source: Source,
    named: tuple[str, Commit] | None,
    head: Commit,
    now: datetime,
) -> Named:
    """The newest release, or the commit of a ref, which may be a release. A person may take one whose file asks for no
    releases."""
    releases = source.released(binding.repository)
    newest = newest_release(binding, source, head, releases)
    if named is None and newest is None:
        return Named(no_release(binding, releases))
    ref, commit = named or ("", newest.commit if newest else head)
    release = _release_of(ref, commit, newest, releases)
    revision = _revision(environment.name, binding, source, commit, release, now)
    if isinstance(revision, Reason):
        return Named(revision)
    if newest is None:
        return Named(revision, commit.sha if environment.is_rewritten else None)
    is_kept = _is_to_be_kept(environment, binding, source, commit, newest.commit, head)
    return Named(revision, newest.commit.sha, newest.release) if is_kept else Named(revision)


def _release_of(ref: str, commit: Commit, newest: Published | None, releases: Sequence[Release]) -> Release | None:
    """The one that was named, else the newest of this commit, as far as tags that aren't annotated tell."""
    named = next((each for each in releases if each.tag == ref), None)
    if named is None and newest is not None and newest.commit.sha == commit.sha:
        return newest.release
    return named or next((each for each in releases if each.points_at == commit.sha), None)


def _is_to_be_kept(
    environment: Environment, binding: Binding, source: Source, commit: Commit, newest: Commit, head: Commit
) -> bool:
    """Whether the newest release is to be recorded: else the next look would deploy it as well, or refuse it as before.
    One that is older than what is recorded is an old answer."""
    recorded = environment.recorded
    if recorded is None or recorded == newest.sha:
        return recorded is None
    if recorded != head.sha and not source.compare(binding.repository, recorded, head.sha).descends:
        return environment.is_rewritten
    return commit.sha == newest.sha and source.compare(binding.repository, recorded, newest.sha).descends


def _file(name: str, binding: Binding, source: Source, head: Commit) -> tuple[str, EnvironmentFile]:
    path = file_of(name)
    text = source.read(binding.repository, path, head.sha)
    if text is None:
        told = f"{path}: not there at {head.short} of {binding.repository}; add it, or remove the binding of {name}"
        raise Rejected([told], code="file.missing")
    file = read_environment(text, path)
    check_belongs(file, binding, path, text)
    return text, file


def ignores_all(paths: tuple[str, ...], file: EnvironmentFile) -> bool:
    """Whether the file ignores every one of these paths."""
    if not paths or not file.paths.ignore:
        return False
    ignored = globs(file.paths.ignore)
    return all(any(glob.matches(path) for glob in ignored) for path in paths)


def _refused(environment: Environment, code: str, text: str, now: datetime) -> Look:
    problem = Reason(code, text)
    if environment.problem == problem:
        return Look(environment)
    entry = _entry(Event.REVISION_REFUSED, environment.name, text, now, {"code": code})
    return Look(replace(environment, problem=problem), entry=entry)


def _entry(event: Event, environment: str, text: str, now: datetime, facts: dict[str, object]) -> AuditEntry:
    return AuditEntry(event, environment, None, "tidegate", now, text, facts)


def waiting_deployment(revision: Revision, number: int, now: datetime, token: Callable[[], str]) -> Deployment:
    """A deployment of `revision` that has not been judged yet; `token` makes the secret of its smoke test."""
    return Deployment(
        id=f"{revision.environment}-{number}",
        number=number,
        environment=revision.environment,
        kind=Kind.DEPLOY,
        phase=Phase.WAITING,
        reason=Reason("deployment.new", "its gates have not been asked yet"),
        revision=revision,
        secret=Secret(token()),
        created_at=now,
    )
