"""Dead-man's switches: while traffic is shared, AWS itself sends it home unless somebody goes on renewing that.

Each rule has a switch before the first share leaves it, renewed when half of its time is over, and gone again before
the deployment has succeeded: so no slot that a switch leads to is ever emptied.
"""

from controller.domain.actions import ArmSwitch, DisarmSwitch, SetWeights
from controller.domain.counting import counted
from controller.domain.deployment import Deployment, Phase
from controller.domain.names import switch_name
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind, spoken
from controller.domain.switch import ArmedSwitch, Switch
from controller.progress.home import is_as_it_was
from controller.progress.outcomes import Ask, Done, Foreign, Need, Outcome, Stumble, Terms, Wait
from controller.progress.traffic import ailment

FIRED = "switch.fired"
ENDS = frozenset({StepKind.ARM, StepKind.SETTLE})
"""Between these two every switch is looked at and renewed, whatever the steps are."""


def asked_in(step: Step, deployment: Deployment) -> frozenset[Evidence]:
    """What is to be seen in this step: the switches, and whether one of them has sent traffic home."""
    is_armed = bool(deployment.guarded) and deployment.began(StepKind.ARM) and step.kind not in ENDS
    if not is_armed or deployment.phase is not Phase.RUNNING:
        return frozenset()
    return frozenset({Evidence.SWITCHES, Evidence.SERVICES, Evidence.TARGETS})


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
    """Until the last one is gone the traffic is watched as in a bake; on the way home it is there already."""
    ill = ailment(step, deployment, snapshot) if deployment.phase is Phase.RUNNING else None
    if ill:
        return ill
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


def held_back(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """`outcome`, but nothing rises while nobody knows whether the switches are armed."""
    rises = isinstance(outcome, Ask) and isinstance(outcome.action, SetWeights)
    if rises and asked_in(step, deployment) and isinstance(snapshot.switches, Reason):
        return Wait(snapshot.switches)
    return outcome


def due(step: Step, deployment: Deployment, snapshot: Snapshot) -> Ask | None:
    """The renewal that this look asks for, whatever else comes of it. One that has fired is not made anew; in `disarm`
    none is that is gone, or was asked to go."""
    wanted = asked_in(step, deployment)
    if not wanted or wanted - snapshot.has or isinstance(snapshot.switches, Reason):
        return None
    for name in deployment.guarded:
        switch = snapshot.switches.get(name)
        leaves = step.kind is StepKind.DISARM and (switch is None or step.did("DisarmSwitch", name))
        if leaves or _has_fired(name, step, deployment, snapshot):
            continue
        if not _holds(name, switch, deployment, snapshot):
            return _armed(name, deployment, snapshot)
    return None


def fired(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """`outcome`, unless a switch has sent traffic home, which looks like somebody else's hand, or like nothing at all
    to a step that doesn't look at it. What is certain of the version itself goes first."""
    wanted = asked_in(step, deployment)
    if not wanted or wanted - snapshot.has or not isinstance(outcome, Ask | Wait | Done | Foreign):
        return outcome
    home = [name for name in deployment.guarded if _has_fired(name, step, deployment, snapshot)]
    if not home:
        return outcome
    span = spoken(deployment.revision.file.rollback.unattended)
    text = f"nobody watched for {span}, so AWS sent the traffic of {', '.join(home)} home"
    return Stumble(Reason(FIRED, text), quarantines=False)


def _has_fired(name: str, step: Step, deployment: Deployment, snapshot: Snapshot) -> bool:
    """Its traffic had left by an earlier step, and is home; and the switch is gone, which this step has not removed."""
    if step.kind is StepKind.DISARM and step.did("DisarmSwitch", name):
        return False
    if isinstance(snapshot.switches, Reason) or name in snapshot.switches or not deployment.percent_before(step):
        return False
    return deployment.undo is not None and is_as_it_was(snapshot.services[name], deployment.undo.of(name))


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
