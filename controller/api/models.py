"""What the API answers, as models: JSON and the OpenAPI page are both made from them. Times are RFC 3339, UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from controller.domain.candidates import Answer as Ready
from controller.domain.chain import What
from controller.domain.deployment import Kind, Phase
from controller.domain.hooks import RunState
from controller.domain.metrics import Result
from controller.domain.orders import OrderKind, OrderState
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState
from controller.domain.verdict import Answer as Verdict


def rfc3339(moment: datetime) -> str:
    """
    >>> rfc3339(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    '2026-11-21T12:00:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Time = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Answer(BaseModel):
    """Frozen, and strict about its own fields: an answer with a key that nobody described is a bug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReasonAnswer(Answer):
    code: str = Field(description="Stable: for programs.")
    text: str = Field(description="For people; may be reworded at any time.")


class AuthorAnswer(Answer):
    id: int | None
    login: str | None
    name: str


class ReleaseAnswer(Answer):
    tag: str
    name: str
    url: str
    published_at: Time


class RevisionAnswer(Answer):
    commit: str
    branch: str
    version: str
    release: ReleaseAnswer | None = Field(description="What it was published as, where releases are deployed.")
    images: Mapping[str, str] | None = Field(description="`repository@sha256:…` by service; null until it is sealed.")
    authors: tuple[AuthorAnswer, ...]
    message: str
    title: str
    digest: str
    recorded_at: Time


class RunAnswer(Answer):
    """One time that a command was run as a task. `lines` are the last ones of the log of a task that failed."""

    deployment: str = Field(description="Who ran it: of `before` also an earlier deployment, which is not repeated.")
    state: RunState
    task: str | None
    started_at: Time | None
    finished_at: Time | None
    exit_code: int | None
    compatible: bool = Field(description="Versions from before work with what it did.")
    text: str
    lines: tuple[str, ...]


class StepAnswer(Answer):
    number: int
    kind: StepKind
    title: str
    services: tuple[str, ...]
    percent: int | None = Field(
        description="Share of the traffic that a shift sends to the new version, or of the tasks of warm and shrink."
    )
    state: StepState
    started_at: Time | None
    finished_at: Time | None
    detail: str
    command: tuple[str, ...] | None = Field(description="Of before and test: what is run.")
    run: RunAnswer | None = Field(description="Of before and test: what has come of it.")


class UndoAnswer(Answer):
    service: str
    live: Slot | None = Field(
        description="The slot with the traffic before the first change; null: the service is new."
    )
    idle: Slot
    weights: Mapping[Slot, int] | None = Field(description="Of the rule as it was; null: there was none.")
    stands: bool = Field(description="Turning back, or a rollback while the old slot is warm, would still restore it.")


class PauseAnswer(Answer):
    actor: str
    reason: ReasonAnswer
    since: Time
    turns_back_after: Time = Field(description="By itself, and not before: only time that was watched counts.")
    left_seconds: int = Field(description="Watched time until it turns back by itself.")


class FindingAnswer(Answer):
    service: str
    metric: str = Field(description="errors, latency_p95 or latency_p99.")
    result: Result
    verdict: str = Field(description="The result in words, past tense once nothing is judged any more.")
    text: str
    value: float | None = Field(description="A share from 0 to 1, or seconds; null: nothing was counted.")
    limit: float
    requests: int = Field(description="So many were counted.")
    minutes: int = Field(description="In so many minutes.")


class GateAnswer(Answer):
    gate: str
    answer: Verdict = Field(description="Only `open` lets it start; `unknown` is never open.")
    code: str
    text: str


class ApprovalAnswer(Answer):
    person: int = Field(description="The number of the GitHub account.")
    login: str
    plan_digest: str
    at: Time
    via: str
    reason: str
    breaks_glass: bool = Field(description="It let the plan start without approvals that it lacked.")


class TokenAnswer(Answer):
    id: int
    name: str
    role: str
    owner: str | None = Field(description="The login of the person that it stands for; null: a program's own.")
    made_by: str
    made_at: Time
    expires_at: Time | None
    used_at: Time | None = Field(description="To five minutes.")
    revoked_at: Time | None


class TokenMade(TokenAnswer):
    token: str = Field(description="Never shown again.")


class TokensPage(Answer):
    items: tuple[TokenAnswer, ...]


class DeploymentAnswer(Answer):
    id: str
    number: int
    environment: str
    kind: Kind
    phase: Phase
    reason: ReasonAnswer
    revision: RevisionAnswer
    pause: PauseAnswer | None = Field(description="Null: nobody paused it.")
    rests: bool = Field(description="It moved when a backup was taken that was restored: it waits for an unhold.")
    needs_a_person: bool = Field(
        description="It is to be confirmed, or goes wrong and doesn't end by itself; `explanation` says what can."
    )
    back_to: str | None = Field(description="Of a rollback: the deployment whose revision it brings back.")
    restart: bool = Field(description="Every service rolls, changed or not.")
    pruned: str | None = Field(description="Of a prune: the service that goes.")
    because_of: ReasonAnswer | None = Field(description="What a person said or did that made it; null: a commit did.")
    plan_digest: str | None
    steps: tuple[StepAnswer, ...]
    findings: tuple[FindingAnswer, ...] = Field(description="What was found in CloudWatch's metrics last.")
    undo: tuple[UndoAnswer, ...] | None = Field(description="Null until the first change.")
    turned_back: str | None = Field(description="In which step it turned back, and how that went; null: it did not.")
    gates: tuple[GateAnswer, ...] = Field(
        description="What each gate answered last, in the order in which they are asked, up to the first that is shut."
    )
    approvals: tuple[ApprovalAnswer, ...] = Field(description="Of the plan that waits, or that was carried out.")
    asked_since: Time | None = Field(description="Since when people are asked to approve this plan; null: they aren't.")
    created_at: Time
    started_at: Time | None
    finished_at: Time | None


class ExplanationAnswer(Answer):
    environment: str
    code: str
    text: str
    since: Time | None
    clears: str = Field(description="Who or what can change it.")
    look_again_at: Time | None = Field(description="Null: when something happens.")
    deployment: str | None
    orphans: tuple[str, ...] = Field(description="Services that the file no longer names, and that are still there.")
    ran: tuple[str, ...] = Field(description="What `before` did, or does, for what is live and what moves.")
    evidence: tuple[str, ...] = Field(description="The lines that say most of what went wrong.")


class DeploymentsPage(Answer):
    items: tuple[DeploymentAnswer, ...]
    next: str | None = Field(description="Give it as `cursor` to get the page after this one; null at the end.")
    looked_back_to: Time | None = Field(
        description="The page ends here before it is full, and `next` goes on; null: it is full, or the last one."
    )
    unreadable: tuple[str, ...] = Field(
        description="Deployments that belong here, and of which what is written down can't be read."
    )
    is_catching_up: bool = Field(description="Deployments of an older Tidegate are not all searchable yet.")
    left: int = Field(description="So many aren't yet; 100,001 stands for more than 100,000.")
    text: str = Field(description="What can't be found for now, in a sentence; empty: nothing.")


class SampleAnswer(Answer):
    service: str
    metric: str
    slot: Slot
    at: Time = Field(description="When the minute began.")
    value: float = Field(description="Of this minute: a share from 0 to 1, or seconds.")
    requests: int
    limit: float
    verdict: Result = Field(description="Of this minute alone, by the limit.")


class SamplesPage(Answer):
    items: tuple[SampleAnswer, ...]
    next: str | None = Field(description="Give it as `cursor` to get the page after this one; null at the end.")


class LiveAnswer(Answer):
    commit: str
    version: str
    images: Mapping[str, str] | None
    since: Time | None
    deployment: str


class DesiredAnswer(Answer):
    commit: str
    version: str | None


class MovingAnswer(Answer):
    id: str
    kind: Kind
    phase: Phase
    commit: str
    version: str
    reason: ReasonAnswer
    pause: PauseAnswer | None
    rests: bool
    needs_a_person: bool
    step: str | None
    step_number: int | None
    steps: int


class HoldAnswer(Answer):
    code: str
    text: str
    until: Literal["person", "next_commit"]
    since: Time
    deployment: str


class QuarantineAnswer(Answer):
    deployment: str
    contents: Mapping[str, str] = Field(description="Content digests by service; together they are kept out.")


class CountsAnswer(Answer):
    running: int
    desired: int
    healthy: int | None


class ServiceAnswer(CountsAnswer):
    live: Slot | None
    slots: Mapping[Slot, CountsAnswer]
    scaling: str | None = Field(description="How its number of tasks moves by itself, in words; null: it does not.")


class DriftAnswer(Answer):
    service: str | None = Field(description="Null: it belongs to none.")
    thing: str = Field(description="What it is a field of, as in target group.")
    field: str
    wanted: str
    found: str = Field(description="Of a variable only that it has another value.")
    since: Time = Field(description="When it was seen first.")


class BehindAnswer(Answer):
    environment: str = Field(description="Where its versions come from.")
    commits: int | None = Field(description="Live there, and not yet here; null: nobody can tell.")
    is_ahead: bool = Field(description="It also has commits that the other lacks.")
    text: str


class EnvironmentAnswer(Answer):
    name: str
    repository: str | None
    branch: str | None
    live: LiveAnswer | None
    desired: DesiredAnswer | None
    deployment: MovingAnswer | None
    hold: HoldAnswer | None
    quarantines: tuple[QuarantineAnswer, ...]
    problem: ReasonAnswer | None = Field(description="What keeps the newest commit from being taken.")
    remark: ReasonAnswer | None = Field(description="Where releases are deployed: why the newest one is not, or none.")
    trouble: ReasonAnswer | None = Field(description="What kept the last pass from looking or acting.")
    warm_until: Time | None
    drift: tuple[DriftAnswer, ...] = Field(description="Where AWS is not as the file of what is live declares.")
    traffic: Mapping[str, Mapping[Slot, int]]
    services: Mapping[str, ServiceAnswer]
    orphans: tuple[str, ...] = Field(description="Services that the file no longer names, and that are still there.")
    behind: BehindAnswer | None = Field(description="Null: its versions come from no other environment.")
    seen_at: Time | None = Field(description="Since when traffic and services have been seen like this.")
    look_again_at: Time | None


class EnvironmentsPage(Answer):
    items: tuple[EnvironmentAnswer, ...]


class ReadyAnswer(Answer):
    answer: Ready = Field(description="`unknown`: it was not looked up, or could not be.")
    text: str


class CandidateAnswer(Answer):
    deployment: str = Field(description="What `to` of a rollback names.")
    commit: str
    version: str
    finished_at: Time | None = Field(description="When it was found well.")
    ready: Ready = Field(description="`no`: look at what is missing before you go back to it.")
    images: ReadyAnswer = Field(description="Are its images still in the registry? Without them no task starts.")
    definitions: ReadyAnswer = Field(description="Are its task definitions active? Others are registered again.")
    migration: ReadyAnswer = Field(description="Does it work with what `before` commands left since?")
    warm: ReadyAnswer = Field(description="Do its tasks still run? Then only the traffic moves.")
    across: str | None = Field(description="What `across` of a rollback must name; null: nothing is crossed.")


class CandidatesAnswer(Answer):
    items: tuple[CandidateAnswer, ...] = Field(description="Five at most, the newest first.")
    looked_at: Time | None = Field(description="When AWS was asked; null: it was not, or did not answer in time.")
    unlooked: str | None = Field(description="Why not.")
    why_none: str | None = Field(description="Where there is no item: why; a part of a sentence.")


class PlannedStep(Answer):
    number: int
    kind: StepKind
    title: str
    services: tuple[str, ...]
    percent: int | None
    wait: str | None
    command: tuple[str, ...] | None = Field(description="Of before and test: what is run.")
    scaling: Mapping[str, str] = Field(description="Of scale: how each service scales from then on, in words.")


class PlannedService(Answer):
    from_: str | None = Field(alias="from", description="Content digest that is live; null: the service is new.")
    to: str
    image: str
    count: int
    capacity: str = Field(description="What its tasks run on, in words.")


class PlanAnswer(Answer):
    deployment: str | None = Field(description="Null: none was made; it is what the newest commit would bring.")
    standing: ReasonAnswer = Field(description="Whether it runs, and if not, why.")
    commit: str
    digest: str
    services: Mapping[str, PlannedService]
    steps: tuple[PlannedStep, ...]
    unrun: tuple[str, ...] = Field(description="Services whose `before` is new and is not run: nothing of them rolls.")


class AuditLine(Answer):
    event: str
    environment: str | None
    deployment: str | None
    actor: str
    at: Time
    text: str
    facts: Mapping[str, object]


class AuditPage(Answer):
    items: tuple[AuditLine, ...]
    next: str | None


class HeadAnswer(Answer):
    position: int
    link: str
    key: str


class AuditFinding(Answer):
    what: What
    first: int | None = Field(description="The first position that is wrong; null: it has no place in the chain.")
    last: int | None
    text: str


class RestoreAnswer(Answer):
    position: int = Field(description="Of the entry that tells of it.")
    at: Time
    after: int = Field(description="The last position that the backup had.")
    taken_at: str
    lost: int | None = Field(description="Up to this position there were entries that the backup doesn't have.")


class VerificationAnswer(Answer):
    unbroken: bool
    entries: int
    first: int | None
    last: int
    head: HeadAnswer | None
    earlier: int = Field(description="Entries from before the chain began, which its first one covers.")
    anchors: int = Field(description="Anchors that were compared: those of the database, and those that were given.")
    restores: tuple[RestoreAnswer, ...]
    findings: tuple[AuditFinding, ...]
    more: int = Field(description="Findings that are left out.")


class OrderAnswer(Answer):
    id: int
    order: OrderKind
    environment: str
    deployment: str | None
    reason: str
    to: str | None
    across: str | None
    ref: str | None
    restart: bool
    correct: bool
    service: str | None
    for_: str | None = Field(alias="for")
    actor: str
    created_at: Time
    state: OrderState
    outcome: str = Field(description="What came of it, as a sentence; empty until something has.")


class OrderLeft(Answer):
    id: int


class Health(Answer):
    status: Literal["ok"]


class Dependency(Answer):
    state: Literal["ok", "failed"]
    latency_ms: float
    code: str | None = Field(description="Why it failed; the log says more.")


class Readiness(Answer):
    status: Literal["ready", "not_ready"]
    dependencies: Mapping[str, Dependency]


class Version(Answer):
    version: str


class Problem(Answer):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: tuple[str, ...] = Field(default=(), description="Each complaint, where there are several.")
