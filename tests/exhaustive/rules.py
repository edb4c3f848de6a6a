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
    """`why` is printed with the table; `fits` takes the fault and one thing that was found. `while_held`: only where
    the story ends with a held environment."""

    why: str
    fits: Callable[[Planned, str], bool]
    while_held: bool = False


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
        "what a call leaves behind that arrives when all is over is drift, and corrected",
        _late("CreateRule", "CreateService", "UpdateService", leaves=("END corrections",)),
    ),
    Rule(
        "until it is corrected, a CreateService or UpdateService that arrives late lacks tasks",
        _late("CreateService", "UpdateService", leaves=("S5",)),
    ),
    Rule(
        "a ModifyRule that arrives late sets weights that were meant before, and weights are nobody's drift",
        _late("ModifyRule", leaves=("S4", "S5", "L1", "L2", "END rules")),
    ),
    Rule(
        "while an environment is held nothing is corrected",
        _late("CreateRule", "CreateService", "UpdateService", leaves=("L1", "END")),
        while_held=True,
    ),
    Rule(
        "a PutMetricAlarm or PutDashboard that arrives late keeps what was declared before",
        _late("PutMetricAlarm", "PutDashboard", leaves=("END alarms", "END dashboards")),
    ),
    Rule(
        "a call about scaling that arrives late sets what was meant before; the next deployment sets it anew",
        _late(
            *("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy"),
            *("PutScheduledAction", "DeleteScheduledAction"),
            leaves=("S5", "L1", "L2", "END scaling", "END services", "END groups", "END tasks"),
        ),
    ),
    Rule(
        "a plan from a first picture that is old, or lacks a service, rolls what is live already",
        lambda fault, found: (
            fault.site.kind is SiteKind.READ
            and fault.site.occurrence in {1, SECOND_PLAN.get(fault.story)}
            and fault.kind in {Kind.STALE, Kind.MISSING}
            and found.startswith(
                ("END deployments", "END told", "END rules", "END services", "END groups", "END scaling", "END alarms")
            )
        ),
    ),
    Rule(
        "a look that is old misses tasks that were added just then; the share rises onto those that it shows",
        lambda fault, found: (
            fault.story == "scaled.rolled_back"
            and fault.site.kind is SiteKind.READ
            and fault.kind is Kind.STALE
            and found.startswith(("END groups", "END services", "END tasks"))
        ),
    ),
    Rule(
        "a controller whose clock is a day late can arm no switch, so nothing of its rises, and nobody is blamed",
        lambda fault, found: (
            fault.story.startswith("guarded.")
            and fault.kind is Kind.DAY_BEHIND
            and found.startswith(("END", "L1: not at rest"))
        ),
    ),
    Rule(
        "an order to deploy is refused when GitHub refuses to tell what it names, and says so",
        lambda fault, found: (
            fault.story in {"an_older_commit", "released"} and fault.kind is Kind.DENIED and found.startswith("END")
        ),
    ),
    Rule(
        "an order to deploy is refused when GitHub shows a head that doesn't contain yet what it names, and says so",
        lambda fault, found: (
            fault.story == "released"
            and (fault.site.name, fault.kind) == ("head", Kind.STALE)
            and found.startswith("END")
        ),
    ),
    Rule(
        "an answer of somebody who isn't listed, or about a plan from a picture that lacks a service, doesn't count:"
        " it waits until people answer again, and these don't",
        lambda fault, found: (
            fault.story == "approved"
            and fault.site.name in {"collaborators", "team", "ecs.DescribeServices"}
            and fault.kind is Kind.MISSING
            and found.startswith("L1: not at rest")
        ),
    ),
)


def excused(fault: Planned, broken: list[str], is_held: bool) -> tuple[list[str], list[Rule]]:
    """What remains of `broken`, and the rules that took the rest away. `is_held`: whether the undisturbed story ends
    so."""
    used, left = [], []
    for found in broken:
        fitting = [rule for rule in RULES if rule.fits(fault, found) and (is_held or not rule.while_held)]
        used += fitting[:1]
        left += [] if fitting else [found]
    return left, used


def shown(found: str) -> str:
    """One violation on one line."""
    return re.sub(r"\s+", " ", found)[:400]
