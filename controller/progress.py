"""What one step asks for next. Pure: a step, the deployment it belongs to, and the picture of one pass.

Each kind of step has one function here. It compares the picture with what the step wants and answers with at most one
action; it asks for the same action until the picture shows it done, so a crash, a lost write or a lost reply needs no
code of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.actions import (
    Action,
    EmptySlot,
    PrepareGroup,
    PutTestRule,
    RegisterDefinition,
    RemoveRule,
    RemoveTestRule,
    RestoreRule,
    RunSlot,
    SetWeights,
)
from controller.domain.bindings import Binding
from controller.domain.checks import CheckAnswer
from controller.domain.deployment import Deployment, Phase, Rolling
from controller.domain.environment import Environment
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.reason import Reason
from controller.domain.rendering import group_settings
from controller.domain.slot import Slot, weights
from controller.domain.snapshot import Evidence, Resolved, Rollout, ServiceView, SlotView, Snapshot, TaskFailure
from controller.domain.step import Step, StepKind, spoken
from controller.domain.undo import UndoEntry

PATIENCE = 3
"""So many failing answers in a row are believed; fewer may be a hiccup on the way."""

PROPAGATION = timedelta(seconds=5)
"""A load balancer takes a moment to act on new weights, so no slot is emptied sooner than this after it lost its
traffic."""


@dataclass(frozen=True)
class Terms:
    """What holds for the whole pass: the environment and its binding, what it stands on, the file of the revision that
    is live, how often to look, and what the images of an unsealed revision stand for."""

    environment: Environment
    binding: Binding
    foundation: Foundation
    live: EnvironmentFile | None
    pace: timedelta
    resolved: Resolved = field(default_factory=Resolved)


@dataclass(frozen=True)
class Ask:
    action: Action
    text: str


@dataclass(frozen=True)
class Wait:
    """`look_in` says when to look again where nothing can happen sooner; None: at the ordinary pace."""

    reason: Reason
    look_in: timedelta | None = None


@dataclass(frozen=True)
class Need:
    """The picture lacks this evidence; nothing is decided without it."""

    evidence: frozenset[Evidence]


@dataclass(frozen=True)
class Done:
    detail: str


@dataclass(frozen=True)
class Stumble:
    """It looks wrong this time; after `PATIENCE` times in a row the step has failed, for it may be an old picture."""

    reason: Reason
    culprits: tuple[str, ...] = field(default=())
    quarantines: bool = True


@dataclass(frozen=True)
class Fail:
    """The step can't be done. `quarantines` is False when the content isn't to blame (capacity, quota)."""

    reason: Reason
    culprits: tuple[str, ...] = field(default=())
    quarantines: bool = True


LONG_LOOK = timedelta(seconds=30)
"""While a slot is only kept warm, so seldom is often enough."""

Outcome = Ask | Wait | Need | Done | Stumble | Fail

EVIDENCE: Mapping[StepKind, frozenset[Evidence]] = {
    StepKind.REGISTER: frozenset({Evidence.DEFINITIONS}),
    StepKind.WARM: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.SMOKE: frozenset({Evidence.SMOKE}),
    StepKind.SHIFT: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.BAKE: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
    StepKind.VERIFY: frozenset({Evidence.VERIFY}),
    StepKind.SETTLE: frozenset(),
    StepKind.RETIRE: frozenset({Evidence.SERVICES}),
    StepKind.HOME: frozenset({Evidence.SERVICES, Evidence.TARGETS}),
}
"""What each kind of step always looks at; a function below may ask for more."""

DEADLINES: Mapping[StepKind, timedelta] = {
    StepKind.REGISTER: timedelta(minutes=5),
    StepKind.WARM: timedelta(minutes=20),
    StepKind.SMOKE: timedelta(minutes=5),
    StepKind.SHIFT: timedelta(minutes=10),
    StepKind.VERIFY: timedelta(minutes=5),
}
"""How long a step may take before it has failed. What isn't named here waits as long as it must."""


def look(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """What `step`, the deployment's present one, asks for in this picture."""
    lacking = EVIDENCE[step.kind] - snapshot.has
    if lacking:
        return Need(EVIDENCE[step.kind])
    return _LOOKS[step.kind](step, deployment, snapshot, terms)


def _register(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    known = {**snapshot.definitions, **deployment.definitions}
    for rolling in _rolling(step, deployment):
        if rolling.content.digest not in known:
            action = RegisterDefinition(rolling.service, rolling.content)
            return Ask(action, f"register a task definition for {rolling.service}")
    return Done(f"{_count(len(step.services), 'task definition')} registered")


def _warm(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    waits: list[Wait] = []
    for rolling in _rolling(step, deployment):
        outcome = _warm_one(rolling, deployment, snapshot)
        if isinstance(outcome, Wait):
            waits.append(outcome)
        elif not isinstance(outcome, Done):
            return outcome
    if waits:
        return waits[0]
    return Done("; ".join(f"{rolling.service}: {rolling.count} healthy" for rolling in _rolling(step, deployment)))


def _warm_one(rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> Outcome:
    name = rolling.service
    view, idle = snapshot.services[name], deployment.sides(name).idle
    slot, service = view.slots[idle], _service(deployment, name)
    foreign = _foreign_traffic(rolling, deployment, view, percent=0)
    if foreign:
        return foreign
    if slot.content != rolling.content.digest and (slot.desired or slot.running):
        return _clear(name, idle, slot)
    if rolling.routed:
        behind = _behind_balancer(name, service, deployment, view)
        if behind:
            return behind
    if slot.content != rolling.content.digest or slot.desired != rolling.count:
        return Ask(_run(rolling, service, deployment, idle), f"run {rolling.count} tasks of {name} in {idle}")
    return _healthy(rolling, idle, slot, snapshot)


def _clear(name: str, slot: Slot, view: SlotView) -> Outcome:
    """A slot starts from nothing: what an earlier deployment left there goes first."""
    if view.desired:
        return Ask(EmptySlot(name, slot), f"empty {slot} of {name}, which still runs an earlier version")
    return Wait(Reason("slot.emptying", f"{name}: {view.running} tasks of an earlier version are stopping in {slot}"))


def _behind_balancer(name: str, service: Service, deployment: Deployment, view: ServiceView) -> Ask | None:
    """Both target groups exist, the idle one as the file says, and the test rule leads to it."""
    settings, idle = group_settings(service), deployment.sides(name).idle
    assert settings is not None and service.route is not None, f"{name} is routed, so it has a health check"
    group, other = view.slots[idle].group, view.slots[idle.other].group
    if group is None or group.settings != settings:
        return Ask(PrepareGroup(name, idle, settings), f"prepare the target group of {name} in {idle}")
    if other is None:
        return Ask(PrepareGroup(name, idle.other, settings), f"prepare the target group of {name} in {idle.other}")
    rule, header = view.test_rule, deployment.header(name)
    if rule is None or rule.header != header.reveal() or rule.weights.get(idle, 0) == 0:
        return Ask(PutTestRule(name, idle, header), f"open {idle} of {name} to the smoke test")
    return None


def _run(rolling: Rolling, service: Service, deployment: Deployment, idle: Slot) -> RunSlot:
    grace = int(service.health.grace.total_seconds()) if service.health else 0
    definition = deployment.definitions[rolling.content.digest]
    return RunSlot(rolling.service, idle, definition, rolling.content, rolling.count, grace)


def _healthy(rolling: Rolling, idle: Slot, slot: SlotView, snapshot: Snapshot) -> Outcome:
    """Running is not enough: the deployment is ours and COMPLETED, and the balancer finds every target healthy."""
    name = rolling.service
    if slot.rollout is Rollout.FAILED:
        if Evidence.FAILURES not in snapshot.has:
            return Need(frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.FAILURES}))
        return _start_failure(name, slot, snapshot.failures.get(name, ()))
    healthy = slot.group.healthy if slot.group else slot.running
    if slot.rollout is Rollout.COMPLETED and (healthy or 0) >= rolling.count:
        return Done(f"{rolling.count} healthy in {idle}")
    complaints = f" ({'; '.join(slot.group.complaints)})" if slot.group and slot.group.complaints else ""
    found = f"{slot.running} of {rolling.count} tasks run, {healthy or 0} healthy{complaints}"
    return Wait(Reason("slot.warming", f"{name} in {idle}: {found}"))


def _start_failure(name: str, slot: SlotView, failures: tuple[TaskFailure, ...]) -> Fail:
    counting = [failure for failure in failures if failure.counts]
    if failures and not counting:
        text = f"{name} could not start, which is not its own fault: {failures[0].explanation}"
        return Fail(Reason("tasks.no_capacity", text), (name,), quarantines=False)
    why = _told(counting[0]) if counting else slot.rollout_text or "ECS gave no reason"
    return Fail(Reason("tasks.failed", f"the tasks of {name} don't stay up: {why}"), (name,))


def _told(failure: TaskFailure) -> str:
    last = f"; its last words: {failure.log_lines[-1]}" if failure.log_lines else ""
    return f"{failure.explanation}{last}"


def _smoke(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    return _answers(snapshot.smoke, "smoke.red", "smoke test", step.services)


def _verify(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    return _answers(snapshot.verify, "verify.red", "verification", ())


def _answers(answers: tuple[CheckAnswer, ...], code: str, what: str, blamed: tuple[str, ...]) -> Outcome:
    red = [answer for answer in answers if not answer.passed]
    if not red:
        return Done(f"{_count(len(answers), 'check')} passed")
    told = "; ".join(f"{answer.check.url}: {answer.found}" for answer in red)
    culprits = tuple(name for name in blamed if any(answer.check.service == name for answer in red))
    return Stumble(Reason(code, f"the {what} failed: {told}"), culprits)


def _shift(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Raise one rule at a time, in the declared order, and only onto healthy targets."""
    percent = step.percent or 0
    for rolling in _rolling(step, deployment):
        name, sides = rolling.service, deployment.sides(rolling.service)
        view, wanted = snapshot.services[name], weights(sides.live, sides.idle, percent)
        if sides.live is None and percent < 100:
            continue
        foreign = _foreign_traffic(rolling, deployment, view, percent, deployment.percent_before(step))
        if foreign:
            return foreign
        weak = _too_weak(rolling, view.slots[sides.idle])
        if weak:
            return weak
        if view.rule is None or dict(view.rule.weights) != wanted:
            route = _service(deployment, name).route
            assert route is not None, f"{name} has no route: it takes no part in a shift"
            return Ask(SetWeights(name, route, wanted), f"send {percent}% of {name} to {sides.idle}")
    return Done(f"{percent}% of the traffic on the new version")


def _bake(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    for rolling in _rolling(step, deployment):
        weak = _too_weak(rolling, snapshot.services[rolling.service].slots[deployment.sides(rolling.service).idle])
        if isinstance(weak, Stumble):
            return weak
    return _until(step, "bake.running", "baked", "to bake")


def _until(step: Step, code: str, done: str, purpose: str) -> Outcome:
    wait = step.wait or timedelta(0)
    if step.observed >= wait:
        return Done(f"{done} {spoken(wait)}")
    return Wait(
        Reason(code, f"{spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))} left {purpose}")
    )


def _too_weak(rolling: Rolling, slot: SlotView) -> Wait | Stumble | None:
    """No traffic rises onto a slot that can't carry it; one without any healthy target has failed."""
    healthy = (slot.group.healthy if slot.group else slot.running) or 0
    if healthy >= rolling.count:
        return None
    complaints = "; ".join(slot.group.complaints) if slot.group else ""
    text = (
        f"{rolling.service}: {healthy} of {rolling.count} targets are healthy{f' ({complaints})' if complaints else ''}"
    )
    if healthy == 0:
        return Stumble(Reason("targets.unhealthy", text), (rolling.service,))
    return Wait(Reason("targets.too_few", text))


def _foreign_traffic(
    rolling: Rolling, deployment: Deployment, view: ServiceView, percent: int, before: int = 0
) -> Stumble | None:
    """Weights that are neither the recorded step's nor the one before's were set by somebody else."""
    if not rolling.routed:
        return None
    sides = deployment.sides(rolling.service)
    if sides.live is None:
        expected = view.rule is None or view.rule.weights.get(sides.idle.other, 0) == 0
    else:
        allowed = [weights(sides.live, sides.idle, share) for share in (before, percent)]
        expected = view.rule is not None and _normal(view) in allowed
    if expected:
        return None
    found = ", ".join(f"{slot} {share}" for slot, share in view.rule.weights.items()) if view.rule else "no rule"
    text = f"somebody else changed the traffic of {rolling.service}: found {found}"
    return Stumble(Reason("traffic.foreign_change", text), quarantines=False)


def _normal(view: ServiceView) -> dict[Slot, int]:
    """Weights as shares of 100, so that 1 and 0, as another tool may have left them, read as 100 and 0."""
    assert view.rule is not None
    shares = {slot: view.rule.weights.get(slot, 0) for slot in Slot}
    total = sum(shares.values()) or 1
    return {slot: round(share * 100 / total) for slot, share in shares.items()}


def _settle(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    return Done("the new version is live")


def _retire(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """Test rules go at once; then the slots without traffic are emptied, after they were kept warm."""
    for name in step.services:
        if snapshot.services[name].test_rule is not None:
            return Ask(RemoveTestRule(name), f"close the test rule of {name}")
    wait = max(step.wait or timedelta(0), PROPAGATION)
    if step.observed < wait:
        left = spoken(timedelta(seconds=round((wait - step.observed).total_seconds())))
        return Wait(
            Reason("slot.warm", f"the old version is kept warm, {left} left"), min(wait - step.observed, LONG_LOOK)
        )
    waits = [
        outcome for entry in _leaving(step, deployment) if not isinstance(outcome := _empty(entry, snapshot), Done)
    ]
    return next(
        (outcome for outcome in waits if isinstance(outcome, Ask)), waits[0] if waits else Done("scaled to zero")
    )


def _leaving(step: Step, deployment: Deployment) -> Iterator[tuple[str, Slot]]:
    """The old slots after a success, the new ones after turning back."""
    for name in step.services:
        sides = deployment.sides(name)
        slot = sides.live if deployment.phase is Phase.SUCCEEDED else sides.idle
        if slot is not None:
            yield name, slot


def _empty(leaving: tuple[str, Slot], snapshot: Snapshot) -> Ask | Wait | Done:
    name, slot = leaving
    view = snapshot.services[name]
    if view.routed and slot in view.serving:
        return Wait(Reason("slot.has_traffic", f"{slot} of {name} has traffic, so it is not emptied"))
    if view.slots[slot].desired:
        return Ask(EmptySlot(name, slot), f"scale {slot} of {name} to zero")
    if view.slots[slot].running:
        return Wait(Reason("slot.emptying", f"{name}: {view.slots[slot].running} tasks are stopping in {slot}"))
    return Done(f"{slot} of {name} is empty")


def _home(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    """By the undo record, in reverse order, one rule at a time; never onto a slot without a healthy target."""
    assert deployment.undo is not None, f"{deployment.id} turns back, so it has an undo record"
    for entry in reversed(deployment.undo.entries):
        if entry.service not in step.services:
            continue
        outcome = _go_home(entry, snapshot.services[entry.service])
        if outcome:
            return outcome
    return Done("traffic is where it was")


def _go_home(entry: UndoEntry, view: ServiceView) -> Ask | Wait | None:
    name = entry.service
    if entry.rule is None:
        return Ask(RemoveRule(name), f"remove the rule of {name}, which had none before") if view.rule else None
    if view.rule is not None and _as_it_was(view, entry):
        return None
    assert entry.sides.live is not None, f"{name} had a rule, so one of its slots was live"
    group = view.slots[entry.sides.live].group
    if group is None or not group.healthy:
        text = f"{name} can't go back to {entry.sides.live}: it has no healthy target; a person must decide"
        return Wait(Reason("home.no_healthy_target", text))
    return Ask(RestoreRule(name, entry.rule), f"send the traffic of {name} back to {entry.sides.live}")


def _as_it_was(view: ServiceView, entry: UndoEntry) -> bool:
    assert view.rule is not None and entry.rule is not None
    return all(view.rule.weights.get(slot, 0) == entry.rule.weights.get(slot, 0) for slot in Slot)


def _rolling(step: Step, deployment: Deployment) -> list[Rolling]:
    assert deployment.plan is not None, f"{deployment.id} has steps, so it has a plan"
    return [deployment.plan.of(name) for name in step.services]


def _service(deployment: Deployment, name: str) -> Service:
    return deployment.revision.file.services[name]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


_LOOKS: Mapping[StepKind, Callable[[Step, Deployment, Snapshot, Terms], Outcome]] = {
    StepKind.REGISTER: _register,
    StepKind.WARM: _warm,
    StepKind.SMOKE: _smoke,
    StepKind.SHIFT: _shift,
    StepKind.BAKE: _bake,
    StepKind.VERIFY: _verify,
    StepKind.SETTLE: _settle,
    StepKind.RETIRE: _retire,
    StepKind.HOME: _home,
}
