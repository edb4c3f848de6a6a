"""Evidence of a failure, gathered while AWS still knows it, and without what must not be seen."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from controller.domain.alarms import spelled
from controller.domain.deployment import Deployment, Phase
from controller.domain.evidence import FailureEvidence, HookEvidence, Scene, redacted
from controller.domain.hooks import RunState
from controller.domain.metrics import Result
from controller.domain.ports import Cloud
from controller.domain.slot import Slot
from controller.domain.standing import declares, never_made
from controller.domain.step import StepKind
from controller.domain.undo import UndoEntry
from controller.store import Store

SHORTEST_HIDDEN = 8
"""A value of `env` that is shorter is no secret, and to hide it would tear other words apart."""

WENT_WRONG = frozenset({RunState.FAILED, RunState.STOPPED, RunState.UNKNOWN})


def gather(deployment: Deployment, cloud: Cloud, store: Store, now: datetime) -> FailureEvidence:
    assert deployment.step is not None and deployment.undo is not None, f"{deployment.id} is in a step"
    about = _about(deployment, store)
    scenes = sorted(_scenes(deployment, about), key=_innocence(deployment, about))
    told = cloud.witness.tell(scenes, _alarms(about, cloud))
    found = FailureEvidence(
        deployment=deployment.id,
        about=about.id,
        step=deployment.step.number,
        gathered_at=now,
        slots=tuple(slot for slot in told.slots if slot.says_something),
        alarms=told.alarms,
        findings=tuple(finding for finding in about.findings if finding.result is not Result.PASSED),
        hooks=tuple(_hooks(about)),
        unread_alarms=told.unread,
    )
    return redacted(found, hidden(deployment) | hidden(about))


def _innocence(deployment: Deployment, about: Deployment) -> Callable[[Scene], bool]:
    """Who is found bad comes first: it is asked about while there is time, and read before the others."""
    culprits = deployment.turning.culprits if deployment.turning else ()
    bad = {finding.service for finding in about.findings if finding.result is Result.FAILED}
    return lambda scene: scene.service not in bad.union(culprits)


def hidden(deployment: Deployment) -> frozenset[str]:
    """What its tasks know, and may have printed: the secret of the smoke test, and values of `env`."""
    services = deployment.revision.file.services.values()
    values = {value for service in services for value in service.env.values() if len(value) >= SHORTEST_HIDDEN}
    return frozenset({*values, deployment.secret.reveal()})


def _leaves(deployment: Deployment) -> bool:
    """Whether it is a rollback that has just taken the traffic from a version: that one is asked about."""
    step = deployment.step
    return deployment.phase is Phase.RUNNING and step is not None and step.kind is StepKind.EVIDENCE


def _about(deployment: Deployment, store: Store) -> Deployment:
    """Until a rollback has settled, what it leaves is on record as live."""
    if not _leaves(deployment):
        return deployment
    with store.read() as unit:
        return unit.deployments.live(deployment.environment) or deployment


def _scenes(deployment: Deployment, about: Deployment) -> Iterator[Scene]:
    assert deployment.undo is not None
    for entry in deployment.undo.entries:
        if _leaves(deployment):
            yield from _left(entry, deployment, about)
        elif deployment.began(StepKind.WARM) and deployment.rolls(entry.service):
            yield from _brought(entry, deployment)


def _left(entry: UndoEntry, deployment: Deployment, about: Deployment) -> Iterator[Scene]:
    """What a rollback leaves was live; or is idle already, where somebody had moved the traffic before."""
    name, since = entry.service, about.started_at or about.created_at
    slot = entry.sides.live if deployment.rolls(name) else entry.sides.idle
    if slot is not None and name in about.revision.file.services:
        definition = about.definitions.get(about.rolled(name).content.digest) if about.rolls(name) else None
        yield Scene(name, slot, about.is_routed(name), since, definition=definition)


def _brought(entry: UndoEntry, deployment: Deployment) -> Iterator[Scene]:
    """The new version's slot; and the old one's, which may have lost its health meanwhile."""
    name, since = entry.service, deployment.started_at or deployment.created_at
    routed, sides = deployment.is_routed(name), entry.sides
    definition = deployment.definitions.get(deployment.rolled(name).content.digest)
    yield Scene(name, sides.idle, routed, since, definition=definition)
    if sides.live is not None and routed:
        yield Scene(name, sides.live, routed, since, is_blamed=False)


def watched(deployment: Deployment, slots: Mapping[str, Slot], cloud: Cloud) -> tuple[str, ...]:
    """The names of the alarms that watch it, where its new version takes over these slots."""
    file = deployment.revision.file
    never = never_made(file, cloud.looks.foundation().stack) if declares(file) else ()
    return spelled(file.watch.alarms, deployment.environment, slots, never)


def _alarms(about: Deployment, cloud: Cloud) -> Mapping[str, datetime]:
    """The alarms that watch it, and when each had changed last as it started, by CloudWatch's own clock."""
    if about.plan is None or about.undo is None:
        return {}
    slots = {rolling.service: about.sides(rolling.service).idle for rolling in about.plan.rolling}
    names = watched(about, slots, cloud)
    return {name: about.heard.get(name) or about.started_at or about.created_at for name in names}


def _hooks(about: Deployment) -> Iterator[HookEvidence]:
    for step in about.steps:
        run = step.run
        if run is not None and run.state in WENT_WRONG and run.deployment == about.id:
            yield HookEvidence(step.title, run.text, run.exit_code, run.lines)
