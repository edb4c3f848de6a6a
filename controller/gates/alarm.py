"""The alarms that will watch exist, and none of them rings before anything has changed."""

from datetime import datetime

from controller.domain.alarms import missing, ringing, told
from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Held while one is missing or rings; a person's `resume` lets the deployment go on beside those that ring."""
    gone = missing(case.alarms)
    if gone:
        text = f"CloudWatch has no alarm named {', '.join(gone)}: make it, or take it out of watch.alarms"
        return held("alarm.missing", text)
    red = ringing(case.alarms, case.deployment.excused)
    if not red:
        return opened("alarm.quiet", "no alarm that watches rings")
    text = f"before anything has changed {'; '.join(map(told, red))}"
    return held("alarm.red", f"{text}; `tidegate resume {case.deployment.id}` goes on in spite of it")
