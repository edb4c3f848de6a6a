"""Where a disturbed story may end otherwise than the undisturbed one: which fault, which difference, and why.

Each rule is narrow on purpose. A difference that no rule names is a violation.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.exhaustive.faults import Kind
from tests.exhaustive.planning import Planned
from tests.support.sites import SiteKind

SLEEPS = frozenset({Kind.ASLEEP, Kind.ASLEEP_LONG})


@dataclass(frozen=True)
class Rule:
    """`why` is printed with the table; `fits` takes the fault and one thing that was found."""

    why: str
    fits: Callable[[Planned, str], bool]


def _is_late(fault: Planned, operation: str) -> bool:
    """A call that was on its way while its caller lost the lease: AWS cannot refuse it."""
    return fault.site.kind is SiteKind.CHANGE and fault.kind in SLEEPS and fault.site.name.endswith(operation)


RULES: tuple[Rule, ...] = (
    Rule(
        "a RegisterTaskDefinition that arrives late makes one revision more, which nothing ever runs",
        lambda fault, found: _is_late(fault, ".RegisterTaskDefinition") and found.startswith("END definitions"),
    ),
)


def excused(fault: Planned, broken: list[str]) -> tuple[list[str], list[Rule]]:
    """What remains of `broken`, and the rules that took the rest away."""
    used, left = [], []
    for found in broken:
        fitting = [rule for rule in RULES if rule.fits(fault, found)]
        used += fitting[:1]
        left += [] if fitting else [found]
    return left, used


def shown(found: str) -> str:
    """One violation on one line."""
    return re.sub(r"\s+", " ", found)[:400]
