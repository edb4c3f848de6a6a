"""Half of the traffic, then all of it, without a pause: for environments where a minute matters more than a second
look."""

from controller.domain.manifest import Rolling
from controller.domain.step import Step, StepKind

HALF = 50


def steps(settings: Rolling, every: tuple[str, ...], routed: tuple[str, ...]) -> tuple[Step, ...]:
    """With `max: 150` half of the tasks take half of the traffic, and the old ones make room for the other half."""
    first, last = Step(StepKind.SHIFT, routed, percent=HALF), Step(StepKind.SHIFT, routed, percent=100)
    if settings.max == 200:
        return (Step(StepKind.WARM, every), first, last)
    return (
        Step(StepKind.WARM, every, percent=HALF),
        first,
        Step(StepKind.SHRINK, every, percent=HALF),
        Step(StepKind.WARM, every),
        last,
    )
