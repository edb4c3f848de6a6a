"""What Tidegate knows of one environment, apart from its deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from controller.domain.drift import Drifted
from controller.domain.reason import Reason
from controller.domain.release import Release

REWRITTEN = "source.history_rewritten"
"""The code of the problem that the branch no longer contains what was recorded."""


class HoldUntil(StrEnum):
    PERSON = "person"
    NEXT_COMMIT = "next_commit"


@dataclass(frozen=True)
class Hold:
    """The environment waits after turning back; `deployment` is the number of the one that turned back, `commit` its
    commit. `has_failed`: there was nothing to go back to, or nothing had changed yet."""

    reason: Reason
    until: HoldUntil
    since: datetime
    deployment: int
    commit: str = ""
    has_failed: bool = False


@dataclass(frozen=True)
class Quarantine:
    """A combination of contents (service → content digest) that failed together; `deployment` says which one found
    it."""

    contents: Mapping[str, str]
    deployment: int

    def catches(self, contents: Mapping[str, str]) -> bool:
        return all(contents.get(service) == digest for service, digest in self.contents.items())


@dataclass(frozen=True)
class Environment:
    """`head_requested` counts the reasons to look at the branch's head, `head_seen` how many of them were answered:
    a request that arrives during a look is never lost.

    `recorded` is the last commit that was looked at and taken, `wanted` the last one among them that changed something
    which is deployed; `live` the number of the deployment that settled last;
    `problem` is what keeps the newest commit from being recorded (a broken file, an unreadable repository), `trouble`
    what kept the last pass from looking or acting (AWS throttles, denies, can't be reached); `drift` where AWS is not
    as the file of what is live declares.

    `release` is what `recorded` was published as, where the environment is on releases. `sight` stands for the branch
    and the releases as the last look saw them, empty when it could take nothing; None: every push counts. `remark` is
    what a person may want to know of the releases, and is nobody's mistake.
    """

    name: str
    live: int | None = None
    live_since: datetime | None = None
    recorded: str | None = None
    wanted: str | None = None
    hold: Hold | None = None
    quarantines: tuple[Quarantine, ...] = field(default=())
    problem: Reason | None = None
    trouble: Reason | None = None
    head_requested: int = 0
    head_seen: int = 0
    version: int = 0
    drift: Drifted = field(default_factory=Drifted)
    release: Release | None = None
    sight: str | None = None
    remark: Reason | None = None

    @property
    def is_rewritten(self) -> bool:
        """The branch no longer contains what was recorded."""
        return self.problem is not None and self.problem.code == REWRITTEN

    @property
    def follows_releases(self) -> bool:
        """The file at the branch's head said so when it was read last."""
        return self.sight is not None

    def unseen(self) -> "Environment":
        """The last look took nothing: what it saw doesn't count as seen, so that the sweep asks for another one."""
        return replace(self, sight="") if self.follows_releases else self

    @property
    def must_look(self) -> bool:
        return self.head_requested > self.head_seen
