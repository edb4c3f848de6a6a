"""From values to answers: pure, one function for each answer, nothing secret on the way."""

from collections.abc import Mapping
from datetime import datetime

from controller.api.models import (
    ApprovalAnswer,
    AuditLine,
    AuthorAnswer,
    BehindAnswer,
    CandidateAnswer,
    CandidatesAnswer,
    CountsAnswer,
    DeploymentAnswer,
    DesiredAnswer,
    DriftAnswer,
    EnvironmentAnswer,
    ExplanationAnswer,
    FindingAnswer,
    GateAnswer,
    HoldAnswer,
    LiveAnswer,
    MovingAnswer,
    OrderAnswer,
    PauseAnswer,
    PlanAnswer,
    PlannedService,
    PlannedStep,
    QuarantineAnswer,
    ReadyAnswer,
    ReasonAnswer,
    ReleaseAnswer,
    RevisionAnswer,
    RunAnswer,
    SampleAnswer,
    ServiceAnswer,
    StepAnswer,
    UndoAnswer,
)
from controller.domain.approval import Vote
from controller.domain.bindings import Binding
from controller.domain.candidates import Candidate, Candidates, Ready
from controller.domain.capacity import capacity_of
from controller.domain.deployment import Deployment, Pause, Plan
from controller.domain.distance import Distance
from controller.domain.environment import Environment
from controller.domain.events import AuditEntry
from controller.domain.explaining import Explanation
from controller.domain.hooks import Run
from controller.domain.metrics import Finding, Sample
from controller.domain.orders import Order
from controller.domain.overview import Overview, ServiceState, pause_left, turns_back_after
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.revision import Revision
from controller.domain.slot import Slot
from controller.domain.states import finding_of
from controller.domain.step import Step, spoken
from controller.domain.undo import UndoEntry
from controller.domain.verdict import Judged
from controller.domain.way_home import standing_undo, way_home


def deployment_answer(deployment: Deployment) -> DeploymentAnswer:
    return DeploymentAnswer(
        id=deployment.id,
        number=deployment.number,
        environment=deployment.environment,
        kind=deployment.kind,
        phase=deployment.phase,
        reason=_reason(deployment.reason),
        revision=_revision(deployment.revision),
        pause=_pause(deployment.pause),
        rests=deployment.rests,
        needs_a_person=deployment.needs_a_person,
        back_to=deployment.back_to,
        restart=deployment.restart,
        pruned=deployment.pruned,
        because_of=_reason(deployment.because_of) if deployment.because_of else None,
        plan_digest=deployment.shown_plan.digest if deployment.shown_plan else None,
        steps=tuple(map(_step, deployment.steps)),
        findings=tuple(finding_answer(each, is_over=deployment.is_judged_no_more) for each in deployment.findings),
        undo=_undo(deployment),
        turned_back=way_home(deployment) or None,
        gates=tuple(map(_gate, deployment.gates)),
        approvals=tuple(map(_approval, deployment.votes)),
        asked_since=deployment.asked.since if deployment.asked else None,
        created_at=deployment.created_at,
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
    )


def finding_answer(finding: Finding, *, is_over: bool) -> FindingAnswer:
    return FindingAnswer(**vars(finding), verdict=finding_of(finding.result, is_over=is_over).text)


def _approval(vote: Vote) -> ApprovalAnswer:
    return ApprovalAnswer(
        person=vote.by.id,
        login=vote.by.login,
        plan_digest=vote.digest,
        at=vote.at,
        via=str(vote.via),
        reason=vote.reason,
        breaks_glass=vote.breaks_glass,
    )


def _gate(judged: Judged) -> GateAnswer:
    return GateAnswer(gate=judged.gate, answer=judged.answer, code=judged.reason.code, text=judged.reason.text)


def environment_answer(overview: Overview, binding: Binding | None) -> EnvironmentAnswer:
    """`binding` is None for an environment that was bound once and isn't any more."""
    environment = overview.environment
    services = overview.services
    return EnvironmentAnswer(
        name=environment.name,
        repository=binding.repository if binding else None,
        branch=binding.branch if binding else None,
        live=_live(overview.live, environment.live_since),
        desired=_desired(environment, binding),
        deployment=_moving(overview.moving),
        hold=_hold(environment),
        quarantines=tuple(
            QuarantineAnswer(deployment=f"{environment.name}-{entry.deployment}", contents=entry.contents)
            for entry in environment.quarantines
        ),
        problem=_reason(environment.problem) if environment.problem else None,
        remark=_reason(environment.remark) if environment.remark else None,
        trouble=_reason(environment.trouble) if environment.trouble else None,
        warm_until=overview.warm_until,
        drift=tuple(DriftAnswer(**vars(each.difference), since=each.since) for each in environment.drift.found),
        traffic={state.name: _weights(state.weights) for state in services if state.weights is not None},
        services={state.name: _service(state) for state in services},
        orphans=overview.orphans,
        behind=_behind(overview.distance),
        seen_at=overview.sighting.seen_at if overview.sighting else None,
        look_again_at=overview.due_at,
    )


def candidates_answer(found: Candidates) -> CandidatesAnswer:
    items = tuple(map(_candidate, found.items))
    return CandidatesAnswer(
        items=items,
        looked_at=found.looked_at,
        unlooked=found.unlooked or None,
        why_none=found.why_none or None,
    )


def _candidate(candidate: Candidate) -> CandidateAnswer:
    deployment = candidate.deployment
    return CandidateAnswer(
        deployment=deployment.id,
        commit=deployment.revision.commit.sha,
        version=deployment.revision.version,
        finished_at=deployment.finished_at,
        ready=candidate.answer,
        images=_ready(candidate.images),
        definitions=_ready(candidate.definitions),
        migration=_ready(candidate.migration),
        warm=_ready(candidate.warm),
        across=candidate.crosses or None,
    )


def _ready(ready: Ready) -> ReadyAnswer:
    return ReadyAnswer(answer=ready.answer, text=ready.text)


def explanation_answer(explanation: Explanation) -> ExplanationAnswer:
    return ExplanationAnswer(**vars(explanation))


def plan_answer(deployment: Deployment, plan: Plan) -> PlanAnswer:
    """The same shape as that of a plan which was drawn now."""
    services = {
        rolling.service: PlannedService(
            **{"from": rolling.was},
            to=rolling.content.digest,
            image=rolling.content.image,
            count=rolling.count,
            capacity=str(capacity_of(deployment.service(rolling.service))),
        )
        for rolling in plan.rolling
    }
    return PlanAnswer(
        deployment=deployment.id,
        standing=_reason(deployment.reason),
        commit=deployment.revision.commit.sha,
        digest=plan.digest,
        services=services,
        steps=tuple(_planned(step, deployment) for step in plan.steps),
        unrun=plan.unrun,
    )


def audit_line(entry: AuditEntry) -> AuditLine:
    return AuditLine(**vars(entry))


def sample_answer(sample: Sample) -> SampleAnswer:
    return SampleAnswer(**vars(sample))


def order_answer(order: Order) -> OrderAnswer:
    wish = order.wish
    return OrderAnswer(
        id=order.id,
        order=order.kind,
        environment=order.environment,
        deployment=order.deployment,
        reason=order.reason,
        to=wish.to,
        across=wish.across,
        ref=wish.ref,
        restart=wish.restart,
        correct=wish.correct,
        service=wish.service,
        **{"for": spoken(wish.limit) if wish.limit else None},
        actor=order.actor,
        created_at=order.created_at,
        state=order.state,
        outcome=order.outcome,
    )


def _reason(reason: Reason) -> ReasonAnswer:
    return ReasonAnswer(code=reason.code, text=reason.text)


def _release(release: Release) -> ReleaseAnswer:
    return ReleaseAnswer(tag=release.tag, name=release.name, url=release.url, published_at=release.published_at)


def _revision(revision: Revision) -> RevisionAnswer:
    return RevisionAnswer(
        commit=revision.commit.sha,
        branch=revision.branch,
        version=revision.version,
        release=_release(revision.release) if revision.release else None,
        images=revision.images,
        authors=tuple(AuthorAnswer(**vars(author)) for author in revision.commit.authors),
        message=revision.commit.message,
        title=revision.commit.title,
        digest=revision.digest,
        recorded_at=revision.recorded_at,
    )


def _step(step: Step) -> StepAnswer:
    return StepAnswer(
        number=step.number,
        kind=step.kind,
        title=step.title,
        services=step.services,
        percent=step.percent,
        state=step.state,
        started_at=step.started_at,
        finished_at=step.finished_at,
        detail=step.detail,
        command=step.hook.command if step.hook else None,
        run=_run(step.run) if step.run else None,
    )


def _run(run: Run) -> RunAnswer:
    return RunAnswer(
        deployment=run.deployment,
        state=run.state,
        task=run.task,
        started_at=run.started_at,
        finished_at=run.finished_at,
        exit_code=run.exit_code,
        compatible=run.compatible,
        text=run.text,
        lines=run.lines,
    )


def _planned(step: Step, deployment: Deployment) -> PlannedStep:
    return PlannedStep(
        number=step.number,
        kind=step.kind,
        title=step.title,
        services=step.services,
        percent=step.percent,
        wait=spoken(step.wait) if step.wait is not None else None,
        command=step.hook.command if step.hook else None,
        scaling=deployment.scaled_by(step),
    )


def _pause(pause: Pause | None) -> PauseAnswer | None:
    if pause is None:
        return None
    return PauseAnswer(
        actor=pause.actor,
        reason=_reason(pause.reason),
        since=pause.since,
        turns_back_after=turns_back_after(pause),
        left_seconds=round(pause_left(pause).total_seconds()),
    )


def _undo(deployment: Deployment) -> tuple[UndoAnswer, ...] | None:
    if deployment.undo is None:
        return None
    standing = standing_undo(deployment)
    return tuple(_undo_entry(entry, entry in standing) for entry in deployment.undo.entries)


def _undo_entry(entry: UndoEntry, stands: bool) -> UndoAnswer:
    weights = _weights(entry.rule.weights) if entry.rule else None
    live, idle = entry.sides.live, entry.sides.idle
    return UndoAnswer(service=entry.service, live=live, idle=idle, weights=weights, stands=stands)


def _live(live: Deployment | None, since: datetime | None) -> LiveAnswer | None:
    if live is None:
        return None
    revision = live.revision
    return LiveAnswer(
        commit=revision.commit.sha, version=revision.version, images=revision.images, since=since, deployment=live.id
    )


def _desired(environment: Environment, binding: Binding | None) -> DesiredAnswer | None:
    if environment.recorded is None:
        return None
    release = environment.release
    version = f"{binding.branch}-{environment.recorded[:7]}" if binding else None
    return DesiredAnswer(commit=environment.recorded, version=release.tag if release else version)


def _moving(deployment: Deployment | None) -> MovingAnswer | None:
    if deployment is None:
        return None
    step = deployment.step
    return MovingAnswer(
        id=deployment.id,
        kind=deployment.kind,
        phase=deployment.phase,
        commit=deployment.revision.commit.sha,
        version=deployment.revision.version,
        reason=_reason(deployment.reason),
        pause=_pause(deployment.pause),
        rests=deployment.rests,
        needs_a_person=deployment.needs_a_person,
        step=step.title if step else None,
        step_number=step.number if step else None,
        steps=len(deployment.steps),
    )


def _behind(distance: Distance | None) -> BehindAnswer | None:
    if distance is None:
        return None
    return BehindAnswer(
        environment=distance.before, commits=distance.commits, is_ahead=distance.is_ahead, text=distance.told
    )


def _hold(environment: Environment) -> HoldAnswer | None:
    hold = environment.hold
    if hold is None:
        return None
    return HoldAnswer(
        code=hold.reason.code,
        text=hold.reason.text,
        until=hold.until.value,
        since=hold.since,
        deployment=f"{environment.name}-{hold.deployment}",
    )


def _service(state: ServiceState) -> ServiceAnswer:
    slots = {slot: CountsAnswer(**vars(counts)) for slot, counts in state.slots.items()}
    return ServiceAnswer(live=state.live, slots=slots, scaling=state.scaling, **vars(state.serving))


def _weights(weights: Mapping[Slot, int]) -> dict[Slot, int]:
    return {slot: weights.get(slot, 0) for slot in Slot}
