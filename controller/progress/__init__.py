"""What one step asks for next: one function for each kind of step, in the file named for what it moves. Pure.

It compares the picture of one pass with what the step wants and answers with at most one action. It asks for the same
action until the picture shows it done, so a crash, a lost write or a lost reply needs no code of its own. To add a kind
of step: a member of `StepKind`, a function here, and its lines in the three tables below.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from controller.domain.deployment import Deployment
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind
from controller.progress import checks, counts, home, prune, retire, traffic, warm
from controller.progress.outcomes import Need, Outcome, Terms

EVIDENCE: Mapping[StepKind, frozenset[Evidence]] = {
    StepKind.REGISTER: frozenset({Evidence.DEFINITIONS}),
    StepKind.WARM: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.SMOKE: frozenset({Evidence.SMOKE}),
    StepKind.SHIFT: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.SHRINK: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.BAKE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.ROUTE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.VERIFY: frozenset({Evidence.VERIFY}),
    StepKind.ADJUST: frozenset({Evidence.SERVICES}),
    StepKind.SETTLE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.RETIRE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.HOME: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.REGROW: frozenset({Evidence.SERVICES}),
    StepKind.UNROUTE: frozenset({Evidence.SERVICES}),
    StepKind.DRAIN: frozenset({Evidence.SERVICES}),
    StepKind.DELETE: frozenset({Evidence.SERVICES}),
}
"""What each kind of step always looks at; a function below may ask for more."""

DEADLINES: Mapping[StepKind, timedelta] = {
    StepKind.REGISTER: timedelta(minutes=5),
    StepKind.WARM: timedelta(minutes=20),
    StepKind.SMOKE: timedelta(minutes=5),
    StepKind.SHIFT: timedelta(minutes=10),
    StepKind.SHRINK: timedelta(minutes=10),
    StepKind.ROUTE: timedelta(minutes=5),
    StepKind.VERIFY: timedelta(minutes=5),
    StepKind.ADJUST: timedelta(minutes=10),
}
"""How long a step may take before it has failed. What isn't named here waits as long as it must."""

UNSTOPPABLE = frozenset({StepKind.HOME, StepKind.REGROW, StepKind.RETIRE})
"""On the way home, and after success: nothing turns back from these, they go on until they are done."""

FREE_WHILE_PAUSED = frozenset({StepKind.REGISTER, StepKind.WARM, StepKind.SMOKE}) | UNSTOPPABLE
"""What a pause doesn't stop: it moves no traffic."""


def look(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """What `step`, the deployment's present one, asks for in this picture."""
    lacking = EVIDENCE[step.kind] - snapshot.has
    if lacking:
        return Need(EVIDENCE[step.kind])
    return _LOOKS[step.kind](step, deployment, snapshot, terms)


_LOOKS: Mapping[StepKind, Callable[[Step, Deployment, Snapshot, Terms], Outcome]] = {
    StepKind.REGISTER: warm.register,
    StepKind.WARM: warm.warm,
    StepKind.SMOKE: checks.smoke,
    StepKind.SHIFT: traffic.shift,
    StepKind.SHRINK: counts.shrink,
    StepKind.BAKE: traffic.bake,
    StepKind.ROUTE: traffic.route,
    StepKind.VERIFY: checks.verify,
    StepKind.ADJUST: counts.adjust,
    StepKind.SETTLE: traffic.settle,
    StepKind.RETIRE: retire.retire,
    StepKind.HOME: home.home,
    StepKind.REGROW: counts.regrow,
    StepKind.UNROUTE: prune.unroute,
    StepKind.DRAIN: prune.drain,
    StepKind.DELETE: prune.delete,
}
