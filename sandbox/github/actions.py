"""A stand-in for GitHub Actions: checks that pass a moment after a push, and then an image.

It runs nothing. What a real workflow would find out by building is read from the commit: `NO_IMAGE` in
`workload/rehearsal.py` says that the image never gets pushed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.github import checks
from sandbox.github.desk import Desk
from sandbox.github.git.store import NO_OBJECT, GitStore, NotFoundError
from sandbox.github.people import ACTIONS
from sandbox.github.records import CheckRun, WorkflowRun
from sandbox.github.rehearsal import constants
from sandbox.github.shapes.checks import ACTIONS_APP_ID
from sandbox.github.state import Event, Repository

BRANCHES = ("develop", "staging", "main")
CHECKS = ("test", "build", "scan")
WORKLOAD = "workload"
REHEARSAL = f"{WORKLOAD}/rehearsal.py"

Publish = Callable[[str, str, str], Awaitable[None]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Build:
    """One run for one push."""

    repository: Repository
    branch: str
    commit: str
    run: WorkflowRun
    checks: list[CheckRun]
    failing: frozenset[str]


class Actions:
    """Listens to pushes and releases.

    `publish(commit, branch, tree)` and `publish_version(commit, version, tree)` put the image of a
    `workload/` tree (its git sha) into the registry; both run on the event loop.
    """

    def __init__(
        self, desk: Desk, clock: Clock, publish: Publish, publish_version: Publish, delay_seconds: float
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._publish = publish
        self._publish_version = publish_version
        self._delay_seconds = delay_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: dict[str, int] = {}
        self._is_closed = False

    def fail_next(self, check: str, count: int = 1) -> None:
        """The check of this name fails in the next `count` runs."""
        if check not in CHECKS:
            raise ValueError(f"no check is called {check!r}: use one of {', '.join(CHECKS)}")
        self._failing[check] = self._failing.get(check, 0) + count

    def hear(self, event: Event) -> None:
        if event.name == "push":
            branch = event.payload["ref"].removeprefix("refs/heads/")
            if branch in BRANCHES and event.payload["after"] != NO_OBJECT:
                self._spawn(self._start(event, branch))
        elif event.name == "release" and event.action == "published":
            self._spawn(self._release(event.repository, event.payload["release"]["tag_name"]))

    async def _start(self, event: Event, branch: str) -> None:
        failing = self._take_failing()
        build = await self._desk.do(lambda: self._queued(event, branch, failing))
        self._later(lambda: self._in_progress(build))

    def _take_failing(self) -> frozenset[str]:
        taken = frozenset(check for check, count in self._failing.items() if count)
        self._failing = {check: count - 1 for check, count in self._failing.items() if count > 1}
        return taken

    def _queued(self, event: Event, branch: str, failing: frozenset[str]) -> Build:
        state, repository = self._desk.state, event.repository
        commit, before = event.payload["after"], event.payload["before"]
        suite = checks.suite_of(state, repository, commit, branch, ACTIONS_APP_ID, before)
        run = checks.add_workflow_run(state, repository, suite, event.sender)
        runs = [checks.add_run(state, repository, suite, {"name": name}, ACTIONS) for name in CHECKS]
        return Build(repository, branch, commit, run, runs, failing)

    async def _in_progress(self, build: Build) -> None:
        await self._desk.do(lambda: self._update(build, lambda _: {"status": "in_progress"}, "in_progress"))
        self._later(lambda: self._complete(build))

    async def _complete(self, build: Build) -> None:
        def outcome(name: str) -> dict[str, Any]:
            return {"conclusion": "failure" if name in build.failing else "success"}

        tree = await self._desk.do(lambda: self._completed(build, outcome))
        if tree and not build.failing:
            await self._publish(build.commit, build.branch, tree)

    def _completed(self, build: Build, outcome: Callable[[str], dict[str, Any]]) -> str | None:
        self._update(build, outcome, "completed")
        return image_tree(build.repository.git, build.commit)

    def _update(self, build: Build, fields: Callable[[str], dict[str, Any]], action: str) -> None:
        state = self._desk.state
        for run in build.checks:
            checks.update_run(state, build.repository, run, fields(run.name), ACTIONS)
        checks.tell_workflow(state, build.repository, action, build.run)

    async def _release(self, repository: Repository, version: str) -> None:
        def built() -> tuple[str, str | None]:
            commit = repository.git.resolve(f"refs/tags/{version}")
            return commit, image_tree(repository.git, commit)

        commit, tree = await self._desk.do(built)
        if tree:
            await self._publish_version(commit, version, tree)

    def _later(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Two steps share the delay."""
        self._clock.call_later(self._delay_seconds / 2, lambda: None if self._is_closed else self._spawn(step()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("the stand-in for Actions failed", exc_info=error)

    async def close(self) -> None:
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def image_tag(branch: str, commit: str) -> str:
    """`{branch}-{sha}`, with slashes written as dashes."""
    return f"{branch.replace('/', '-')}-{commit}"


def image_tree(git: GitStore, commit: str) -> str | None:
    """The tree of which a commit's image is made; None when it shall have no image."""
    try:
        entry = git.at(git.tree_of(commit), WORKLOAD)
    except NotFoundError:
        return None
    return None if _says_no_image(git, commit) else entry.sha


def _says_no_image(git: GitStore, commit: str) -> bool:
    try:
        return bool(constants(git.read(commit, REHEARSAL).decode()).get("NO_IMAGE"))
    except (NotFoundError, UnicodeDecodeError):
        return False
