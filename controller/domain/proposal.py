"""Pull requests: what merging one would do, and what was last said about that.

Of what nobody has merged only this comes: words. Nothing is deployed from it, and AWS is asked nothing because of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.costs import CostChange
from controller.domain.counting import counted
from controller.domain.manifest import Problem
from controller.domain.reason import Reason
from controller.domain.revision import Commit
from controller.domain.step import spoken


@dataclass(frozen=True)
class Pull:
    """A pull request as it is now, whichever repository it comes from. `head` is a sha, `base` a branch.
    `merge` is the commit that GitHub has made of both to try it, None where there is none, or not of these two;
    `is_unsure`: there may be one in a moment."""

    repository: str
    number: int
    head: str
    base: str
    is_open: bool = True
    merge: Commit | None = None
    is_unsure: bool = False

    @property
    def readable(self) -> str:
        """The sha at which its files are read: as they would be after merging, where that is known."""
        return self.merge.sha if self.merge else self.head


@dataclass(frozen=True)
class Written:
    """Something that was written on GitHub: its number there, and the digest of what it says."""

    id: int
    digest: str


@dataclass(frozen=True)
class Proposal:
    """What is known of a pull request, and what was written about it.

    `asked` counts the reasons to look at it: one that comes during a look is never lost. `basis` is what the last look
    went by; the same basis, the same words. `check` is of the commit `checked`.
    """

    repository: str
    number: int
    base: str
    head: str = ""
    is_open: bool = True
    asked: int = 0
    attempts: int = 0
    basis: str = ""
    comment: Written | None = None
    check: Written | None = None
    checked: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """Something about a line of an environment's file; `line` counts from 1. Only an error keeps it from deploying."""

    path: str
    line: int
    text: str
    is_error: bool = True


def found(problem: object, path: str) -> Finding:
    """Of one of the problems of a `Rejected` file."""
    if isinstance(problem, Problem):
        key = f"{problem.key}: " if problem.key else ""
        text = f"{key}found {problem.found}; wanted {problem.wanted}"
        return Finding(problem.file, max(1, problem.line), text)
    return Finding(path, 1, str(problem))


@dataclass(frozen=True)
class Change:
    """One field, as its key is written in the file, or that of a service: what is live now, what would be."""

    key: str
    old: str
    new: str


@dataclass(frozen=True)
class ImageChange:
    """`now` is the digest that runs, empty for a new service; `then` says where the next one comes from."""

    service: str
    now: str
    then: str


@dataclass(frozen=True)
class Asked:
    """A gate that would be asked, in words; `by` whom it is wanted."""

    gate: str
    text: str
    by: str


@dataclass(frozen=True)
class Expected:
    """How long it would take: `bakes` by the file, `work` the median of what the last `samples` deployments took
    besides; None where none has."""

    bakes: timedelta
    work: timedelta | None = None
    samples: int = 0

    @property
    def told(self) -> str:
        if self.work is None:
            return f"bakes of {spoken(self.bakes)}, and the work between them, of which nothing is known yet"
        work = spoken(timedelta(seconds=round(self.work.total_seconds())))
        times = "last deployment" if self.samples == 1 else f"last {counted(self.samples, 'deployment')}"
        return f"bakes of {spoken(self.bakes)}, and about {work} of work, the median of the {times} there"


@dataclass(frozen=True)
class Forecast:
    """What merging would do in one environment. `note` says why there are no steps, or fewer. `rolls` tells of each
    service what becomes of it. `live` is the deployment whose version is live and what it is called."""

    environment: str
    live: str = ""
    errors: tuple[Finding, ...] = ()
    rolls: Mapping[str, str] = field(default_factory=dict)
    images: tuple[ImageChange, ...] = ()
    changes: tuple[Change, ...] = ()
    steps: tuple[str, ...] = ()
    gates: tuple[Asked, ...] = ()
    expected: Expected | None = None
    cost: CostChange | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opinion:
    """All that is said about a pull request. `unread` is why nothing more could be said. `link` leads to the
    dashboard, empty where nobody knows."""

    pull: Pull
    forecasts: tuple[Forecast, ...] = ()
    findings: tuple[Finding, ...] = ()
    link: str = ""
    unread: Reason | None = None

    @property
    def has_errors(self) -> bool:
        return any(finding.is_error for finding in self.findings)
