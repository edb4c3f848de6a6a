"""Dead-man's switches: while traffic is shared, AWS itself sends it home unless somebody goes on renewing that.

Each rule has a switch before the first share leaves it, renewed when half of its time is over, and gone again before
the deployment has succeeded: so no slot that a switch leads to is ever emptied.
"""

from controller.domain.actions import ArmSwitch, DisarmSwitch, SetWeights
from controller.domain.deployment import Deployment, Phase
from controller.domain.names import switch_name
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind, spoken
from controller.domain.switch import ArmedSwitch, Switch
from controller.progress.home import is_as_it_was
from controller.progress.outcomes import Ask, Done, Foreign, Need, Outcome, Stumble, Terms, Wait, counted

WHILE_IT_IS_SHARED = frozenset(
    {
        *(StepKind.SHIFT, StepKind.BAKE, StepKind.ROUTE),
        *(StepKind.VERIFY, StepKind.TEST, StepKind.SCALE, StepKind.ADJUST, StepKind.ALARMS),
    }
)


def asked_in(step: Step, deployment: Deployment) -> frozenset[Evidence]:
    """What is to be seen in this step."""
    is_shared = bool(deployment.guarded) and deployment.phase is Phase.RUNNING and step.kind in WHILE_IT_IS_SHARED
    return frozenset({Evidence.SWITCHES}) if is_shared and deployment.began(StepKind.ARM) else frozenset()


def arm(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """All of them are read back before anything rises."""
    if isinstance(snapshot.switches, Reason):
        return Wait(snapshot.switches)
    for name in step.services:
        if not step.did("ArmSwitch", name) or not _holds(name, snapshot.switches.get(name), deployment, snapshot):
            return _armed(name, deployment, snapshot)
    span = spoken(deployment.revision.file.rollback.unattended)
    return Done(f"{counted(len(step.services), 'rule')} would come home if nobody watched for {span}")


def disarm(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    if isinstance(snapshot.switches, Reason):
        return Wait(snapshot.switches)
    for name in step.services:
        if name in snapshot.switches or not step.did("DisarmSwitch", name):
            return _disarmed(name, deployment)
    return Done("nobody but Tidegate moves the traffic any more")


def still_armed(step: Step, deployment: Deployment, snapshot: Snapshot) -> Outcome | None:
    """Before a slot is emptied: whether a switch could still lead to it, from a call that came late."""
    if not deployment.began(StepKind.ARM):
        return None
    if Evidence.SWITCHES not in snapshot.has:
        return Need(snapshot.has | {Evidence.SWITCHES})
    if isinstance(snapshot.switches, Reason):
        return Wait(snapshot.switches)
    left = (name for name in step.services if name in snapshot.switches)
    return next((_disarmed(name, deployment) for name in left), None)


def renewed(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """`outcome`, unless a switch is to be renewed first; nothing rises while nobody knows whether they are armed."""
    if not asked_in(step, deployment) or not isinstance(outcome, Ask | Wait | Done):
        return outcome
    if isinstance(snapshot.switches, Reason):
        rises = isinstance(outcome, Ask) and isinstance(outcome.action, SetWeights)
        return Wait(snapshot.switches) if rises else outcome
    for name in deployment.guarded:
        if not _holds(name, snapshot.switches.get(name), deployment, snapshot):
            return _armed(name, deployment, snapshot)
    return outcome


def fired(deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """What looks like somebody else's hand was the switch's, where the traffic is home and the switch is gone."""
    if not isinstance(outcome, Foreign) or Evidence.SWITCHES not in snapshot.has:
        return outcome
    if isinstance(snapshot.switches, Reason) or deployment.undo is None:
        return outcome
    gone = (name for name in deployment.guarded if name not in snapshot.switches)
    home = [name for name in gone if is_as_it_was(snapshot.services[name], deployment.undo.of(name))]
    if not home:
        return outcome
    span = spoken(deployment.revision.file.rollback.unattended)
    text = f"nobody watched for {span}, so AWS sent the traffic of {', '.join(home)} home"
    return Stumble(Reason("switch.fired", text), quarantines=False)


def _armed(name: str, deployment: Deployment, snapshot: Snapshot) -> Ask:
    switch = _wanted(name, deployment, snapshot)
    return Ask(ArmSwitch(name, switch), f"let {name} come home by itself, unless this is renewed")


def _disarmed(name: str, deployment: Deployment) -> Ask:
    action = DisarmSwitch(name, switch_name(deployment.environment, name))
    return Ask(action, f"nobody but Tidegate is to move the traffic of {name}")


def _holds(name: str, switch: ArmedSwitch | None, deployment: Deployment, snapshot: Snapshot) -> bool:
    """Whether it will do what it is for, and not before half of its time is over."""
    if switch is None or switch.fires_at is None or not switch.does(_wanted(name, deployment, snapshot)):
        return False
    return (switch.fires_at - snapshot.taken_at) * 2 > deployment.revision.file.rollback.unattended


def _wanted(name: str, deployment: Deployment, snapshot: Snapshot) -> Switch:
    assert deployment.undo is not None, f"{deployment.id} runs, so it has an undo record"
    rule = deployment.undo.of(name).rule
    assert rule is not None, f"{name} is guarded, so it had a rule before"
    unattended = deployment.revision.file.rollback.unattended
    return Switch.of(deployment.environment, name, rule, snapshot.taken_at + unattended)
