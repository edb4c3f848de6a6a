"""What a branch says now: its head becomes a recorded revision, and a deployment that waits for its gates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import pathspec

from controller.domain.bindings import Binding, check_belongs
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.environment import REWRITTEN, Environment
from controller.domain.errors import Rejected
from controller.domain.events import AuditEntry, Event
from controller.domain.manifest import EnvironmentFile, read_environment
from controller.domain.ports import Source
from controller.domain.reason import Reason
from controller.domain.revision import Commit, Revision, file_of
from controller.domain.secret import Secret


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

    Nothing is recorded of a broken file, so what runs goes on running; the environment says what is wrong.
    """
    seen = replace(environment, head_seen=environment.head_requested)
    head = source.head(binding.repository, binding.branch)
    if head is None:
        return _refused(seen, "branch.missing", f"{binding.repository} has no branch {binding.branch}", now)
    if head.sha == environment.recorded:
        return Look(replace(seen, problem=None))
    ignorable: tuple[str, ...] | None = None
    if environment.recorded is not None:
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
    if ignorable is not None and _all_ignored(ignorable, file):
        told = f"{head.short} changes only paths that environments/{environment.name}.yaml ignores"
        entry = _entry(Event.REVISION_SKIPPED, environment.name, told, now, {"commit": head.sha})
        return Look(replace(seen, recorded=head.sha, problem=None), ignored=head, entry=entry)
    revision = Revision(environment.name, binding.branch, head, text, now)
    return Look(
        replace(seen, recorded=head.sha, wanted=head.sha, problem=None),
        revision,
        entry=_entry(
            Event.REVISION_RECORDED, environment.name, f"{head.short} {head.title}", now, {"commit": head.sha}
        ),
    )


@dataclass(frozen=True)
class Named:
    """What a `deploy` order stands for: a revision, or why there is none; and the commit that the environment is to be
    at from now on, None when that stays as it is."""

    revision: Revision | Reason
    recorded: str | None = None


def named_revision(environment: Environment, binding: Binding, source: Source, ref: str | None, now: datetime) -> Named:
    """The commit that a person asked for, by name or as the branch's head: it must be reachable from the branch.

    A head that does not descend from what was recorded is accepted by such an order.
    """
    head = source.head(binding.repository, binding.branch)
    if head is None:
        return Named(Reason("branch.missing", f"{binding.repository} has no branch {binding.branch}"))
    commit = source.resolve(binding.repository, ref) if ref else head
    if commit is None:
        return Named(Reason("ref.unknown", f"{binding.repository} has no commit, tag or branch {ref}"))
    if commit.sha != head.sha and not source.compare(binding.repository, commit.sha, head.sha).descends:
        text = f"{ref} is {commit.short}, which can't be reached from {binding.branch}: merge it first"
        return Named(Reason("ref.unreachable", text))
    try:
        text, _ = _file(environment.name, binding, source, commit)
    except Rejected as error:
        return Named(Reason(error.code, str(error)))
    revision = Revision(environment.name, binding.branch, commit, text, now)
    return Named(revision, head.sha if _is_to_be_recorded(environment, binding, source, commit, head) else None)


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


def _file(name: str, binding: Binding, source: Source, head: Commit) -> tuple[str, EnvironmentFile]:
    path = file_of(name)
    text = source.read(binding.repository, path, head.sha)
    if text is None:
        told = f"{path}: not there at {head.short} of {binding.repository}; add it, or remove the binding of {name}"
        raise Rejected([told], code="file.missing")
    file = read_environment(text, path)
    check_belongs(file, binding, path, text)
    return text, file


def _all_ignored(paths: tuple[str, ...], file: EnvironmentFile) -> bool:
    if not paths or not file.paths.ignore:
        return False
    ignored = pathspec.PathSpec.from_lines("gitignore", file.paths.ignore)
    return all(ignored.match_file(path) for path in paths)


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
