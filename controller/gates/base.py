"""What a gate is asked, and what it may answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.domain.alarms import Alarms
from controller.domain.bindings import Binding
from controller.domain.deployment import Deployment, Plan
from controller.domain.environment import Environment
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.snapshot import Resolved


class Answer(StrEnum):
    OPEN = "open"
    HELD = "held"  # not yet; somebody or something can clear it
    REFUSED = "refused"  # no, finally
    UNKNOWN = "unknown"  # it could not be found out; never the same as open


@dataclass(frozen=True)
class Verdict:
    answer: Answer
    reason: Reason

    @property
    def is_open(self) -> bool:
        return self.answer is Answer.OPEN


@dataclass(frozen=True)
class Case:
    """All that a gate may look at. `live` is the file of the revision that is live now; `plan` is None before
    sealing; `alarms` are those that will watch; `unreadable`: why the metrics that will judge can't be read, if so."""

    deployment: Deployment
    environment: Environment
    binding: Binding
    live: EnvironmentFile | None
    resolved: Resolved
    plan: Plan | None = None
    alarms: Alarms = field(default_factory=dict)
    unreadable: str = ""


Gate = Callable[[Case, datetime], Verdict]


def opened(code: str, text: str) -> Verdict:
    return Verdict(Answer.OPEN, Reason(code, text))


def held(code: str, text: str) -> Verdict:
    return Verdict(Answer.HELD, Reason(code, text))
