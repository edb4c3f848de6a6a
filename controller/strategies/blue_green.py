"""All of the traffic at once, then a bake with the old side still warm."""

from datetime import timedelta

from controller.domain.manifest import BlueGreen
from controller.domain.step import Step, StepKind


def steps(settings: BlueGreen, every: tuple[str, ...], routed: tuple[str, ...]) -> tuple[Step, ...]:
    warm = Step(StepKind.WARM, every)
    shift = Step(StepKind.SHIFT, routed, percent=100)
    bake = Step(StepKind.BAKE, routed, wait=settings.bake)
    return (warm, shift, bake) if settings.bake > timedelta(0) else (warm, shift)
