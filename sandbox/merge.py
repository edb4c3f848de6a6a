"""A small real change, merged the way a team does it: branch, commit, pull request, merge commit.

Into develop goes a feature. Into staging and main goes what the branch before it has (a promotion); where that is there
already, that branch gets something new first. With a fault any branch gets a feature that makes the workload misbehave:
one edited line in its rehearsal file. With a bake develop's environment file asks for a strategy that leaves time to
look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.baking import baked
from sandbox.github import merges, pulls, refs
from sandbox.github.actions import REHEARSAL
from sandbox.github.git.history import descends
from sandbox.github.git.merging import merge_trees
from sandbox.github.git.store import NotFoundError
from sandbox.github.links import Links
from sandbox.github.people import Person
from sandbox.github.rehearsal import Fault, edited
from sandbox.github.shapes.people import RANK
from sandbox.github.state import Repository, State

VERSION_FILE = "workload/VERSION"
ENVIRONMENT_FILE = re.compile(r"environments/[^/]+\.yaml")
PROMOTED_FROM = {"staging": "develop", "main": "staging"}


class RefusedError(Exception):
    """There is nothing to merge, or it can't be merged; the sentence says what to do instead."""


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for; `login` is who does it, anybody with the right to write if None. `bake` is how long half
    of the traffic stays on the new version, a time as in the environment file."""

    branch: str
    fault: Fault | None = None
    message: str | None = None
    login: str | None = None
    bake: str | None = None


@dataclass(frozen=True)
class Merged:
    """What became of it. `version` is the workload's on that branch from now on."""

    branch: str
    commit: str
    version: str
    pull_request: int
    url: str
    title: str
    author: str
    fault: str | None


def merge(state: State, repository: Repository, wanted: Wanted) -> Merged:
    """Make the change and merge it; runs on the desk's thread. RefusedError when there is nothing to do."""
    if repository.git.ref(f"refs/heads/{wanted.branch}") is None:
        branches = ", ".join(repository.git.branches())
        raise RefusedError(f"{repository.full_name} has no branch {wanted.branch!r}: it has {branches}")
    if wanted.bake is not None and wanted.branch in PROMOTED_FROM:
        raise RefusedError(f"{wanted.branch} gets the files of {PROMOTED_FROM[wanted.branch]}: bake in develop")
    if wanted.branch in PROMOTED_FROM and wanted.fault is None:
        return _promote(state, repository, wanted)
    return _merge_feature(state, repository, wanted)


def person(state: State, login: str | None) -> Person:
    """Who does it: the one named, or somebody who may write, taking turns."""
    writers = [found for found in state.people.everyone if found.type == "User" and _may_write(found)]
    if login is None:
        done = sum(len(repository.records.pulls) for repository in state.repositories.values())
        return writers[done % len(writers)]
    for found in writers:
        if found.login == login:
            return found
    raise ValueError(f"{login!r} can't merge here: use one of {', '.join(found.login for found in writers)}")


def _may_write(found: Person) -> bool:
    return RANK.index(found.permission) >= RANK.index("write")


def _merge_feature(state: State, repository: Repository, wanted: Wanted) -> Merged:
    git, author = repository.git, person(state, wanted.login)
    tip = git.resolve(f"refs/heads/{wanted.branch}")
    version = _next_version(_version(repository, tip))
    title = wanted.message or (f"Rehearse {wanted.fault.text}" if wanted.fault else f"Prepare version {version}")
    files = {
        VERSION_FILE: f"{version}\n".encode(),
        REHEARSAL: _rehearsal(repository, tip, wanted.fault).encode(),
        **_strategies(repository, tip, wanted),
    }
    commit = git.add_commit(git.changed_tree(git.tree_of(tip), files), [tip], title, author.signature(state.now()))
    stem = f"rehearse-{wanted.fault.kind}" if wanted.fault else "version"
    head = _free_branch(repository, f"{author.login}/{stem}-{version}")
    refs.move(state, repository, f"refs/heads/{head}", commit, author)
    return _merged(state, repository, wanted, head, title, author, delete=True)


def _promote(state: State, repository: Repository, wanted: Wanted) -> Merged:
    """Bring over what the branch before has, so that both have the same tree.

    Usually that branch itself is merged. When the target has changes of its own that would survive or
    conflict (a fault, a fix), a branch in between takes the source's tree whole.
    """
    git, source, author = repository.git, PROMOTED_FROM[wanted.branch], person(state, wanted.login)
    tips = {branch: git.resolve(f"refs/heads/{branch}") for branch in (source, wanted.branch)}
    head_tip, base_tip = tips[source], tips[wanted.branch]
    if git.tree_of(head_tip) == git.tree_of(base_tip):
        merge(state, repository, Wanted(source, login=wanted.login))
        return _promote(state, repository, wanted)
    title = wanted.message or f"Promote {_version(repository, head_tip)} from {source} to {wanted.branch}"
    is_plain = not descends(git, base_tip, head_tip) and (
        merge_trees(git, base_tip, head_tip).tree == git.tree_of(head_tip)
    )
    if is_plain:
        return _merged(state, repository, wanted, source, title, author, delete=False)
    commit = git.add_commit(git.tree_of(head_tip), [base_tip, head_tip], title, author.signature(state.now()))
    head = _free_branch(repository, f"{author.login}/promote-{_version(repository, head_tip)}")
    refs.move(state, repository, f"refs/heads/{head}", commit, author)
    return _merged(state, repository, wanted, head, title, author, delete=True)


def _merged(
    state: State, repository: Repository, wanted: Wanted, head: str, title: str, author: Person, *, delete: bool
) -> Merged:
    pull = pulls.open_pull(state, repository, head, wanted.branch, title, "", author)
    commit = merges.merge_pull(state, repository, pull, author)
    if delete:
        refs.move(state, repository, f"refs/heads/{head}", None, author)
    return Merged(
        branch=wanted.branch,
        commit=commit,
        version=_version(repository, commit),
        pull_request=pull.number,
        url=Links(state.origin).html(repository.full_name, "pull", pull.number),
        title=title,
        author=author.login,
        fault=wanted.fault.text if wanted.fault else None,
    )


def _rehearsal(repository: Repository, commit: str, fault: Fault | None) -> str:
    try:
        return edited(_read(repository, commit, REHEARSAL), fault)
    except LookupError as error:
        raise RefusedError(f"{REHEARSAL} at {commit[:8]} can't rehearse that: {error}") from None


def _strategies(repository: Repository, tip: str, wanted: Wanted) -> dict[str, bytes]:
    """The environment files of the branch whose strategy becomes another one."""
    names = [name for name in repository.git.files(repository.git.tree_of(tip)) if ENVIRONMENT_FILE.fullmatch(name)]
    before = {name: _read(repository, tip, name) for name in names}
    is_own = re.compile(rf"(?m)^branch: {re.escape(wanted.branch)}\s*(#.*)?$")
    own = {name: text for name, text in before.items() if is_own.search(text)}
    try:
        after = {name: baked(text, wanted.bake) for name, text in own.items()}
    except LookupError as error:
        raise RefusedError(f"{', '.join(own)} at {tip[:8]} can't bake: {error}") from None
    return {name: text.encode() for name, text in after.items() if text != own[name]}


def _read(repository: Repository, commit: str, path: str) -> str:
    try:
        return repository.git.read(commit, path).decode()
    except NotFoundError:
        raise RefusedError(f"{repository.full_name} has no {path} at {commit[:8]}: put the workload there") from None


def _version(repository: Repository, commit: str) -> str:
    return _read(repository, commit, VERSION_FILE).strip()


def _next_version(version: str) -> str:
    """One higher in its last number.

    >>> _next_version("0.1.9")
    '0.1.10'
    """
    stem, number = re.fullmatch(r"(.*?)(\d*)", version, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{stem}{int(number or 0) + 1}"


def _free_branch(repository: Repository, name: str) -> str:
    taken = repository.git.branches()
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate
