"""Patience: how long a step may look wrong, take its time or be paused before its deployment turns back.

The same for every kind of step; which kinds are excepted, and their deadlines, stand in the tables of this room.
"""

from dataclasses import replace
from datetime import timedelta

from controller.domain.actions import RunTask
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.reason import Reason
from controller.domain.step import PATIENCE, Step, Trouble, spoken
from controller.progress import BLAMELESS, DEADLINES, FREE_WHILE_PAUSED, HOOKS, PATIENT, UNSTOPPABLE
from controller.progress.outcomes import Ask, Done, Fail, Foreign, Halt, Need, Outcome, Stumble, Terms, Wait


def judged(deployment: Deployment, step: Step, outcome: Outcome, terms: Terms) -> Outcome:
    """`outcome`, unless patience, a deadline or a pause says otherwise."""
    if isinstance(outcome, Fail | Need) or step.kind in UNSTOPPABLE or deployment.phase is not Phase.RUNNING:
        return outcome
    if isinstance(outcome, Stumble) and _is_believed(step, outcome, terms):
        return Fail(outcome.reason, outcome.culprits, outcome.quarantines)
    if deployment.pause is not None:
        outcome = _while_paused(deployment, deployment.pause, step, outcome)
    if isinstance(outcome, Done | Fail | Halt):
        return outcome
    gives_up = step.kind not in PATIENT
    if gives_up and step.trouble and step.trouble.permanent and step.trouble.times >= PATIENCE:
        return Fail(step.trouble.reason, quarantines=False)
    deadline = DEADLINES.get(step.kind)
    if deadline and step.active > deadline:
        waited = f"; last: {outcome.reason.text}" if isinstance(outcome, Wait | Stumble | Foreign) else ""
        reason = Reason("step.deadline", f"{step.title} was not done within {spoken(deadline)}{waited}")
        return Fail(reason, quarantines=step.kind not in BLAMELESS)
    return outcome


def _while_paused(deployment: Deployment, pause: Pause, step: Step, outcome: Outcome) -> Outcome:
    """Nothing rises and nothing ends; what goes wrong still counts, and so does the time."""
    if pause.observed >= pause.limit:
        text = f"nobody resumed it within {spoken(pause.limit)}; it was paused because {pause.reason.text}"
        return Fail(Reason("pause.expired", text), quarantines=False)
    if isinstance(outcome, Stumble) or step.kind in FREE_WHILE_PAUSED:
        return outcome
    if step.kind in HOOKS and not (isinstance(outcome, Ask) and isinstance(outcome.action, RunTask)):
        return outcome
    left = spoken(timedelta(seconds=round((pause.limit - pause.observed).total_seconds())))
    text = f"paused by {pause.actor}: {pause.reason.text}; it turns back in {left}, unless it is resumed"
    return Wait(Reason("deployment.paused", text))


def _is_believed(step: Step, outcome: Stumble, terms: Terms) -> bool:
    """Over a longer time it may look wrong now in this way and now in another one."""
    if outcome.within:
        return step.observed - _wrong_since(step) >= outcome.within
    return times(step, outcome.reason, terms) >= PATIENCE


def _wrong_since(step: Step) -> timedelta:
    """How long the step had been observed when it began to look wrong; now, if it didn't the last time."""
    return step.trouble.began if step.trouble and not step.trouble.by_action else step.observed


def times(step: Step, reason: Reason, terms: Terms) -> int:
    """How often in a row it looked wrong in this way, this look included; a burst of wake-ups is one look."""
    if step.trouble is None or step.trouble.by_action or step.trouble.reason.code != reason.code:
        return 1
    return step.trouble.times + (0 if _in_one_breath(step, reason, terms) else 1)


def _in_one_breath(step: Step, reason: Reason, terms: Terms) -> bool:
    """Whether the last such look was less than half a pace ago."""
    last = step.trouble
    return last is not None and last.reason.code == reason.code and (step.observed - last.since) * 2 < terms.pace


def stumbled(deployment: Deployment, step: Step, reason: Reason, terms: Terms) -> Deployment:
    since = step.trouble.since if _in_one_breath(step, reason, terms) and step.trouble else step.observed
    trouble = Trouble(reason, times(step, reason, terms), since=since, began=_wrong_since(step))
    return deployment.with_step(replace(step, detail=reason.text, trouble=trouble))
