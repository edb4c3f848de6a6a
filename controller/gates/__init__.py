"""May it start? Each gate answers open, held, refused or unknown, with a reason; all must be open.

Never here: I/O, the clock, a second opinion on what another gate says. To add one: a file with a `judge(case, now)` and
a docstring, a line in `BEFORE_PLAN` or `WITH_PLAN` (cheap ones first, people last), a test, a heading in docs/gates.md;
new evidence is a field of `Case` and a member of `Evidence`, fetched in `loop/gated.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.domain.snapshot import Evidence
from controller.domain.verdict import Judged, Verdict
from controller.gates import (
    alarm,
    approval,
    branch,
    checks,
    hold,
    image,
    image_scan,
    metrics,
    not_built,
    quarantine,
    soak,
    window,
)
from controller.gates.base import Case, Gate

APPROVAL = "approval"

BEFORE_PLAN: Mapping[str, Gate] = {
    "not_built": Gate(not_built.judge),
    "branch": Gate(branch.judge),
    "hold": Gate(hold.judge),
    "image": Gate(image.judge),
    "checks": Gate(checks.judge, frozenset({Evidence.CHECKS}), checks.is_asked),
    "soak": Gate(soak.judge, frozenset({Evidence.SOAK}), soak.is_asked),
    "window": Gate(window.judge, is_asked=window.is_asked),
}
WITH_PLAN: Mapping[str, Gate] = {
    "quarantine": Gate(quarantine.judge),
    "image_scan": Gate(image_scan.judge, frozenset({Evidence.SCANS}), image_scan.is_asked),
    "alarm": Gate(alarm.judge),
    "metrics": Gate(metrics.judge),
    APPROVAL: Gate(approval.judge, frozenset({Evidence.PEOPLE}), approval.is_asked),
}


@dataclass(frozen=True)
class Asked:
    """How far the gates were asked, in order: `shut` is the first that is not open; `lacks` what the picture must show
    before the next one can be asked."""

    judged: tuple[Judged, ...] = ()
    shut: Verdict | None = None
    lacks: frozenset[Evidence] = frozenset()


def sees(gates: Mapping[str, Gate], case: Case) -> frozenset[Evidence]:
    """All that those look at which either file wants."""
    return frozenset[Evidence]().union(*(gate.sees for gate in gates.values() if gate.is_asked(case)))


def ask(gates: Mapping[str, Gate], case: Case, has: frozenset[Evidence], now: datetime) -> Asked:
    """Up to the first that is not open, or that lacks evidence; `has` is what the picture shows."""
    judged: list[Judged] = []
    for name, gate in gates.items():
        if not gate.is_asked(case):
            continue
        if gate.sees - has:
            return Asked(tuple(judged), lacks=gate.sees - has)
        verdict = gate.judge(case, now)
        judged.append(Judged(name, verdict.answer, verdict.reason))
        if not verdict.is_open:
            return Asked(tuple(judged), shut=verdict)
    return Asked(tuple(judged))
