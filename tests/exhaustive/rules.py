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


def _late(*operations: str, leaves: tuple[str, ...]) -> Callable[[Planned, str], bool]:
    """One of these calls was on its way while its caller lost the lease: AWS cannot refuse it."""

    def fits(fault: Planned, found: str) -> bool:
        is_late = fault.site.kind is SiteKind.CHANGE and fault.kind in SLEEPS
        return is_late and fault.site.name.rpartition(".")[2] in operations and found.startswith(leaves)

    return fits


SECOND_PLAN = {"renamed_back": 13}
"""At which look a story draws its second plan."""

RULES: tuple[Rule, ...] = (
    Rule(
        "a RegisterTaskDefinition that arrives late makes one revision more, which nothing ever runs",
        _late("RegisterTaskDefinition", leaves=("END definitions",)),
    ),
    Rule(
        "a CreateRule that arrives when all is over leaves a test rule, which the next deployment closes",
        _late("CreateRule", leaves=("L1: 1 test rules", "END rules")),
    ),
    Rule(
        "a ModifyRule that arrives late sets weights that were meant before",
        _late("ModifyRule", leaves=("S4", "S5", "L1", "END rules")),
    ),
    Rule(
        "a CreateService or UpdateService that arrives late sets a count that was meant before",
        _late("CreateService", "UpdateService", leaves=("S5", "L1", "END services", "END tasks", "END groups")),
    ),
    Rule(
        "a plan from a first picture that is old, or lacks a service, rolls what is live already",
        lambda fault, found: (
            fault.site.kind is SiteKind.READ
            and fault.site.occurrence in {1, SECOND_PLAN.get(fault.story)}
            and fault.kind in {Kind.STALE, Kind.MISSING}
            and found.startswith(("END deployments", "END told", "END rules", "END services", "END groups"))
        ),
    ),
    Rule(
        "an order to deploy is refused when GitHub refuses to tell what it names, and says so",
        lambda fault, found: fault.story == "an_older_commit" and fault.kind is Kind.DENIED and found.startswith("END"),
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
