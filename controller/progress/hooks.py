"""Before, test and stop: commands that run once, each as a task of its own.

The intent is written down before the task is asked for, and every attempt has the same token; so a lost reply leads to
the same task. What AWS doesn't show is not believed to be gone before it had time to show it, and where nobody can tell
any more whether a command has run, it is not run again.
"""

from dataclasses import replace
from datetime import timedelta

from controller.domain.actions import RunTask, StopTask
from controller.domain.deployment import Deployment, Phase
from controller.domain.hooks import Run, RunState, token_of
from controller.domain.log_lines import gist
from controller.domain.reason import Reason
from controller.domain.rendering import image_digest
from controller.domain.snapshot import Evidence, HookView, Snapshot, TaskView
from controller.domain.step import Step, StepKind, spoken
from controller.progress.outcomes import Ask, Done, Fail, Need, Outcome, Terms, Wait, asleep_words

STARTING = timedelta(minutes=20)
"""So long it may take until AWS takes a task: capacity comes back, or it doesn't."""

TOKEN_LASTS = timedelta(minutes=45)
"""So long after it was first asked for a task may be asked for again. AWS knows a token for an hour after its task has
ended: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html."""

LOST = timedelta(minutes=5)
"""A task that AWS has not shown for so long is given up: its answers may be old by seconds, at most minutes."""

FINDING = timedelta(seconds=30)
"""So long a task is looked for that was asked for and never seen, before it counts as never started."""

TARGET = "TIDEGATE_TARGET"
"""The variable that tells a command of `verify` where the environment answers."""


def before(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Once for each service, image and command, whichever deployment did it."""
    run = step.run
    if run is not None and run.deployment != deployment.id:
        return Done(f"not run again: it {run.did}")
    return _carried_out(step, deployment, snapshot, terms)


def test(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Anew in each deployment; not begun while services sleep that it may ask."""
    asleep = deployment.sleeping(snapshot.taken_at)
    if asleep and step.run is None:
        return Done(f"not run: {asleep_words(asleep)}")
    return _carried_out(step, deployment, snapshot, terms)


def stop(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """On the way home: what still runs is stopped, and how it ended is written down."""
    origin = deployment.unsettled
    if origin is None or origin.run is None:
        return Done("; ".join(each.run.text for each in deployment.steps if each.run and each.kind is not step.kind))
    return _ended(step, origin, snapshot)


def noted(deployment: Deployment, snapshot: Snapshot) -> Deployment:
    """The deployment with what this picture shows of its hook."""
    step, view = deployment.hooked, snapshot.hook
    if step is None or view is None or view.step != step.number:
        return deployment
    if step.run is None:
        return deployment.with_step(replace(step, run=view.earlier))
    if not step.run.is_open or deployment.step is None:
        return deployment
    if view.task is not None:
        return deployment.with_step(replace(step, run=_seen(step, step.run, view.task, deployment)))
    if deployment.step.kind is StepKind.STOP and _is_given_up(deployment.step, step.run):
        return deployment.with_step(replace(step, run=_never_seen(step.run)))
    return deployment


def asked(step: Step, action: object, deployment: Deployment, snapshot: Snapshot) -> Run | None:
    """What is written down about the step's run together with the intent to act."""
    if not isinstance(action, RunTask) or step.run is not None or step.hook is None:
        return step.run
    return Run(
        token=action.token,
        environment=deployment.environment,
        deployment=deployment.id,
        number=deployment.number,
        service=action.service,
        image=image_digest((deployment.revision.images or {})[action.service]),
        command=step.hook.command,
        compatible=step.hook.compatible,
        asked_at=snapshot.taken_at,
        since=step.observed,
        seen=step.observed,
    )


def is_about(step: Step, deployment: Deployment, view: HookView | None) -> bool:
    """A pass may walk into the step of another hook, of which its picture says nothing."""
    wanted = deployment.hooked or step
    return view is not None and view.step == wanted.number


def _carried_out(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    run = step.run
    if run is None:
        return _begin(step, deployment, snapshot, terms)
    if run.state is RunState.SUCCEEDED:
        return Done(run.text)
    if not run.is_open:
        what = "timeout" if step.did("StopTask", run.service) else "failed"
        return Fail(_reason(step, what, run.text), step.services, quarantines=run.counts)
    return _followed(step, run, snapshot) if run.task else _not_seen(step, run, deployment, snapshot, terms)


def _followed(step: Step, run: Run, snapshot: Snapshot) -> Outcome:
    assert step.hook is not None, f"{step.title} runs, so it has a command"
    ran = step.observed - run.since
    if step.observed - run.seen > LOST:
        text = f"AWS has not shown its task for {spoken(LOST)}: it may have run, and nobody can tell how it ended"
        return Fail(_reason(step, "lost", text), quarantines=False)
    if ran > step.hook.timeout:
        return _ended(step, step, snapshot)
    lasts = f"{spoken(timedelta(seconds=round(ran.total_seconds())))} of {spoken(step.hook.timeout)}"
    return Wait(Reason(f"{step.kind}.running", f"its task runs, {lasts}"))


def _ended(step: Step, origin: Step, snapshot: Snapshot) -> Ask | Wait:
    """Asked for until it shows: a picture may be older than the task."""
    service, seen = origin.services[0], snapshot.hook.task if snapshot.hook else None
    if seen is None:
        return Wait(Reason("task.sought", f"the task of {origin.title} is looked for"))
    if not seen.is_stopping or not step.did("StopTask", service):
        return Ask(StopTask(service, seen.task), f"stop the task of {origin.title}")
    return Wait(Reason("task.stopping", f"the task of {origin.title} is stopping"))


def _not_seen(step: Step, run: Run, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """It was asked for, and nobody knows whether that took effect."""
    if not timedelta(0) <= snapshot.taken_at - run.asked_at <= TOKEN_LASTS:
        text = "it was asked for, and it is too late to find out whether it ran: it is not run again"
        return Fail(_reason(step, "unknown", text), quarantines=False)
    if step.observed - run.since > STARTING:
        last = f": {step.trouble.reason.text}" if step.trouble else ""
        return Fail(_reason(step, "not_started", f"its task did not start within {spoken(STARTING)}{last}"), (), False)
    return _begin(step, deployment, snapshot, terms)


def _begin(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """What doesn't roll is live already: its command runs in the version that has the traffic."""
    assert step.hook is not None and deployment.plan is not None, f"{step.title} has a command"
    name = step.services[0]
    if deployment.rolls(name):
        definition = deployment.definitions[deployment.rolled(name).content.digest]
    else:
        if Evidence.SERVICES not in snapshot.has:
            return Need(snapshot.has | {Evidence.SERVICES})
        view = snapshot.services[name]
        shown = view.slots[view.live].definition if view.live else None
        if shown is None:
            return Wait(Reason("traffic.unclear", f"{name} has no one live slot to run the command of"))
        definition = shown
    entrance = deployment.revision.file.url or terms.foundation.entrance
    action = RunTask(
        service=name,
        definition=definition,
        command=step.hook.command,
        token=token_of(deployment.id, deployment.plan.digest, step.number, name),
        subnets=terms.foundation.subnets,
        security_groups=terms.foundation.security_groups,
        environment={TARGET: entrance} if step.kind is StepKind.TEST else {},
    )
    return Ask(action, f"run {step.hook.told} as a task of {name}")


def _seen(step: Step, run: Run, view: TaskView, deployment: Deployment) -> Run:
    run = replace(run, task=view.task, seen=step.observed, started_at=view.started_at)
    if not view.is_stopped:
        return run
    run = replace(run, finished_at=view.stopped_at, exit_code=_exit_code(view))
    if view.has_succeeded:
        return replace(run, state=RunState.SUCCEEDED, text=f"exit code 0{_took(view)}")
    failure = view.failure
    lines, counts = (failure.log_lines, failure.counts) if failure else ((), True)
    if deployment.phase is Phase.ROLLING_BACK:
        text = f"it was stopped{_took(view)}, and may have done a part"
        return replace(run, state=RunState.STOPPED, text=text, lines=lines)
    if step.hook is not None and step.did("StopTask", run.service):
        text = f"it did not end within {spoken(step.hook.timeout)}, and was stopped{_last_words(lines)}"
        return replace(run, state=RunState.FAILED, text=text, lines=lines)
    return replace(run, state=RunState.FAILED, text=_failed(view), lines=lines, counts=counts)


def _failed(view: TaskView) -> str:
    code, failure = _exit_code(view), view.failure
    if code is None:
        return f"it never ran: {failure.explanation if failure else 'ECS gave no reason'}"
    last = _last_words(failure.log_lines if failure else ())
    why = f": {failure.explanation}" if failure and not last else ""
    return f"exit code {code}{_took(view)}{why}{last}"


def _last_words(lines: tuple[str, ...]) -> str:
    return f"; its last words: {gist(lines[-1])}" if lines else ""


def _exit_code(view: TaskView) -> int | None:
    """A container that never ran says most, then one that failed."""
    wrong = [code for code in view.exit_codes if code != 0]
    if not view.exit_codes or None in wrong:
        return None
    return wrong[0] if wrong else 0


def _took(view: TaskView) -> str:
    if view.started_at is None or view.stopped_at is None:
        return ""
    return f" after {spoken(timedelta(seconds=round((view.stopped_at - view.started_at).total_seconds())))}"


def _is_given_up(step: Step, run: Run) -> bool:
    return step.observed > (LOST if run.task else FINDING)


def _never_seen(run: Run) -> Run:
    if run.task:
        return replace(run, state=RunState.UNKNOWN, text="nobody can tell how it ended: AWS does not show its task")
    return replace(run, state=RunState.UNKNOWN, text="it was asked for, and never seen: it has probably not run")


def _reason(step: Step, what: str, text: str) -> Reason:
    return Reason(f"{step.kind}.{what}", f"{step.in_full}: {text}")
