"""What GitHub's checks say of one commit. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"  # it runs, waits, or is stale


@dataclass(frozen=True)
class CommitCheck:
    """One check run, or one commit status, as it is now. `said` is GitHub's own word for it, as `timed_out`."""

    name: str
    state: CheckState
    said: str
    url: str = ""


@dataclass(frozen=True)
class CheckList:
    """What of the `required` names stands in the way; each list in the order in which they are required. Two checks may
    have one name, of two apps: both count."""

    failed: tuple[CommitCheck, ...]
    pending: tuple[CommitCheck, ...]
    missing: tuple[str, ...]


def lacking(required: Collection[str], found: Sequence[CommitCheck]) -> CheckList:
    """
    >>> lacking(["test", "scan"], [CommitCheck("test", CheckState.FAILED, "failure")])
    CheckList(failed=(CommitCheck(name='test', state=<CheckState.FAILED: 'failed'>, said='failure', url=''),), \
pending=(), missing=('scan',))
    """
    named = [check for name in required for check in found if check.name == name]
    return CheckList(
        failed=tuple(check for check in named if check.state is CheckState.FAILED),
        pending=tuple(check for check in named if check.state is CheckState.PENDING),
        missing=tuple(name for name in required if all(check.name != name for check in found)),
    )
