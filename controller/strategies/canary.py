"""The traffic moves in steps, each watched for a while before the next, and some until a person has said so."""

from datetime import timedelta

from controller.domain.manifest import Canary
from controller.domain.step import Step, StepKind

CONFIRMATION = timedelta(hours=24)
"""So long a person has to say that the next share may come; then it turns back."""


def steps(settings: Canary, every: tuple[str, ...], routed: tuple[str, ...]) -> tuple[Step, ...]:
    listed = [Step(StepKind.WARM, every)]
    for each in settings.steps:
        listed.append(Step(StepKind.SHIFT, routed, percent=each.weight))
        if each.bake > timedelta(0):
            listed.append(Step(StepKind.BAKE, routed, wait=each.bake))
        if each.confirm:
            listed.append(Step(StepKind.CONFIRM, routed, wait=CONFIRMATION))
    return tuple(listed)
