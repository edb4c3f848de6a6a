"""Watch: what CloudWatch says of a new version, from its first share of the traffic until its way back cools.

Alarms and metrics are two witnesses of one kind: what speaks against the version sends it home, what can't be asked is
looked at again a few times, and what has nothing to say by the end of a bake is as the file wants it. An alarm that
rang and is well again counts like one that rings: what is read reaches back to the start.
"""

from dataclasses import replace
from datetime import timedelta

from controller.analysis import judge, unreadable
from controller.domain.alarms import missing, ringing, still_excused, told, without_data
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.metrics import Finding, Readings, Result
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind
from controller.progress.outcomes import Ask, Done, Fail, Halt, Late, Need, Outcome, Stumble, Wait

INCONCLUSIVE = "watch.inconclusive"
ALARMS = frozenset({Evidence.ALARMS})
METRICS = frozenset({Evidence.METRICS})
NOTHING: frozenset[Evidence] = frozenset()
DEAF = timedelta(minutes=5)
"""So long a version may have traffic while nobody can read the alarms that watch it."""

WHILE_IT_MOVES = frozenset(
    {
        *(StepKind.SHIFT, StepKind.SHRINK, StepKind.BAKE, StepKind.CONFIRM, StepKind.ROUTE),
        *(StepKind.VERIFY, StepKind.TEST, StepKind.SCALE, StepKind.ADJUST, StepKind.ALARMS),
        *(StepKind.DISARM, StepKind.SETTLE),
    }
)


def asked(deployment: Deployment) -> frozenset[Evidence]:
    """What is to be seen before it starts, and while it moves. Only what brings something new is watched: a way back
    must not turn back because what it flees from still rings."""
    alarms = deployment.kind is Kind.DEPLOY and deployment.revision.file.watch.alarms
    return (ALARMS if alarms else NOTHING) | (METRICS if watched_services(deployment) else NOTHING)


def asked_in(step: Step, deployment: Deployment) -> frozenset[Evidence]:
    """What is to be seen in this step."""
    wanted = asked(deployment)
    if deployment.phase is Phase.RUNNING:
        return wanted if step.kind in WHILE_IT_MOVES else NOTHING
    kept_warm = deployment.phase is Phase.SUCCEEDED and any(
        each.kind is StepKind.RETIRE and each.wait and not each.is_over for each in deployment.steps
    )
    may_go_back = deployment.revision.file.rollback.automatic and not deployment.sent_home and not deployment.one_way
    return wanted if kept_warm and may_go_back else NOTHING


def watched_services(deployment: Deployment) -> tuple[str, ...]:
    """The services whose new version is judged by metrics: without a route there are no requests to count. Before it is
    known which ones roll, every one."""
    asks = any(metric is not None for _, metric in deployment.revision.file.watch.metrics)
    if deployment.kind is not Kind.DEPLOY or not asks:
        return ()
    if deployment.plan is None:
        return tuple(name for name in deployment.revision.file.services if deployment.is_routed(name))
    return tuple(rolling.service for rolling in deployment.plan.rolling if rolling.routed)


def judged(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Deployment:
    """With what metrics say of it in this picture; as it was where they were not asked."""
    if isinstance(outcome, Need) or not asked_in(step, deployment) & METRICS or deployment.share_since is None:
        return deployment
    compares = _is_end_of_bake(step, outcome) and deployment.percent_before(step) < 100
    found = tuple(
        finding
        for service in watched_services(deployment)
        for finding in _found(service, deployment, snapshot.readings, compares)
    )
    return deployment if found == deployment.findings else replace(deployment, findings=found)


def _found(service: str, deployment: Deployment, readings: Readings, compares: bool) -> tuple[Finding, ...]:
    """The old version is compared with while it has a share of the traffic, and once: a test that is asked at every
    look finds something sooner or later."""
    wanted, since = deployment.revision.file.watch.metrics, deployment.share_since
    assert since is not None, f"{deployment.id} is watched, so its traffic has begun to move"
    if readings.trouble:
        return unreadable(service, readings.trouble, wanted)
    sides = deployment.sides(service)
    old = readings.of(service, sides.live, since) if compares and sides.live else None
    return judge(service, readings.of(service, sides.idle, since), old, wanted)


def watched(step: Step, deployment: Deployment, snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """`outcome`, unless alarms or findings say otherwise."""
    wanted = asked_in(step, deployment)
    if isinstance(outcome, Need) or not wanted:
        return outcome
    findings = deployment.findings if wanted & METRICS else ()
    against = _rang(deployment, snapshot) or _failed(findings)
    if against and deployment.phase is Phase.SUCCEEDED:
        code, text = f"{against.reason.code}_late", f"after {deployment.id} had succeeded {against.reason.text}"
        return Late(Reason(code, text))
    if against:
        return replace(against, quarantines=deployment.has_raised)
    if deployment.phase is Phase.SUCCEEDED:
        return outcome
    unasked = _deaf(snapshot) or _gone(snapshot) or _unread(findings)
    if unasked and isinstance(outcome, Ask | Wait | Done):
        return unasked
    if isinstance(outcome, Done) and _is_end_of_bake(step, outcome):
        return _judged_at_the_end(step, deployment, snapshot, findings, outcome)
    return outcome


def _rang(deployment: Deployment, snapshot: Snapshot) -> Fail | None:
    rang = ringing(snapshot.alarms, deployment.excused)
    return Fail(Reason("alarm.rang", "; ".join(map(told, rang)))) if rang else None


def _failed(findings: tuple[Finding, ...]) -> Fail | None:
    failed = [finding for finding in findings if finding.result is Result.FAILED]
    if not failed:
        return None
    text = "; ".join(f"{finding.service} {finding.metric}: {finding.text}" for finding in failed)
    return Fail(Reason("analysis.failed", text), tuple(dict.fromkeys(finding.service for finding in failed)))


def _deaf(snapshot: Snapshot) -> Stumble | None:
    return Stumble(snapshot.deaf, within=DEAF, quarantines=False) if snapshot.deaf else None


def _gone(snapshot: Snapshot) -> Stumble | None:
    gone = missing(snapshot.alarms)
    if not gone:
        return None
    return Stumble(Reason("alarm.missing", f"CloudWatch has no alarm named {', '.join(gone)} any more"))


def _unread(findings: tuple[Finding, ...]) -> Stumble | None:
    """It may be CloudWatch's fault as well as anybody's: no content is to blame for it."""
    unread = next((finding for finding in findings if finding.result is Result.ERROR), None)
    return Stumble(Reason("analysis.error", unread.text), quarantines=False) if unread else None


def _is_end_of_bake(step: Step, outcome: Outcome) -> bool:
    return isinstance(outcome, Done) and step.kind is StepKind.BAKE and not step.promoted


def _judged_at_the_end(
    step: Step, deployment: Deployment, snapshot: Snapshot, findings: tuple[Finding, ...], outcome: Done
) -> Outcome:
    """A bake that has shown nothing. Numbers that are still on their way are waited for, as long as it takes that one
    whole minute is known of the shortest bake."""
    silent = [f"{name} had too little data" for name in without_data(snapshot.alarms)]
    unclear = [finding for finding in findings if finding.result is Result.INCONCLUSIVE]
    if not silent and not unclear:
        return outcome
    told_of = [*silent, *(f"{each.service} {each.metric}: {each.text}" for each in unclear)]
    text = f"the bake is over, and can't be judged: {'; '.join(told_of)}"
    late = snapshot.readings.lateness + snapshot.readings.minute
    if not silent and step.active < (step.wait or timedelta(0)) + late:
        return Wait(Reason("analysis.waiting", f"{text}; numbers of its last minutes are still on their way"))
    wanted, reason = deployment.revision.file.watch.on_inconclusive, Reason(INCONCLUSIVE, text)
    if wanted == "continue":
        return outcome
    return Fail(reason, quarantines=False) if wanted == "rollback" else Halt(reason)


def less_excused(deployment: Deployment, snapshot: Snapshot) -> Deployment:
    """An alarm that was seen well is excused no longer."""
    left = deployment.excused if snapshot.deaf else still_excused(snapshot.alarms, deployment.excused)
    return deployment if left == deployment.excused else replace(deployment, excused=left)
