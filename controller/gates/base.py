"""What a gate is, and what it may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.alarms import Alarms
from controller.domain.bindings import Binding
from controller.domain.commit_checks import CommitCheck
from controller.domain.deployment import Deployment, Plan
from controller.domain.electorate import UNSEEN, Electorate, Requirement, requirements
from controller.domain.environment import Environment
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.scans import Scan
from controller.domain.snapshot import Evidence, Resolved
from controller.domain.soak import Soaked
from controller.domain.verdict import Verdict


@dataclass(frozen=True)
class Case:
    """All that a gate may look at. `live` is the file of the revision that is live now; `plan` is None before
    sealing; `alarms` are those that will watch; `unreadable`: why the metrics that will judge can't be read, if so.
    `checks`, `scans` (by image), `soaked` (by environment) and `electorate` are as in the snapshot."""

    deployment: Deployment
    environment: Environment
    binding: Binding
    live: EnvironmentFile | None
    resolved: Resolved
    plan: Plan | None = None
    alarms: Alarms = field(default_factory=dict)
    unreadable: str = ""
    checks: tuple[CommitCheck, ...] | Reason = ()
    scans: Mapping[str, Scan | Reason] = field(default_factory=dict)
    soaked: Mapping[str, Soaked] = field(default_factory=dict)
    electorate: Electorate | Reason = UNSEEN

    @property
    def approvals(self) -> tuple[Requirement, ...]:
        """What is asked of people: by the files, and by the operator whatever they say."""
        return requirements(self.files, self.binding.minimum)

    @property
    def files(self) -> tuple[EnvironmentFile, ...]:
        """The new file, and the live one: whoever changes a gate passes the old one too."""
        new = self.deployment.revision.file
        return (new,) if self.live is None else (new, self.live)

    @property
    def is_new(self) -> bool:
        """A restart of what is live brings nothing that was not judged when it came."""
        return not self.deployment.restarts_what_is_live


Judge = Callable[[Case, datetime], Verdict]


def always(case: Case) -> bool:
    return True


@dataclass(frozen=True)
class Gate:
    """`sees` is what must be in the picture before it can judge; `is_asked`: whether either file wants it at all."""

    judge: Judge
    sees: frozenset[Evidence] = frozenset()
    is_asked: Callable[[Case], bool] = always
