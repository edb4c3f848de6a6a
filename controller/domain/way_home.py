"""How a deployment turned back, and what turning back would still restore. Pure."""

from datetime import timedelta

from controller.domain.deployment import IN_FLIGHT, Deployment
from controller.domain.step import Step, StepKind, StepState, spoken
from controller.domain.undo import UndoEntry


def standing_undo(deployment: Deployment) -> tuple[UndoEntry, ...]:
    """What its undo record still stands for: all while it moves, later the services whose old slots it keeps warm."""
    entries = deployment.undo.entries if deployment.undo else ()
    if deployment.phase in IN_FLIGHT:
        return entries
    return tuple(entry for entry in entries if entry.service in deployment.keeps)


def way_home(deployment: Deployment) -> str:
    """Where it turned back, how much traffic the new version had by then, and how long until all of it was home; empty
    where it did not, and where nothing had changed yet."""
    home = next((step for step in deployment.steps if step.kind is StepKind.HOME), None)
    cut = next((step for step in deployment.steps if step.state in {StepState.FAILED, StepState.SKIPPED}), None)
    if home is None or cut is None or cut.kind is StepKind.BEFORE:
        return ""
    before = "in" if cut.state is StepState.FAILED else "before"
    place = f"{before} step {cut.number} of {home.number - 1}, {cut.title}"
    raised = [step.percent for step in deployment.steps if step.kind is StepKind.SHIFT and step.started_at]
    if not raised:
        return f"{place}, before any traffic was on the new version"
    is_partly_raised = cut.kind is StepKind.SHIFT and cut.started_at
    share = f"{'up to ' if is_partly_raised else ''}{raised[-1]}%"
    return f"{place}, with {share} of the traffic on the new version; {_end(cut, home)}"


def _end(cut: Step, home: Step) -> str:
    if home.state is StepState.FAILED:
        return "not all of it could come home"
    if home.state is not StepState.DONE or home.finished_at is None or cut.finished_at is None:
        return "not all of it is home yet"
    seconds = max(0, round((home.finished_at - cut.finished_at).total_seconds()))
    return f"all of it was home {f'{spoken(timedelta(seconds=seconds))} later' if seconds else 'at once'}"
