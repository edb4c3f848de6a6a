"""Turning back is also a plan: made from the undo record, traffic first, tasks later. Pure."""

from dataclasses import replace
from datetime import datetime

from controller.domain.deployment import Deployment, Phase, TurningBack, numbered
from controller.domain.reason import Reason
from controller.domain.step import Step, StepKind, StepState


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

    Where everything was new there is nothing to go back to: it ends as failed.
    """
    assert deployment.phase is Phase.RUNNING, f"{deployment.id} is {deployment.phase}: only a running one turns back"
    assert deployment.undo is not None, f"{deployment.id} runs, so it has an undo record"
    services = tuple(entry.service for entry in deployment.undo.entries)
    is_new = all(entry.sides.live is None for entry in deployment.undo.entries)
    ends_as = Phase.ABORTED if aborted else Phase.FAILED if is_new else Phase.ROLLED_BACK
    steps = tuple(_cut_off(step, reason, now) for step in deployment.steps)
    home = (Step(StepKind.HOME, services), Step(StepKind.RETIRE, services))
    return replace(
        deployment,
        steps=steps + numbered(home, len(steps) + 1),
        turning=TurningBack(ends_as, culprits, quarantines),
    ).moved(Phase.ROLLING_BACK, reason, now)


def _cut_off(step: Step, reason: Reason, now: datetime) -> Step:
    if step.state is StepState.RUNNING:
        return step.ended(StepState.FAILED, now, reason.text)
    if step.state is StepState.PENDING:
        return step.ended(StepState.SKIPPED, now, "")
    return step
