"""Why an environment is as it is, in one sentence, and who or what can change that. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.domain.deployment import IN_FLIGHT, Deployment, Phase
from controller.domain.environment import HoldUntil
from controller.domain.overview import Overview

ITSELF = "Tidegate, by itself"
AUTHOR = "the author: push a commit that mends it"
OPERATOR = "an operator: the repository, its branch, or the right to read it"
PERSON = "a person: `tidegate unhold {environment}`"


@dataclass(frozen=True)
class Explanation:
    """`code` is stable. `since` is None where no row says; `clears` names who or what can change it.

    `look_again_at` is None when only an event (a push, an order) makes Tidegate look again.
    """

    environment: str
    code: str
    text: str
    since: datetime | None
    clears: str
    look_again_at: datetime | None
    deployment: str | None = None


@dataclass(frozen=True)
class _Answer:
    code: str
    text: str
    since: datetime | None
    clears: str
    deployment: str | None = None


def explain(overview: Overview) -> Explanation:
    """The first answer counts: what keeps Tidegate from acting, what moves, what is wrong, what waits, what rests."""
    answer = next(found for question in _QUESTIONS if (found := question(overview)) is not None)
    return Explanation(
        environment=overview.environment.name,
        code=answer.code,
        text=answer.text,
        since=answer.since,
        clears=answer.clears,
        look_again_at=overview.due_at,
        deployment=answer.deployment,
    )


def _trouble(overview: Overview) -> _Answer | None:
    trouble = overview.environment.trouble
    if trouble is None:
        return None
    clears = "an operator, if it stays: Tidegate tries again by itself"
    return _Answer(trouble.code, f"Tidegate can't look or act: {trouble.text}", None, clears)


def _in_flight(overview: Overview) -> _Answer | None:
    moving = overview.moving
    if moving is None or moving.phase not in IN_FLIGHT:
        return None
    if moving.phase is Phase.ROLLING_BACK:
        text = f"{moving.id} turns back: {moving.reason.text}{_doing(moving)}"
        return _Answer(moving.reason.code, text, _step_since(moving), ITSELF, moving.id)
    text = f"{moving.id} brings {moving.revision.version}{_doing(moving)}"
    clears = f"{ITSELF}; `tidegate abort {moving.id}` turns it back"
    return _Answer("deployment.running", text, _step_since(moving), clears, moving.id)


def _problem(overview: Overview) -> _Answer | None:
    """What is live stays live while the newest commit can't be recorded."""
    problem = overview.environment.problem
    if problem is None:
        return None
    clears = _cleared_by(problem.code, overview) or AUTHOR
    return _Answer(problem.code, f"the newest commit isn't taken: {problem.text}", None, clears)


def _waiting(overview: Overview) -> _Answer | None:
    moving = overview.moving
    if moving is None:
        return None
    code = moving.reason.code
    clears = _cleared_by(code, overview) or ITSELF
    since = overview.environment.hold.since if code == "environment.held" and overview.environment.hold else None
    return _Answer(code, f"{moving.id} waits: {moving.reason.text}", since or moving.created_at, clears, moving.id)


def _held(overview: Overview) -> _Answer | None:
    hold = overview.environment.hold
    if hold is None:
        return None
    turned = f"{overview.environment.name}-{hold.deployment}"
    text = f"{overview.environment.name} is held since {turned} turned back: {hold.reason.text}"
    return _Answer("environment.held", text, hold.since, _cleared_by("environment.held", overview), turned)


def _warm(overview: Overview) -> _Answer | None:
    retiring = next((deployment for deployment in overview.open if deployment.is_retiring), None)
    if retiring is None:
        return None
    text = f"{retiring.revision.version} is live; {_old_slots(retiring)}"
    return _Answer("environment.warm", text, overview.environment.live_since, ITSELF, retiring.id)


def _at_rest(overview: Overview) -> _Answer | None:
    if overview.live is None:
        return None
    newest, live = overview.environment.recorded, overview.live.revision
    if newest is None or newest == live.commit.sha:
        text = f"{live.version} is live, and nothing else is asked for"
    else:
        why = "it changed nothing that is deployed, or it turned back"
        text = f"{live.version} is live; {newest[:7]} came after it and is not: {why}"
    return _Answer("environment.at_rest", text, overview.environment.live_since, "the next push", overview.live.id)


def _empty(overview: Overview) -> _Answer:
    return _Answer("environment.empty", "nothing was ever deployed here", None, "the first push to its branch")


_QUESTIONS: tuple[Callable[[Overview], _Answer | None], ...] = (
    _trouble,
    _in_flight,
    _problem,
    _waiting,
    _held,
    _warm,
    _at_rest,
    _empty,
)


def _doing(deployment: Deployment) -> str:
    step = deployment.step
    if step is None:
        return ""
    return f"; step {step.number} of {len(deployment.steps)}, {step.title}{f': {step.detail}' if step.detail else ''}"


def _step_since(deployment: Deployment) -> datetime | None:
    return deployment.step.started_at if deployment.step else deployment.started_at


def _old_slots(deployment: Deployment) -> str:
    detail = deployment.step.detail if deployment.step else ""
    return detail or "its old slots are still there"


_CLEARED_BY: Mapping[str, str] = {
    "branch.missing": OPERATOR,
    "content.quarantined": f"a fix or a revert, or {PERSON}",
    "environment.held": PERSON,
    "gate.not_built": "the author, by taking these keys out of the file, or a Tidegate that knows them",
    "github": OPERATOR,
    "source.history_rewritten": "the author: let the branch descend from what was recorded",
    "image.missing": "the build that pushes the image, or the deployment that it is promoted from",
    "queue.behind": "the end of the deployment before it",
    "traffic.rule_missing": "an operator: put the listener rule back",
    "traffic.split": "an operator: give the listener rule's whole weight to one slot",
}
"""By code, or by what stands before its point."""


def _cleared_by(code: str, overview: Overview) -> str:
    name, hold = overview.environment.name, overview.environment.hold
    known = _CLEARED_BY.get(code) or _CLEARED_BY.get(code.partition(".")[0], "")
    next_commit = code == "environment.held" and hold is not None and hold.until is HoldUntil.NEXT_COMMIT
    return f"{'the next commit that deploys something, or ' if next_commit else ''}{known.format(environment=name)}"
