"""Half of the traffic, then all of it, without a pause: for environments where a minute matters more than a second
look."""

from controller.domain.manifest import Rolling
from controller.domain.step import Step, StepKind


def steps(settings: Rolling, services: tuple[str, ...]) -> tuple[Step, ...]:
    return (Step(StepKind.SHIFT, services, percent=50), Step(StepKind.SHIFT, services, percent=100))
