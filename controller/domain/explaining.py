"""Why an environment is as it is, in one sentence, and who or what can change that. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Pause, Phase
from controller.domain.environment import Hold, HoldUntil
from controller.domain.overview import Overview, turns_back_after
from controller.domain.reason import until_pruned
from controller.domain.step import StepKind

ITSELF = "Tidegate, by itself"
AUTHOR = "the author: push a commit that mends it"
OPERATOR = "an operator: the repository, its branch, or the right to read it"
PERSON = "a person: `tidegate unhold {environment}`"
ENDED = "a person: `tidegate abort {environment}` ends it with the traffic where it is"
STUCK = f"an operator: Tidegate tries again by itself; or {ENDED}"


@dataclass(frozen=True)
class Explanation:
    """`code` is stable. `since` is None where no row says; `clears` names who or what can change it.

    `look_again_at` is None when only an event (a push, an order) makes Tidegate look again. `orphans` are services that
    the file no longer names and that are still there, whatever else is going on; `ran` says what `before` did, or does,
    for what is live and what moves.
    """

    environment: str
    code: str
    text: str
    since: datetime | None
    clears: str
    look_again_at: datetime | None
    deployment: str | None = None
    orphans: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()


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
        orphans=overview.orphans,
        ran=_ran(overview),
    )


def _ran(overview: Overview) -> tuple[str, ...]:
    deployments = [found for found in (overview.live, overview.moving) if found is not None]
    return tuple(dict.fromkeys(run.told for found in deployments for run in found.ran))


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
    if moving.rests:
        return _resting(overview, moving)
    if moving.phase is Phase.ROLLING_BACK:
        text = f"{moving.id} turns back: {moving.reason.text}{_doing(moving)}"
        if moving.stuck is not None:
            clears = _cleared_by(moving.stuck.code, overview) or STUCK.format(environment=moving.environment)
            return _Answer(moving.stuck.code, text, _step_since(moving), clears, moving.id)
        return _Answer(moving.reason.code, text, _step_since(moving), ITSELF, moving.id)
    if moving.pause is not None:
        clears = f"a person: `tidegate resume {moving.id}` goes on, `tidegate abort {moving.id}` turns back"
        text = f"{moving.id} is paused{_place(moving)}, {paused(moving.pause)}"
        return _Answer("deployment.paused", text, moving.pause.since, clears, moving.id)
    text = f"{moving.id} {purpose(moving)}{_doing(moving)}"
    return _Answer("deployment.running", text, _step_since(moving), _may_be_told(moving), moving.id)


def _resting(overview: Overview, moving: Deployment) -> _Answer:
    """Its row says how far it had got in the past; what it does once it is released depends on what AWS shows then."""
    hold = overview.environment.hold
    text = f"{moving.id} moved when the backup was taken that is restored, and rests{_place(moving)}"
    end = "then it goes home, if AWS is as it left it, and else ends where it stands"
    clears = f"{_cleared_by('environment.held', overview)}; {end}" if hold else ITSELF
    return _Answer("deployment.resting", text, hold.since if hold else None, clears, moving.id)


def _problem(overview: Overview) -> _Answer | None:
    """What is live stays live while the newest commit can't be recorded."""
    problem = overview.environment.problem
    if problem is None:
        return None
    clears = _cleared_by(problem.code, overview) or AUTHOR
    return _Answer(problem.code, f"the newest commit isn't taken: {problem.text}", None, clears)


def _strange(overview: Overview) -> _Answer | None:
    """Nothing of ours moves, and yet the traffic is not where one version could be: somebody else's hand."""
    named = overview.live.revision.file.services if overview.live else overview.seen
    split = [name for name, view in overview.seen.items() if view.is_split]
    cut_off = [name for name, view in overview.seen.items() if view.is_cut_off and name in named]
    if split:
        text = f"the traffic of {', '.join(split)} is split, and no deployment moves it"
        return _Answer("traffic.split", text, None, _cleared_by("traffic.split", overview))
    if cut_off:
        text = f"tasks of {', '.join(cut_off)} run, and no listener rule leads to them"
        return _Answer("traffic.rule_missing", text, None, _cleared_by("traffic.rule_missing", overview))
    return None


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
    text = f"{overview.environment.name} is held since {turned} {how_it_began(hold)}: {hold.reason.text}"
    return _Answer("environment.held", text, hold.since, _cleared_by("environment.held", overview), turned)


def _warm(overview: Overview) -> _Answer | None:
    retiring = next((deployment for deployment in overview.open if deployment.is_retiring), None)
    if retiring is None:
        return None
    text = f"{retiring.revision.version} is live; {_old_slots(retiring)}"
    clears = f"{ITSELF}; until then `tidegate rollback {overview.environment.name}` goes back at once"
    return _Answer("environment.warm", text, overview.environment.live_since, clears, retiring.id)


def _at_rest(overview: Overview) -> _Answer | None:
    if overview.live is None:
        return None
    environment, live, wanted = overview.environment, overview.live, overview.wanted
    text, clears = f"{live.revision.version} is live", "the next push"
    if wanted is not None:
        text = f"{text}; {wanted.revision.version} is not: {_why_not(wanted, live)}"
        clears = f"the next push, or a person: `tidegate deploy {environment.name}` takes the branch as it is"
    elif environment.recorded is None or environment.recorded == live.revision.commit.sha:
        text = f"{text}, and nothing else is asked for{until_pruned(overview.orphans)}"
    else:
        text = f"{text}; {environment.recorded[:7]} came after it, and changes only paths that the file ignores"
    return _Answer("environment.at_rest", text, environment.live_since, clears, live.id)


def _why_not(wanted: Deployment, live: Deployment) -> str:
    if wanted.phase is not Phase.SUCCEEDED:
        return f"{wanted.id} {_ENDINGS.get(wanted.phase, 'ended')}: {wanted.reason.text}"
    return f"{wanted.id} had brought it, and {live.id} {purpose(live)}"


_ENDINGS: Mapping[Phase, str] = {
    Phase.ROLLED_BACK: "turned back",
    Phase.FAILED: "failed",
    Phase.ABORTED: "was aborted",
    Phase.SUPERSEDED: "was superseded",
    Phase.REJECTED: "was rejected",
    Phase.EXPIRED: "expired",
}


def _empty(overview: Overview) -> _Answer:
    return _Answer("environment.empty", "nothing was ever deployed here", None, "the first push to its branch")


_QUESTIONS: tuple[Callable[[Overview], _Answer | None], ...] = (
    _trouble,
    _in_flight,
    _problem,
    _strange,
    _waiting,
    _held,
    _warm,
    _at_rest,
    _empty,
)


def purpose(deployment: Deployment) -> str:
    """What it does to its environment, as the rest of a sentence: `brings develop-1f3c5a7`."""
    version = deployment.revision.version
    if deployment.kind is Kind.PRUNE:
        return f"removes {deployment.pruned}"
    if deployment.kind is Kind.ROLLBACK:
        return f"brings {version} back{f', as {deployment.back_to} did it' if deployment.back_to else ''}"
    return f"restarts {version}" if deployment.restart else f"brings {version}"


def paused(pause: Pause) -> str:
    """Who said so, why, and what comes of it if nobody says anything else."""
    end = f"{turns_back_after(pause).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"by {pause.actor}: {pause.reason.text}; it turns back by itself after {end}, unless it is resumed"


def how_it_began(hold: Hold) -> str:
    """What its deployment did, as the rest of a sentence."""
    return _BEGINNINGS.get(hold.reason.code, "turned back")


_BEGINNINGS: Mapping[str, str] = {
    "order.aborted": "was aborted",
    "rollback.ordered": "brought an older version back",
    "traffic.adopted": "brought an older version back",
    "alarm.rang_late": "brought an older version back",
    "analysis.failed_late": "brought an older version back",
    "restore.held": "was the newest when a backup was restored",
}
"""By the code of the hold's reason."""


def _may_be_told(moving: Deployment) -> str:
    """Who ends it, and which orders it takes meanwhile: nothing turns back from a rollback or a removal."""
    if moving.kind in {Kind.ROLLBACK, Kind.PRUNE}:
        return ITSELF
    bakes = moving.step is not None and moving.step.kind is StepKind.BAKE
    ends = f"`tidegate promote {moving.id}` ends the bake, " if bakes else ""
    return f"{ITSELF}; {ends}`tidegate abort {moving.id}` turns it back"


def _place(deployment: Deployment) -> str:
    step = deployment.step
    return f" at step {step.number} of {len(deployment.steps)}, {step.title}" if step else ""


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
    "alarm.missing": "whoever makes the alarm, or the author, by taking it out of `watch.alarms`",
    "metrics.unreadable": "CloudWatch, by answering; or an operator, who gives the permission that the sentence names",
    "alarm.red": f"the alarms, by being well; or {PERSON}",
    "branch.missing": OPERATOR,
    "content.quarantined": f"a fix or a revert, or {PERSON}",
    "environment.held": PERSON,
    "gate.not_built": "the author, by taking these keys out of the file, or a Tidegate that knows them",
    "github": OPERATOR,
    "source.history_rewritten": (
        "the author: let the branch descend from what was recorded; or a person: `tidegate deploy {environment}`"
    ),
    "home.no_healthy_target": f"{ITSELF}, as soon as the slot has a healthy target; or {ENDED}",
    "image.missing": "the build that pushes the image, or the deployment that it is promoted from",
    "queue.behind": "the end of the deployment before it",
    "traffic.rule_missing": "an operator: put the listener rule back, or empty the slots",
    "traffic.split": "an operator: give the listener rule's whole weight to one slot",
}
"""By code, or by what stands before its point."""


def _cleared_by(code: str, overview: Overview) -> str:
    name, hold = overview.environment.name, overview.environment.hold
    known = _CLEARED_BY.get(code) or _CLEARED_BY.get(code.partition(".")[0], "")
    next_commit = code == "environment.held" and hold is not None and hold.until is HoldUntil.NEXT_COMMIT
    return f"{'the next commit that deploys something, or ' if next_commit else ''}{known.format(environment=name)}"
