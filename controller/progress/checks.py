"""Smoke and verify: questions asked over HTTP."""

from urllib.parse import urlsplit

from controller.domain.checks import CheckAnswer
from controller.domain.counting import counted
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.snapshot import Snapshot
from controller.domain.step import Step
from controller.progress.outcomes import Done, Outcome, Stumble, Terms, asleep_words


def smoke(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    return _answers(snapshot.smoke, "smoke.red", "smoke test", step.services)


def verify(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """By night nobody answers for a service that sleeps and doesn't roll, and nothing is concluded from that."""
    outcome = _answers(snapshot.verify, "verify.red", "verification", ())
    asleep = deployment.sleeping(snapshot.taken_at)
    if asleep and isinstance(outcome, Stumble):
        return Done(f"not judged, for {asleep_words(asleep)}: {outcome.reason.text}")
    return outcome


def _answers(answers: tuple[CheckAnswer, ...], code: str, what: str, blamed: tuple[str, ...]) -> Outcome:
    red = [answer for answer in answers if not answer.passed]
    if not red:
        return Done(f"{counted(len(answers), 'check')} passed")
    told = "; ".join(f"{_asked(answer)}: {answer.found}" for answer in red)
    culprits = tuple(name for name in blamed if any(answer.check.service == name for answer in red))
    return Stumble(Reason(code, f"the {what} failed: {told}"), culprits)


def _asked(answer: CheckAnswer) -> str:
    """Of an idle slot the service and the path; from outside the whole address."""
    if answer.check.service is None:
        return answer.check.url
    return f"{answer.check.service} {urlsplit(answer.check.url).path}"
