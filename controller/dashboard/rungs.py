"""The step ladder in full: when each step began and ended, by when it must be over, and what it waits for. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.dashboard.views import StepView
from controller.domain.deployment import RUNNING, Deployment
from controller.domain.step import Step, StepKind, StepState, spoken
from controller.progress import DEADLINES

ENDS_BY_ITSELF = {StepKind.BAKE: "lasts", StepKind.RETIRE: "keeps them warm", StepKind.DRAIN: "drains for"}
"""Kinds of step whose time is to pass; of the others it is what they may take."""


@dataclass(frozen=True)
class RungView:
    """`bound` says how long it lasts, or may take, unless it never will; `by` is when that is over, near enough for
    people: only time that is watched counts. `waits_for` is told of the present step alone."""

    step: StepView
    finished_at: datetime | None
    bound: str
    by: datetime | None
    by_words: str
    waits_for: str


def rungs(deployment: Deployment, shown: tuple[StepView, ...], now: datetime) -> tuple[RungView, ...]:
    """`shown` are its steps as they are shown everywhere."""
    return tuple(_rung(step, view, deployment, now) for step, view in zip(deployment.steps, shown, strict=True))


def _rung(step: Step, shown: StepView, deployment: Deployment, now: datetime) -> RungView:
    limit, runs = limit_of(step), step.state is StepState.RUNNING
    waits_for = _waits_for(step, deployment) if shown.is_current else ""
    return RungView(
        step=replace(shown, detail="") if waits_for else shown,
        finished_at=step.finished_at,
        bound=_bound(step, limit) if step.state is not StepState.SKIPPED else "",
        by=now + max(timedelta(0), limit - step.active) if runs and limit else None,
        by_words="ends" if step.kind in ENDS_BY_ITSELF else "fails unless it is done",
        waits_for=waits_for,
    )


def limit_of(step: Step) -> timedelta | None:
    """How long it lasts or may take of watched time; None: as long as it must."""
    if step.kind in ENDS_BY_ITSELF or step.kind is StepKind.CONFIRM:
        return step.wait or None
    return step.hook.timeout if step.hook is not None else DEADLINES.get(step.kind)


def _bound(step: Step, limit: timedelta | None) -> str:
    if limit is None:
        return ""
    words = ENDS_BY_ITSELF.get(step.kind)
    return f"{words} {spoken(limit)}" if words else f"may take {spoken(limit)}"


def _waits_for(step: Step, deployment: Deployment) -> str:
    """What its step says; else why the deployment stands where it does, where anything is to be said of that."""
    if step.detail:
        return step.detail
    return deployment.why.text if deployment.why.code != RUNNING else ""
