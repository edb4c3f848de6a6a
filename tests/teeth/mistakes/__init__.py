"""Mistakes that somebody could make, each with the test that catches it.

A mistake is a small change that reads as if it were right: a check left out, two lines in the other order, one look
believed too soon. Never here: a change that does not run at all, and one that nobody could see any harm in. To add one:
an entry in the file for what it is about, with a name that says what is wrong; `make teeth ARGS=word` tries it.
"""

from tests.teeth.mistake import Mistake
from tests.teeth.mistakes import (
    acting,
    approving,
    arriving,
    asking,
    drifting,
    entering,
    gating,
    hearing,
    judging,
    moving,
    ordering,
    recording,
    releasing,
    returning,
    running,
    scaling,
    scanning,
    seeing,
    standing,
    telling,
    witnessing,
)

MISTAKES: tuple[Mistake, ...] = (
    *acting.MISTAKES,
    *recording.MISTAKES,
    *releasing.MISTAKES,
    *asking.MISTAKES,
    *drifting.MISTAKES,
    *entering.MISTAKES,
    *judging.MISTAKES,
    *seeing.MISTAKES,
    *moving.MISTAKES,
    *running.MISTAKES,
    *returning.MISTAKES,
    *ordering.MISTAKES,
    *arriving.MISTAKES,
    *hearing.MISTAKES,
    *standing.MISTAKES,
    *witnessing.MISTAKES,
    *scaling.MISTAKES,
    *gating.MISTAKES,
    *scanning.MISTAKES,
    *approving.MISTAKES,
    *telling.MISTAKES,
)
