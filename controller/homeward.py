"""Turning back is also a plan: made from the undo record, traffic first, tasks later. Pure."""

from dataclasses import replace
from datetime import datetime

from controller.domain.deployment import Deployment, Phase, TurningBack, numbered
from controller.domain.hooks import RunState
from controller.domain.reason import Reason
from controller.domain.step import TAKEN_BACK, Step, StepKind, StepState
from controller.domain.undo import UndoEntry


def turned_back(
    deployment: Deployment,
    reason: Reason,
    now: datetime,
    *,
    culprits: tuple[str, ...] = (),
    quarantines: bool = True,
    aborted: bool = False,
) -> Deployment:
    """The deployment on its way home: the step it was in has failed, the rest is skipped, the undo record is the plan.

    Where there is nothing to go back to, because everything was new or nothing has changed yet, it ends as failed; and
    so does a way back that could not even begin.
    """
    assert deployment.phase is Phase.RUNNING, f"{deployment.id} is {deployment.phase}: only a running one turns back"
    assert deployment.undo is not None, f"{deployment.id} runs, so it has an undo record"
    is_new = all(entry.sides.live is None for entry in deployment.undo.entries)
    has_changed_nothing = deployment.step is not None and deployment.step.kind is StepKind.BEFORE
    fails = is_new or has_changed_nothing or deployment.is_way_back
    ends_as = Phase.ABORTED if aborted else Phase.FAILED if fails else Phase.ROLLED_BACK
    steps = tuple(_cut_off(step, reason, now) for step in deployment.steps)
    return replace(
        deployment,
        steps=steps + numbered(_home(deployment), len(steps) + 1),
        turning=TurningBack(ends_as, culprits, quarantines and not deployment.brings_what_was_live),
        pause=None,
    ).moved(Phase.ROLLING_BACK, reason, now)


def taken_back(deployment: Deployment, by: Step) -> Deployment:
    """What `by` has undone shows so; the step that failed stays the one that failed."""
    for step in deployment.steps:
        if step.kind in TAKEN_BACK.get(by.kind, ()) and set(step.services) <= set(by.services):
            if step.state is StepState.DONE:
                deployment = deployment.with_step(replace(step, state=StepState.UNDONE))
            elif step.state is StepState.FAILED:
                deployment = deployment.with_step(replace(step, detail=f"{step.detail}; what it did is taken back"))
    return deployment


def stopped(deployment: Deployment, reason: Reason, now: datetime) -> Deployment:
    """The deployment, ended where it stands: nothing that it did is undone, and nobody follows a command any more that
    still ran."""
    steps = tuple(_let_go(_cut_off(step, reason, now)) for step in deployment.steps)
    return replace(deployment, steps=steps, pause=None).moved(Phase.ABORTED, reason, now)


def _home(deployment: Deployment) -> tuple[Step, ...]:
    """Traffic first; then what scales is as it was; then a command that still runs; then what is known of the failure
    is written down, while its tasks are there; slots that run another number of tasks than before get the old one,
    before the others lose theirs; and last what stands at all times, which nobody waits for."""
    assert deployment.undo is not None and deployment.plan is not None
    touched = tuple(entry.service for entry in deployment.undo.entries)
    counts = [step for step in deployment.steps if step.kind in TAKEN_BACK[StepKind.REGROW] and step.started_at]
    regrown = tuple(name for name in touched if any(name in step.services for step in counts))
    held = [step for step in deployment.steps if step.kind in TAKEN_BACK[StepKind.RESCALE] and step.started_at]
    scaled = tuple(
        entry.service
        for entry in deployment.undo.entries
        if any(entry.service in step.services for step in held) or _was_left_unscaled(entry, deployment)
    )
    retired = [step.services for step in deployment.plan.steps if step.kind is StepKind.RETIRE]
    armed = [step.services for step in deployment.steps if step.kind is StepKind.ARM and step.started_at]
    return (
        Step(StepKind.HOME, touched),
        *([Step(StepKind.RESCALE, scaled)] if scaled else []),
        *([Step(StepKind.STOP, deployment.unsettled.services)] if deployment.unsettled else []),
        Step(StepKind.EVIDENCE, touched),
        *(Step(StepKind.DISARM, services) for services in armed),
        *([Step(StepKind.REGROW, regrown)] if regrown else []),
        *(Step(StepKind.RETIRE, services) for services in retired),
        *([Step(StepKind.ALARMS, ())] if deployment.began(StepKind.ALARMS) else []),
    )


def _was_left_unscaled(entry: UndoEntry, deployment: Deployment) -> bool:
    """An earlier deployment was not done with the scaling of the live slot, and this one took its place."""
    if entry.sides.live is None or not deployment.rolls(entry.service) or not deployment.scales(entry.service):
        return False
    found = entry.scaling.get(entry.sides.live)
    return found is None or not found.is_free


def _let_go(step: Step) -> Step:
    """An open run would keep every later deployment from running the command."""
    if step.run is None or not step.run.is_open:
        return step
    text = "nobody follows it any more: it may have run, and may still run"
    return replace(step, run=replace(step.run, state=RunState.UNKNOWN, text=text))


def _cut_off(step: Step, reason: Reason, now: datetime) -> Step:
    if step.state is StepState.RUNNING:
        return step.ended(StepState.FAILED, now, reason.text.removeprefix(f"{step.in_full}: "))
    if step.state is StepState.PENDING:
        return step.ended(StepState.SKIPPED, now, "")
    return step
