"""What the branch no longer contains doesn't start by itself."""

from datetime import datetime

from controller.domain.environment import REWRITTEN
from controller.gates.base import Case, Verdict, held, opened


def judge(case: Case, now: datetime) -> Verdict:
    """Held while the branch's history is not the one that was recorded; what a person ordered is open."""
    problem = case.environment.problem
    if problem is None or problem.code != REWRITTEN or case.deployment.because_of is not None:
        return opened("branch.descends", "the branch contains it")
    return held(REWRITTEN, f"{problem.text}; `tidegate deploy {case.environment.name}` takes the branch as it is")
