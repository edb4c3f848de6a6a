"""All of the traffic at once, then a bake with the old side still warm."""

from datetime import timedelta

from controller.domain.manifest import BlueGreen
from controller.domain.step import Step, StepKind


def steps(settings: BlueGreen, services: tuple[str, ...]) -> tuple[Step, ...]:
    shift = Step(StepKind.SHIFT, services, percent=100)
    bake = Step(StepKind.BAKE, services, wait=settings.bake)
    return (shift, bake) if settings.bake > timedelta(0) else (shift,)
