"""The traffic moves in steps, each watched for a while before the next."""

from datetime import timedelta

from controller.domain.manifest import Canary
from controller.domain.step import Step, StepKind


def steps(settings: Canary, every: tuple[str, ...], routed: tuple[str, ...]) -> tuple[Step, ...]:
    listed = [Step(StepKind.WARM, every)]
    for each in settings.steps:
        listed.append(Step(StepKind.SHIFT, routed, percent=each.weight))
        if each.bake > timedelta(0):
            listed.append(Step(StepKind.BAKE, routed, wait=each.bake))
    return tuple(listed)
