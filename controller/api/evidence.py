"""What was known of a failure, as the API answers it, and a deployment with all of that."""

from pydantic import Field

from controller.api.models import Answer, DeploymentAnswer, ExplanationAnswer, FindingAnswer, Time
from controller.api.shapes import deployment_answer, explanation_answer, finding_answer
from controller.domain.alarms import AlarmState
from controller.domain.contents import Contents, brings_commits
from controller.domain.deployment import Deployment
from controller.domain.evidence import AlarmEvidence, FailureEvidence, SlotEvidence, StoppedTasks
from controller.domain.explaining import explain_deployment
from controller.domain.overview import Overview
from controller.domain.slot import Slot


class ContainerEndAnswer(Answer):
    name: str
    exit_code: int | None = Field(description="Null: it never ran.")
    reason: str


class StoppedTasksAnswer(Answer):
    times: int = Field(description="So many tasks stopped alike; all else is of the newest of them.")
    task: str
    stopped_at: Time | None
    stop_code: str
    reason: str
    containers: tuple[ContainerEndAnswer, ...]
    is_out_of_memory: bool
    explanation: str
    counts: bool = Field(description="It is held against the version.")
    lines: tuple[str, ...] = Field(description="The last ones of its log.")
    text: str


class TargetAnswer(Answer):
    address: str
    state: str
    code: str
    text: str


class ServiceEventAnswer(Answer):
    at: Time = Field(description="The last time.")
    text: str
    times: int


class SlotEvidenceAnswer(Answer):
    service: str
    slot: Slot
    is_blamed: bool = Field(description="The version that went wrong ran in it.")
    stopped: tuple[StoppedTasksAnswer, ...]
    targets: tuple[TargetAnswer, ...]
    events: tuple[ServiceEventAnswer, ...]
    lines: tuple[str, ...] = Field(description="The last ones of the log of a task that still ran.")


class AlarmChangeAnswer(Answer):
    at: Time
    state: AlarmState
    reason: str


class AlarmEvidenceAnswer(Answer):
    name: str
    changes: tuple[AlarmChangeAnswer, ...] = Field(description="While the version was watched, oldest first.")
    threshold: float | None
    datapoints: tuple[float, ...] = Field(description="With which it rang last.")


class CommandEvidenceAnswer(Answer):
    title: str
    text: str
    exit_code: int | None
    lines: tuple[str, ...]


class EvidenceAnswer(Answer):
    """Written down before AWS forgot it."""

    deployment: str = Field(description="Which one wrote it down.")
    about: str = Field(description="Whose version went wrong: the same, or what a rollback left.")
    step: int
    gathered_at: Time
    slots: tuple[SlotEvidenceAnswer, ...]
    alarms: tuple[AlarmEvidenceAnswer, ...]
    findings: tuple[FindingAnswer, ...]
    commands: tuple[CommandEvidenceAnswer, ...]
    unread: tuple[str, ...] = Field(description="What could not be read, and why.")


class DeploymentInFull(DeploymentAnswer):
    explanation: ExplanationAnswer
    brings: str | None = Field(description="What it brings, in a sentence; its `contents` list it.")
    evidence: tuple[EvidenceAnswer, ...] = Field(description="Gathered by it, or about it; oldest first.")


def deployment_in_full(
    deployment: Deployment, overview: Overview, contents: Contents | None = None
) -> DeploymentInFull:
    """`overview` is its environment's, with its evidence."""
    return DeploymentInFull(
        **dict(deployment_answer(deployment)),
        explanation=explanation_answer(explain_deployment(deployment, overview)),
        brings=contents.told if contents and brings_commits(deployment) else None,
        evidence=tuple(map(evidence_answer, overview.evidence.get(deployment.id, ()))),
    )


def evidence_answer(evidence: FailureEvidence) -> EvidenceAnswer:
    return EvidenceAnswer(
        deployment=evidence.deployment,
        about=evidence.about,
        step=evidence.step,
        gathered_at=evidence.gathered_at,
        slots=tuple(map(_slot, evidence.slots)),
        alarms=tuple(map(_alarm, evidence.alarms)),
        findings=tuple(finding_answer(finding, is_over=True) for finding in evidence.findings),
        commands=tuple(CommandEvidenceAnswer(**vars(hook)) for hook in evidence.hooks),
        unread=tuple(unread.told for unread in evidence.unread),
    )


def _slot(found: SlotEvidence) -> SlotEvidenceAnswer:
    return SlotEvidenceAnswer(
        service=found.service,
        slot=found.slot,
        is_blamed=found.is_blamed,
        stopped=tuple(map(_stopped, found.stopped)),
        targets=tuple(TargetAnswer(**vars(target)) for target in found.targets),
        events=tuple(ServiceEventAnswer(**vars(event)) for event in found.events),
        lines=found.lines,
    )


def _stopped(tasks: StoppedTasks) -> StoppedTasksAnswer:
    ends = tuple(ContainerEndAnswer(**vars(end)) for end in tasks.containers)
    return StoppedTasksAnswer(**{**vars(tasks), "containers": ends}, text=tasks.told)


def _alarm(alarm: AlarmEvidence) -> AlarmEvidenceAnswer:
    changes = tuple(AlarmChangeAnswer(**vars(change)) for change in alarm.changes)
    return AlarmEvidenceAnswer(**{**vars(alarm), "changes": changes})
