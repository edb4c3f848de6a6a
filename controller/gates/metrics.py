"""The metrics that will judge can be read, before any traffic depends on it."""

from datetime import datetime

from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Held while CloudWatch refuses them, or doesn't answer: a version nobody can judge would only turn back."""
    if case.unreadable:
        return held("metrics.unreadable", f"the metrics that would judge it can't be read: {case.unreadable}")
    return opened("metrics.readable", "what is to be judged can be read")
