"""After turning back an environment waits for a person, or for the next commit."""

from datetime import datetime

from controller.domain.environment import HoldUntil
from controller.domain.explaining import how_it_began
from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Open without a hold, for a restart of what is live, and for another commit after the one that turned back where
    the next commit lifts it."""
    hold = case.environment.hold
    if hold is None:
        return opened("environment.free", "the environment isn't held")
    if case.deployment.restarts_what_is_live:
        return opened("environment.free", "it brings nothing new")
    is_later, commit = case.deployment.number > hold.deployment, case.deployment.revision.commit.sha
    if hold.until is HoldUntil.NEXT_COMMIT and is_later and commit != hold.commit:
        return opened("environment.free", f"a commit came after {case.environment.name}-{hold.deployment}")
    began = f"{case.environment.name}-{hold.deployment} {how_it_began(hold)}"
    text = f"the environment is held since {began}: {hold.reason.text}"
    return held("environment.held", f"{text}; `tidegate unhold {case.environment.name}` releases it")
