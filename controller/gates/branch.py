"""What the branch no longer contains doesn't start by itself."""

from datetime import datetime

from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Held while the branch's history is not the one that was recorded; what a person ordered is open."""
    environment = case.environment
    if not environment.is_rewritten or environment.problem is None or case.deployment.because_of is not None:
        return opened("branch.descends", "the branch contains it")
    text = f"{environment.problem.text}; `tidegate deploy {environment.name}` takes the branch as it is"
    return held(environment.problem.code, text)
