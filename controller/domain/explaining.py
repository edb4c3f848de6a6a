"""Why an environment, or a deployment, is as it is: one sentence, what speaks for it, and who or what can change that.

Pure. The command line, the API and the pages show these words and no others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.domain.clearing import AGAIN, ITSELF, NOBODY, RELEASE, STUCK, cleared_by
from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Pause, Phase
from controller.domain.drift import told
from controller.domain.environment import Hold, HoldUntil
from controller.domain.evidence import shortened
from controller.domain.metrics import Result
from controller.domain.overview import Overview, turns_back_after
from controller.domain.reason import until_pruned
from controller.domain.step import StepKind


@dataclass(frozen=True)
class Explanation:
    """`code` is stable. `since` is None where no row says; `clears` names who or what can change it.

    `look_again_at` is None when only an event (a push, an order) makes Tidegate look again. `orphans` are services that
    the file no longer names and that are still there, whatever else is going on; `ran` says what `before` did, or does,
    for what is live and what moves. `evidence` are the lines that say most of what went wrong.
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
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Answer:
    """`witness` is the deployment whose evidence speaks for it, where that is another one than `deployment`."""

    code: str
    text: str
    since: datetime | None
    clears: str
    deployment: str | None = None
    witness: str = field(default="")


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
        evidence=_evidence(answer, overview),
    )


def explain_deployment(deployment: Deployment, overview: Overview) -> Explanation:
    """The same words as those for its environment, as long as that is about it. `overview` is its environment's, with
    the evidence of this deployment."""
    questions = (_held_up, _in_flight, _waiting, _warm, _over)
    answer = next(found for question in questions if (found := question(overview, deployment)) is not None)
    goes_on = not deployment.is_final or deployment.is_retiring
    return Explanation(
        environment=deployment.environment,
        code=answer.code,
        text=answer.text,
        since=answer.since,
        clears=answer.clears,
        look_again_at=overview.due_at if goes_on else None,
        deployment=deployment.id,
        ran=tuple(dict.fromkeys(run.told for run in deployment.ran)),
        evidence=_evidence(answer, overview),
    )


def _evidence(answer: _Answer, overview: Overview) -> tuple[str, ...]:
    """What was written down last; before that, what is known of a deployment that goes wrong."""
    asked = answer.witness or answer.deployment or ""
    gathered = overview.evidence.get(asked, ())
    if gathered and gathered[-1].telling:
        return gathered[-1].telling
    moving = next((one for one in overview.open if one.id == asked and one.phase in IN_FLIGHT), None)
    found = (each for each in moving.findings if each.result is not Result.PASSED) if moving else ()
    return shortened((f"{each.service} {each.metric}: {each.text}" for each in found), asked)


def _ran(overview: Overview) -> tuple[str, ...]:
    deployments = [found for found in (overview.live, overview.moving) if found is not None]
    return tuple(dict.fromkeys(run.told for found in deployments for run in found.ran))


def _trouble(overview: Overview) -> _Answer | None:
    trouble = overview.environment.trouble
    if trouble is None:
        return None
    clears = cleared_here(trouble.code, overview)
    return _Answer(trouble.code, f"Tidegate can't look or act: {trouble.text}", None, clears)


def _held_up(overview: Overview, deployment: Deployment) -> _Answer | None:
    """What is over has no trouble any more."""
    return None if deployment.is_final else _trouble(overview)


def _moving(overview: Overview) -> _Answer | None:
    return _in_flight(overview, overview.moving) if overview.moving else None


def _in_flight(overview: Overview, moving: Deployment) -> _Answer | None:
    if moving.phase not in IN_FLIGHT:
        return None
    if moving.rests:
        return _resting(overview, moving)
    if moving.phase is Phase.ROLLING_BACK:
        text = f"{moving.id} turns back: {moving.reason.text}{_doing(moving)}"
        if moving.stuck is not None:
            code, ends = moving.stuck.code, STUCK.format(environment=moving.environment)
            clears = cleared_here(code, overview) if code == "home.no_healthy_target" else ends
            return _Answer(code, text, _step_since(moving), clears, moving.id)
        return _Answer(moving.reason.code, text, _step_since(moving), ITSELF, moving.id)
    if moving.pause is not None:
        code = moving.pause.reason.code
        mends = f"{cleared_here(code, overview, moving.id)}; or " if code.startswith("traffic.") else ""
        clears = f"{mends}{cleared_here('deployment.paused', overview, moving.id)}"
        text = f"{moving.id} is paused{_place(moving)}, {paused(moving.pause)}"
        return _Answer("deployment.paused", text, moving.pause.since, clears, moving.id)
    text = f"{moving.id} {purpose(moving)}{_doing(moving)}"
    if moving.is_to_be_confirmed:
        return _Answer(
            "confirm.waiting",
            text,
            _step_since(moving),
            cleared_here("confirm.waiting", overview, moving.id),
            moving.id,
        )
    if moving.needs_a_person:
        goes_on = f", or `tidegate resume {moving.id}` lets it go on" if moving.red else ""
        ends = "ends it" if moving.kind is Kind.PRUNE else "turns it back"
        clears = f"a person: `tidegate abort {moving.id}` {ends}{goes_on}"
        return _Answer(moving.reason.code, text, _step_since(moving), clears, moving.id)
    trouble = moving.step.trouble if moving.step else None
    mends = cleared_here(trouble.reason.code, overview, moving.id) if trouble else ""
    clears = f"{mends}; or {_may_be_told(moving)}" if mends and mends != ITSELF else _may_be_told(moving)
    return _Answer("deployment.running", text, _step_since(moving), clears, moving.id)


def _resting(overview: Overview, moving: Deployment) -> _Answer:
    """Its row says how far it had got in the past; what it does once it is released depends on what AWS shows then."""
    hold = overview.environment.hold
    text = f"{moving.id} moved when the backup was taken that is restored, and rests{_place(moving)}"
    end = "then it goes home, if AWS is as it left it, and else ends where it stands"
    clears = f"{cleared_here('environment.held', overview)}; {end}" if hold else ITSELF
    return _Answer("deployment.resting", text, hold.since if hold else None, clears, moving.id)


def _problem(overview: Overview) -> _Answer | None:
    """What is live stays live while the newest commit can't be recorded."""
    problem = overview.environment.problem
    if problem is None:
        return None
    clears = cleared_here(problem.code, overview)
    return _Answer(problem.code, f"the newest commit isn't taken: {problem.text}", None, clears)


def _strange(overview: Overview) -> _Answer | None:
    """Nothing of ours moves, and yet the traffic is not where one version could be: somebody else's hand."""
    named = overview.live.revision.file.services if overview.live else overview.seen
    split = [name for name, view in overview.seen.items() if view.is_split]
    moved = [name for name, view in overview.seen.items() if view.is_moved_by_hand and not view.is_split]
    cut_off = [name for name, view in overview.seen.items() if view.is_cut_off and name in named]
    if split:
        text = f"the traffic of {', '.join(split)} is split, and no deployment moves it"
        return _Answer("traffic.split", text, None, cleared_here("traffic.split", overview))
    if moved and not overview.open:
        text = f"the traffic of {', '.join(moved)} goes to a slot without tasks, and no deployment has sent it there"
        return _Answer("traffic.elsewhere", text, None, cleared_here("traffic.elsewhere", overview))
    if cut_off and not overview.environment.drift.found:
        text = f"tasks of {', '.join(cut_off)} run, and no listener rule leads to them"
        return _Answer("traffic.rule_missing", text, None, cleared_here("traffic.rule_missing", overview))
    return None


def _queued(overview: Overview) -> _Answer | None:
    return _waiting(overview, overview.moving) if overview.moving else None


def _waiting(overview: Overview, waiting: Deployment) -> _Answer | None:
    if waiting.phase is not Phase.WAITING:
        return None
    code, hold = waiting.reason.code, overview.environment.hold
    clears, text = cleared_here(code, overview, waiting.id), f"{waiting.id} waits: {waiting.reason.text}"
    if code != "environment.held" or hold is None:
        return _Answer(code, text, waiting.created_at, clears, waiting.id)
    return _Answer(code, text, hold.since, clears, waiting.id, f"{waiting.environment}-{hold.deployment}")


def _held(overview: Overview) -> _Answer | None:
    hold = overview.environment.hold
    if hold is None:
        return None
    turned = f"{overview.environment.name}-{hold.deployment}"
    text = f"{overview.environment.name} is held since {turned} {how_it_began(hold)}: {hold.reason.text}"
    return _Answer("environment.held", text, hold.since, cleared_here("environment.held", overview), turned)


def _kept_warm(overview: Overview) -> _Answer | None:
    retiring = next((deployment for deployment in overview.open if deployment.is_retiring), None)
    return _warm(overview, retiring) if retiring else None


def _warm(overview: Overview, retiring: Deployment) -> _Answer | None:
    if not retiring.is_retiring:
        return None
    text = f"{retiring.revision.version} is live; {_old_slots(retiring)}"
    clears = f"{ITSELF}; until then `tidegate rollback {overview.environment.name}` goes back at once"
    return _Answer("environment.warm", text, overview.environment.live_since, clears, retiring.id)


def _drifted(overview: Overview) -> _Answer | None:
    """The version is live, and AWS is not as it was declared."""
    drift, live, name = overview.environment.drift, overview.live, overview.environment.name
    if live is None or not drift.found:
        return None
    version = f"{live.revision.version} is live, and AWS is not as its file declares: {told(drift.found)}"
    since = min(each.since for each in drift.found)
    ordered = f"`tidegate deploy {name} --correct`"
    if drift.fought is not None:
        clears = f"whoever sets it otherwise, by leaving it; then a person: {ordered}"
        return _Answer(drift.fought.code, f"{version}. {drift.fought.text}", since, clears, live.id)
    by_itself = live.revision.file.drift == "correct"
    clears = f"{ITSELF}; or {ordered} at once" if by_itself else f"whoever set it otherwise; or a person: {ordered}"
    return _Answer("drift.found", version, since, clears, live.id)


def _at_rest(overview: Overview) -> _Answer | None:
    if overview.live is None:
        return None
    environment, live, wanted = overview.environment, overview.live, overview.wanted
    text, clears = f"{live.revision.version} is live", RELEASE if environment.follows_releases else "the next push"
    if wanted is not None:
        text = f"{text}; {wanted.revision.version} is not: {_why_not(wanted, live)}"
        clears = f"{clears}, or a person: `tidegate deploy {environment.name}` takes the branch as it is"
    elif environment.recorded is None or environment.recorded == live.revision.commit.sha:
        text = f"{text}, and nothing else is asked for{until_pruned(overview.orphans)}"
    else:
        text = f"{text}; {environment.recorded[:7]} came after it, and changes only paths that the file ignores"
    text = f"{text}. {environment.remark.text}" if environment.remark else text
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


def _over(overview: Overview, deployment: Deployment) -> _Answer:
    """How it ended; and what of it still stands in somebody's way."""
    since, code = deployment.finished_at, deployment.reason.code
    if deployment.phase is Phase.SUCCEEDED:
        hold = overview.environment.hold
        is_held = hold is not None and hold.deployment == deployment.number
        clears = cleared_here("environment.held", overview) if is_held else NOBODY
        return _Answer(code, _success(overview, deployment), since, clears, deployment.id)
    text = f"{deployment.id} {_ENDINGS[deployment.phase]}: {deployment.reason.text}"
    return _Answer(code, text, since, _follows(overview, deployment), deployment.id)


def _success(overview: Overview, deployment: Deployment) -> str:
    live = overview.live
    did = f"{deployment.id} {_purpose_of_the_past(deployment)}"
    if live is None or live.number <= deployment.number or deployment.kind is Kind.PRUNE:
        return f"{did}; {deployment.reason.text}"
    return f"{did}; since then {live.id} {_purpose_of_the_past(live)}"


def _purpose_of_the_past(deployment: Deployment) -> str:
    verb, _, what = purpose(deployment).partition(" ")
    return f"{_PAST[verb]} {what}"


_PAST = {"brings": "brought", "restarts": "restarted", "removes": "removed", "makes": "made"}


def _follows(overview: Overview, deployment: Deployment) -> str:
    """While it holds its environment that is to be released, whoever mends what went wrong."""
    environment, hold = overview.environment.name, overview.environment.hold
    ended_by_hand = deployment.phase in {Phase.ABORTED, Phase.EXPIRED}
    cause = AGAIN.format(environment=environment) if ended_by_hand else cleared_by(deployment.reason.code, environment)
    if hold is not None and hold.deployment == deployment.number:
        first = cleared_here("environment.held", overview)
        return first if ended_by_hand else f"{first}; what went wrong: {cause}"
    if overview.wanted is not None and overview.wanted.id == deployment.id:
        return cause
    return f"{NOBODY}; {cause}" if ended_by_hand else f"{NOBODY}; what went wrong: {cause}"


def _empty(overview: Overview) -> _Answer:
    text, remark = "nothing was ever deployed here", overview.environment.remark
    if remark is not None:
        return _Answer(remark.code, f"{text}: {remark.text}", None, cleared_here(remark.code, overview))
    return _Answer("environment.empty", text, None, "the first push to its branch")


_QUESTIONS: tuple[Callable[[Overview], _Answer | None], ...] = (
    _trouble,
    _moving,
    _problem,
    _strange,
    _queued,
    _held,
    _kept_warm,
    _drifted,
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
    if deployment.kind is Kind.CORRECT:
        return f"makes {version} again as its file declares it"
    return f"restarts {version}" if deployment.restart else f"brings {version}"


def paused(pause: Pause) -> str:
    """Who said so, why, and what comes of it if nobody says anything else."""
    end = f"{turns_back_after(pause).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"by {pause.actor}: {pause.reason.text}; it turns back by itself after {end}, unless it is resumed"


def how_it_began(hold: Hold) -> str:
    """What its deployment did, as the rest of a sentence."""
    return _BEGINNINGS.get(hold.reason.code, "failed" if hold.has_failed else "turned back")


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


def cleared_here(code: str, overview: Overview, deployment: str = "") -> str:
    """Who or what can change it, in this environment as it is."""
    hold = overview.environment.hold
    next_commit = code == "environment.held" and hold is not None and hold.until is HoldUntil.NEXT_COMMIT
    first = "the next commit that deploys something, or " if next_commit else ""
    return f"{first}{cleared_by(code, overview.environment.name, deployment)}"
