"""Hooks: commands that a deployment runs once, each as a task of its own beside the slots."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.canonical import digest
from controller.domain.manifest import EnvironmentFile

LONGEST = 80
"""Characters of a command that a sentence repeats."""


@dataclass(frozen=True)
class Hook:
    """What is to run. `compatible`: the version before works with what it leaves behind."""

    command: tuple[str, ...]
    timeout: timedelta
    compatible: bool = True

    @property
    def told(self) -> str:
        """The command as people read it, or its beginning."""
        line = " ".join(self.command)
        return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"

    def canonical(self) -> list[object]:
        """Plain data, for the plan's digest."""
        return [list(self.command), int(self.timeout.total_seconds()), self.compatible]


class RunState(StrEnum):
    STARTED = "started"  # it was asked for; whether it has begun may not be known yet
    SUCCEEDED = "succeeded"  # it ended, and every container with exit code 0
    FAILED = "failed"  # it ended otherwise, or could not begin
    STOPPED = "stopped"  # Tidegate stopped it: it may have done a part
    UNKNOWN = "unknown"  # nobody can tell any more: it may have run


@dataclass(frozen=True)
class Run:
    """One time that a hook's command was run, or asked for.

    `deployment` and `number` are those of whoever asked, `image` is a platform digest. AWS knows it by `token`, the
    same for every attempt. `asked_at` is by the wall clock; `since` and `seen` are how long its step had been observed
    when it was asked for, and when AWS showed it last. `started_at` and `finished_at` are AWS's. `exit_code` is the
    first that isn't 0, None where a container never ran. `lines` are the last ones of the log of a task that failed.
    `counts`: it is held against the content. `crosses`: the version to go home to was live before it ran.
    """

    token: str
    environment: str
    deployment: str
    number: int
    service: str
    image: str
    command: tuple[str, ...]
    compatible: bool
    asked_at: datetime
    since: timedelta = field(default=timedelta(0))
    seen: timedelta = field(default=timedelta(0))
    task: str | None = None
    state: RunState = RunState.STARTED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    text: str = ""
    lines: tuple[str, ...] = ()
    counts: bool = True
    crosses: bool = True

    @property
    def is_open(self) -> bool:
        """Nobody knows yet what becomes of it."""
        return self.state is RunState.STARTED

    @property
    def may_have_run(self) -> bool:
        return self.state is not RunState.FAILED or self.started_at is not None

    @property
    def is_one_way(self) -> bool:
        """The version to go home to does not work with what it left behind, or may have."""
        return not self.compatible and self.crosses and self.may_have_run

    @property
    def told(self) -> str:
        """When it ran, and with which result: `before of backend ran in dev-2 on 2026-11-21 12:00 UTC: exit code 0`."""
        return f"`before` of {self.service} {self.did}"

    @property
    def did(self) -> str:
        """The same beneath its own name: `ran in dev-2 on 2026-11-21 12:00 UTC: exit code 0`."""
        when = f"{self.started_at or self.asked_at:%Y-%m-%d %H:%M} UTC"
        result = self.text or _WITHOUT_RESULT[self.state]
        bound = "" if self.compatible else "; versions from before don't work with it"
        return f"ran in {self.deployment} on {when}: {result}{bound}"


_WITHOUT_RESULT = {
    RunState.STARTED: "it has not ended yet",
    RunState.SUCCEEDED: "it succeeded",
    RunState.FAILED: "it failed",
    RunState.STOPPED: "it was stopped, and may have done a part",
    RunState.UNKNOWN: "nobody can tell how it ended",
}


def token_of(deployment: str, plan: str, step: int, service: str) -> str:
    """What one run is known by: 32 hex digits, the same for every attempt at it, and for nothing else."""
    return digest({"deployment": deployment, "plan": plan, "step": step, "service": service}).rpartition(":")[2][:32]


def unrun(file: EnvironmentFile, live: EnvironmentFile | None, rolling: Collection[str]) -> tuple[str, ...]:
    """The services whose `before` has another command than in the file that is live, and which don't roll: then nobody
    runs it."""
    if live is None:
        return ()
    known = {name: service.before.command for name, service in live.services.items() if service.before}
    wanted = {name: service.before.command for name, service in file.services.items() if service.before}
    return tuple(name for name in wanted if name not in rolling and wanted[name] != known.get(name))


def until_rolled(services: Collection[str]) -> str:
    """What a sentence goes on with, of services whose `before` is new and was not run; nothing where there are none.

    >>> until_rolled(["backend"]), until_rolled([])
    ('; the new `before` of backend is not run, because nothing of backend rolls yet', '')
    """
    names = ", ".join(services)
    told = f"the new `before` of {names} is not run, because nothing of {names} rolls yet"
    return f"; {told}" if services else ""
