"""Whether somebody must be called about an environment now. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.canonical import digest
from controller.domain.deployment import Deployment
from controller.domain.environment import Environment


class Severity(StrEnum):
    CRITICAL = "critical"  # nothing goes on by itself, and what users meet is not what anybody wanted
    ERROR = "error"  # it went home by itself, and the environment is held
    WARNING = "warning"  # a person is waited for, as the file has it


@dataclass(frozen=True)
class Alert:
    """`name` stands for the environment among all that are told; `link` leads to its deployment, or is empty."""

    name: str
    environment: str
    severity: Severity
    summary: str
    link: str

    @property
    def mark(self) -> str:
        """Equal for what reads the same."""
        return digest({"severity": str(self.severity), "summary": self.summary, "link": self.link})


def alert(name: str, environment: Environment, open_ones: Iterable[Deployment], public: str) -> Alert | None:
    """The worst that is so now; None when nobody is needed. `public` is the pages' address without a slash at its end,
    or empty."""
    for deployment in open_ones:
        if deployment.needs_a_person:
            is_asked = deployment.is_to_be_confirmed
            severity = Severity.WARNING if is_asked else Severity.CRITICAL
            what = "is to be confirmed" if is_asked else "needs a person"
            summary = f"{deployment.id} {what}: {deployment.why.text}"
            return Alert(name, environment.name, severity, summary, _link(deployment.id, public))
    hold = environment.hold
    if hold is None:
        return None
    severity = Severity.CRITICAL if hold.has_failed else Severity.ERROR
    summary = f"{environment.name} is held: {hold.reason.text}"
    return Alert(name, environment.name, severity, summary, _link(f"{environment.name}-{hold.deployment}", public))


def _link(deployment: str, public: str) -> str:
    return f"{public}/deployments/{deployment}" if public else ""
