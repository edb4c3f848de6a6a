"""What the templates show: rows turned into words and numbers. Pure; `now` is aware UTC."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller.dashboard.context import DashboardContext
from controller.dashboard.links import version_link
from controller.dashboard.words import exact
from controller.domain.approval import Vote
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.drift import Drift
from controller.domain.evidence import FailureEvidence
from controller.domain.explaining import Explanation, cleared_here, explain, explain_deployment, how_it_began
from controller.domain.overview import Overview, pause_left, spans
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.slot import Slot
from controller.domain.states import ANSWERS, STEPS, standing_of
from controller.domain.step import Step, StepKind, StepState
from controller.domain.undo import UndoEntry
from controller.domain.verdict import Judged
from controller.domain.way_home import standing_undo, way_home

APPROVAL = "approval"
"""The name of the gate that asks people."""


@dataclass(frozen=True)
class Badge:
    icon: str
    text: str
    tone: str


@dataclass(frozen=True)
class VersionView:
    """`link` leads to the release or the commit, where that is known."""

    name: str
    commit: str
    title: str
    authors: str
    link: str | None


@dataclass(frozen=True)
class StepView:
    """`is_folded`: nobody has to look at it now, so its line says enough."""

    number: int
    title: str
    services: str
    badge: Badge
    detail: str
    started_at: datetime | None
    took: str
    is_current: bool
    lines: tuple[str, ...] = ()
    is_folded: bool = False


@dataclass(frozen=True)
class GateView:
    """`votes` are the approvals that were given, of the gate that asks for them."""

    name: str
    badge: Badge
    text: str
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something that somebody must know: what, why, and what to do. `code` is that of its explanation."""

    code: str
    title: str
    reason: Reason
    clears: str
    since: datetime | None
    tone: str


@dataclass(frozen=True)
class PauseView:
    """`turns_back_at` is near enough for people: only time that is watched counts."""

    actor: str
    reason: Reason
    since: datetime
    turns_back_at: datetime


@dataclass(frozen=True)
class DeploymentView:
    """`reason` is why it stands where it does. `pruned` is the service that a prune removes, `back_to` the deployment
    whose version a rollback brings back; `because_of` is what a person said or did that made it. `undo` is what turning
    back would still restore, `turned_back` where it did; both may be empty. `told` and `evidence` are known of the one
    that a page is about. `glass`: who broke it, and why."""

    id: str
    environment: str
    kind: str
    restart: bool
    pruned: str | None
    back_to: str | None
    because_of: Reason | None
    pause: PauseView | None
    badge: Badge
    version: VersionView
    reason: Reason
    waiting: str
    active: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    steps: tuple[StepView, ...]
    images: Mapping[str, str]
    digest: str | None
    undo: tuple[str, ...]
    turned_back: str
    has_changed_something: bool
    gates: tuple[GateView, ...] = ()
    is_asked: bool = False
    glass: tuple[str, ...] = ()
    told: Explanation | None = None
    evidence: tuple[FailureEvidence, ...] = ()


@dataclass(frozen=True)
class EnvironmentView:
    name: str
    source: str
    badge: Badge
    live: VersionView | None
    live_id: str | None
    live_since: datetime | None
    seen_at: datetime | None
    told: Explanation
    notices: tuple[Notice, ...]
    moving: DeploymentView | None
    orphans: tuple[str, ...]
    warm_until: datetime | None
    drift: tuple[Drift, ...] = ()
    is_looked_at: bool = True

    @property
    def is_told_below(self) -> bool:
        """One of the notices says all that the sentence says."""
        return any(notice.code == self.told.code for notice in self.notices)


def environment_view(overview: Overview, context: DashboardContext, now: datetime) -> EnvironmentView:
    environment, live, told = overview.environment, overview.live, explain(overview)
    binding = context.bindings.get(environment.name)
    return EnvironmentView(
        name=environment.name,
        source=f"{binding.repository} at {binding.branch}" if binding else "not bound any more",
        badge=standing_badge(overview),
        live=version_view(live.revision, context) if live else None,
        live_id=live.id if live else None,
        live_since=environment.live_since,
        seen_at=overview.sighting.seen_at if overview.sighting else None,
        told=told,
        notices=tuple(_notices(overview, told)),
        moving=deployment_view(overview.moving, context, now) if overview.moving else None,
        orphans=overview.orphans,
        warm_until=overview.warm_until,
        drift=environment.drift.found,
        is_looked_at=environment.trouble is None,
    )


def deployment_view(deployment: Deployment, context: DashboardContext, now: datetime) -> DeploymentView:
    lasted = spans(deployment, now)
    return DeploymentView(
        id=deployment.id,
        environment=deployment.environment,
        kind=str(deployment.kind),
        restart=deployment.restart,
        pruned=deployment.pruned,
        back_to=deployment.back_to,
        because_of=deployment.because_of,
        pause=_pause(deployment.pause, now) if deployment.pause else None,
        badge=_badge(deployment),
        version=version_view(deployment.revision, context),
        reason=deployment.why,
        waiting=exact(lasted.waiting),
        active=exact(lasted.active) if lasted.active is not None else "",
        created_at=deployment.created_at,
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
        steps=tuple(_step(step, deployment.step, now) for step in deployment.steps),
        images=deployment.revision.images or {},
        digest=deployment.shown_plan.digest if deployment.shown_plan else None,
        undo=tuple(_undo(entry) for entry in standing_undo(deployment)),
        turned_back=way_home(deployment),
        has_changed_something=_has_changed_something(deployment),
        glass=tuple(f"{vote.by.login}: {vote.reason}" for vote in deployment.votes if vote.breaks_glass),
        is_asked=deployment.asked is not None and deployment.phase is Phase.WAITING,
        gates=tuple(_gate(each, deployment) for each in deployment.gates),
    )


def _gate(judged: Judged, deployment: Deployment) -> GateView:
    votes = deployment.votes if judged.gate == APPROVAL else ()
    return GateView(judged.gate, Badge(*ANSWERS[judged.answer]), judged.reason.text, votes)


def _has_changed_something(deployment: Deployment) -> bool:
    """Whether it came as far as to anything that turning back would undo."""
    planned = deployment.steps[: len(deployment.plan.steps)] if deployment.plan else ()
    return any(step.started_at for step in planned if step.kind not in {StepKind.REGISTER, StepKind.BEFORE})


def deployment_in_full(
    deployment: Deployment, overview: Overview, context: DashboardContext, now: datetime
) -> DeploymentView:
    """`overview` is its environment's, with its evidence. The last lines of a command stand in one place."""
    told = explain_deployment(deployment, overview)
    shown, evidence = deployment_view(deployment, context, now), overview.evidence.get(deployment.id, ())
    titles = {hook.title for found in evidence for hook in found.hooks}
    steps = tuple(replace(step, lines=()) if step.title in titles else step for step in shown.steps)
    return replace(shown, steps=steps, told=told, evidence=evidence)


def version_view(revision: Revision, context: DashboardContext) -> VersionView:
    commit = revision.commit
    return VersionView(
        name=revision.version,
        commit=commit.sha,
        title=commit.title,
        authors=", ".join(author.login or author.name for author in commit.authors) or "nobody named",
        link=version_link(context.github, context.bindings, revision),
    )


def standing_badge(overview: Overview) -> Badge:
    environment, moving = overview.environment, overview.moving
    shown = standing_of(
        moving.state if moving is not None else None,
        waits=moving is not None and moving.phase is Phase.WAITING,
        troubled=environment.trouble is not None,
        held=environment.hold is not None,
        refused=environment.problem is not None,
        drifted=bool(environment.drift.found),
        live=overview.live is not None,
    )
    return Badge(*shown)


def _badge(deployment: Deployment) -> Badge:
    return Badge(*deployment.state)


def _pause(pause: Pause, now: datetime) -> PauseView:
    return PauseView(pause.actor, pause.reason, pause.since, now + pause_left(pause))


def _notices(overview: Overview, told: Explanation) -> Iterator[Notice]:
    """Everything that is wrong at once; the sentence above them names only the first."""
    environment = overview.environment
    wrong = (
        ("Tidegate can't look or act", environment.trouble, "bad"),
        ("The newest commit isn't taken", environment.problem, "bad"),
    )
    for title, reason, tone in wrong:
        if reason is not None:
            yield Notice(reason.code, title, reason, cleared_here(reason.code, overview), None, tone)
    remark = environment.remark
    if remark is not None and remark.text not in told.text:
        yield Notice(remark.code, "Its newest release isn't taken", remark, "", None, "warn")
    if environment.hold is not None:
        hold = environment.hold
        clears = cleared_here("environment.held", overview)
        title = f"Held since {environment.name}-{hold.deployment} {how_it_began(hold)}"
        yield Notice("environment.held", title, hold.reason, clears, hold.since, "warn")


def _step(step: Step, current: Step | None, now: datetime) -> StepView:
    took = exact((step.finished_at or now) - step.started_at) if step.started_at else ""
    return StepView(
        number=step.number,
        title=step.title,
        services="" if step.hook else ", ".join(step.services),
        badge=Badge(*STEPS[step.state]),
        detail=step.detail,
        started_at=step.started_at,
        took=took,
        is_current=current is not None and current.number == step.number and step.started_at is not None,
        lines=step.run.lines if step.run else (),
        is_folded=step.state not in {StepState.RUNNING, StepState.FAILED},
    )


def planned_step(step: Step) -> StepView:
    """Of a plan that nobody carries out yet."""
    badge = Badge(*STEPS[StepState.PENDING])
    services = "" if step.hook else ", ".join(step.services)
    return StepView(step.number, step.title, services, replace(badge, text=""), "", None, "", is_current=False)


def _undo(entry: UndoEntry) -> str:
    """One entry of the undo record, as a sentence."""
    name, live, idle = entry.service, entry.sides.live, entry.sides.idle
    if live is None:
        return f"{name} is new in {idle}: turning back takes its rule away"
    if entry.rule is None:
        return f"{name} has no rule: turning back keeps {live} and empties {idle}"
    shares = " and ".join(f"{entry.rule.weights.get(slot, 0)}% to {slot}" for slot in Slot)
    return f"{name}: {live} was live and {idle} takes over; turning back gives {shares} again"
