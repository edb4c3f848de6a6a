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
from controller.progress import (
    checks,
    counts,
    home,
    hooks,
    mend,
    prune,
    retire,
    scaling,
    standing,
    strength,
    switches,
    traffic,
    warm,
    watch,
    witness,
)
from controller.progress.outcomes import Need, Outcome, Terms

EVIDENCE: Mapping[StepKind, frozenset[Evidence]] = {
    StepKind.REGISTER: frozenset({Evidence.DEFINITIONS}),
    StepKind.BEFORE: frozenset({Evidence.HOOK}),
    StepKind.WARM: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.SMOKE: frozenset({Evidence.SMOKE}),
    StepKind.SUSPEND: frozenset({Evidence.SERVICES, Evidence.SCALING}),
    StepKind.ARM: frozenset({Evidence.SWITCHES}),
    StepKind.SHIFT: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.SHRINK: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.BAKE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.CONFIRM: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.ROUTE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.VERIFY: frozenset({Evidence.VERIFY}),
    StepKind.TEST: frozenset({Evidence.HOOK}),
    StepKind.SCALE: frozenset({Evidence.SERVICES, Evidence.SCALING}),
    StepKind.ADJUST: frozenset({Evidence.SERVICES}),
    StepKind.ALARMS: frozenset({Evidence.SERVICES, Evidence.STANDING}),
    StepKind.MEND: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.DISARM: frozenset({Evidence.SWITCHES}),
    StepKind.SETTLE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.RETIRE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.HOME: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.RESCALE: frozenset({Evidence.SERVICES, Evidence.SCALING}),
    StepKind.STOP: frozenset({Evidence.HOOK}),
    StepKind.EVIDENCE: frozenset({Evidence.FORENSICS}),
    StepKind.REGROW: frozenset({Evidence.SERVICES}),
    StepKind.UNROUTE: frozenset({Evidence.SERVICES}),
    StepKind.DRAIN: frozenset({Evidence.SERVICES}),
    StepKind.DELETE: frozenset({Evidence.SERVICES}),
}
"""What each kind of step always looks at; a function below may ask for more, and so does what watches."""

DEADLINES: Mapping[StepKind, timedelta] = {
    StepKind.REGISTER: timedelta(minutes=5),
    StepKind.WARM: timedelta(minutes=20),
    StepKind.SMOKE: timedelta(minutes=5),
    StepKind.SUSPEND: timedelta(minutes=10),
    StepKind.ARM: timedelta(minutes=5),
    StepKind.SHIFT: timedelta(minutes=10),
    StepKind.SHRINK: timedelta(minutes=10),
    StepKind.ROUTE: timedelta(minutes=5),
    StepKind.VERIFY: timedelta(minutes=5),
    StepKind.SCALE: timedelta(minutes=10),
    StepKind.ADJUST: timedelta(minutes=10),
    StepKind.MEND: timedelta(minutes=5),
}
"""How long a step may take before it has failed. What isn't named here waits as long as it must."""

BLAMELESS = frozenset({StepKind.SUSPEND, StepKind.ARM, StepKind.SCALE, StepKind.MEND})
"""When these take too long, it is not the new version's doing: it is not quarantined."""

UNSTOPPABLE = frozenset(
    {
        *(StepKind.HOME, StepKind.RESCALE, StepKind.STOP, StepKind.EVIDENCE),
        *(StepKind.REGROW, StepKind.RETIRE),
    }
)
"""On the way home, and after success: nothing turns back from these, they go on until they are done."""

PATIENT = frozenset({StepKind.ALARMS, StepKind.DISARM})
"""What an operator's mistake, as a missing right, does not fail: no traffic goes home for it."""

FREE_WHILE_PAUSED = (
    UNSTOPPABLE
    | PATIENT
    | {
        *(StepKind.REGISTER, StepKind.WARM, StepKind.SMOKE),
        *(StepKind.SUSPEND, StepKind.ARM, StepKind.SCALE),
    }
)
"""What a pause doesn't stop: it moves no traffic."""

HOOKS = frozenset({StepKind.BEFORE, StepKind.TEST})
"""What a pause keeps from beginning, and lets end: a command that runs can't be held."""


def evidence(step: Step, deployment: Deployment) -> frozenset[Evidence]:
    """Without which this step can't be looked at."""
    watched = switches.asked_in(step, deployment) | watch.asked_in(step, deployment)
    return EVIDENCE[step.kind] | watched | strength.asked_in(deployment)


def look(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """What `step`, the deployment's present one, asks for in this picture."""
    wanted = evidence(step, deployment)
    if wanted - snapshot.has:
        return Need(wanted)
    if Evidence.HOOK in wanted and not hooks.is_about(step, deployment, snapshot.hook):
        return Need(wanted)
    return _LOOKS[step.kind](step, deployment, snapshot, terms)


_LOOKS: Mapping[StepKind, Callable[[Step, Deployment, Snapshot, Terms], Outcome]] = {
    StepKind.REGISTER: warm.register,
    StepKind.BEFORE: hooks.before,
    StepKind.WARM: warm.warm,
    StepKind.SMOKE: checks.smoke,
    StepKind.SUSPEND: scaling.suspend,
    StepKind.ARM: switches.arm,
    StepKind.SHIFT: traffic.shift,
    StepKind.SHRINK: counts.shrink,
    StepKind.BAKE: traffic.bake,
    StepKind.CONFIRM: traffic.confirm,
    StepKind.ROUTE: traffic.route,
    StepKind.VERIFY: checks.verify,
    StepKind.TEST: hooks.test,
    StepKind.SCALE: scaling.scale,
    StepKind.ADJUST: counts.adjust,
    StepKind.ALARMS: standing.alarms,
    StepKind.MEND: mend.mend,
    StepKind.DISARM: switches.disarm,
    StepKind.SETTLE: traffic.settle,
    StepKind.RETIRE: retire.retire,
    StepKind.HOME: home.home,
    StepKind.RESCALE: scaling.rescale,
    StepKind.STOP: hooks.stop,
    StepKind.EVIDENCE: witness.gather,
    StepKind.REGROW: counts.regrow,
    StepKind.UNROUTE: prune.unroute,
    StepKind.DRAIN: prune.drain,
    StepKind.DELETE: prune.delete,
}
