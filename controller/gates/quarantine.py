"""Content that turned back here once doesn't come again by itself."""

from datetime import datetime

from controller.domain.deployment import Plan
from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Held while the plan would bring a quarantined combination of contents; a revert or a fix has other content."""
    contents = _contents(case.plan) if case.plan else {}
    caught = [entry for entry in case.environment.quarantines if entry.catches(contents)]
    if not caught:
        return opened("content.unknown", "nothing like it has failed here")
    first = caught[0]
    services = ", ".join(first.contents)
    text = f"the same content of {services} turned back as {case.environment.name}-{first.deployment}"
    return held(
        "content.quarantined", f"{text}; merge a fix, or `tidegate unhold {case.environment.name}` to let it in"
    )


def _contents(plan: Plan) -> dict[str, str]:
    return {entry.service: entry.content.digest for entry in plan.rolling}
