"""Evidence: what AWS knows of a failure is written down, while the tasks that it is about are still there.

It never keeps anybody from getting home: what can't be read is asked for a few times, and then said to be missing.
"""

from dataclasses import replace

from controller.domain.deployment import Deployment, Kind
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import PATIENCE, Step
from controller.progress.outcomes import Ask, Done, Need, Outcome, Stumble, Terms

UNREAD = "evidence.unread"


def gather(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    found = snapshot.gathered
    if found is None or found.step != step.number:
        return Need(frozenset({Evidence.FORENSICS}))
    later = [unread for unread in found.unread if unread.may_pass]
    looked = step.trouble.times if step.trouble else 0
    if later and looked < PATIENCE - 1:
        return Stumble(Reason(UNREAD, "; ".join(unread.told for unread in later)))
    return Done(found.told)


def is_due(step: Step, deployment: Deployment, outcome: Outcome, *, is_left: bool) -> bool:
    """Whether this step's failure waits for a person, who may come when AWS has forgotten it: then it is written down
    at once. `is_left`: only an order ends the step. What can be done again goes first; what AWS refuses again and again
    can't."""
    is_refused = step.trouble is not None and step.trouble.by_action
    waits = is_left or (deployment.stuck is not None and (is_refused or not isinstance(outcome, Ask)))
    return waits and step.number not in deployment.witnessed and deployment.kind is not Kind.PRUNE


def witnessed(deployment: Deployment, step: Step) -> Deployment:
    return replace(deployment, witnessed=(*deployment.witnessed, step.number))
