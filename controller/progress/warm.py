"""Register and warm: the idle slots run the new version, and nobody but the smoke test can reach it."""

from controller.domain.actions import EmptySlot, PrepareGroup, PutTestRule, RegisterDefinition, RunSlot
from controller.domain.capacity import capacity_of
from controller.domain.counting import counted
from controller.domain.declared import must_be_tuned, runs_as_declared
from controller.domain.deployment import Deployment, Rolling
from controller.domain.manifest import Service
from controller.domain.reason import Reason
from controller.domain.rendering import group_settings
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, Rollout, ServiceView, SlotView, Snapshot, TaskFailure
from controller.domain.step import Step
from controller.progress import scaling
from controller.progress.failures import told
from controller.progress.outcomes import Ask, Done, Fail, Need, Outcome, Terms, Wait
from controller.progress.traffic import foreign_traffic


def register(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    known = {**snapshot.definitions, **deployment.definitions}
    for rolling in deployment.rolling(step):
        if rolling.content.digest not in known:
            action = RegisterDefinition(rolling.service, rolling.content)
            return Ask(action, f"register a task definition for {rolling.service}")
    return Done(f"{counted(len(step.services), 'task definition')} registered")


def warm(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    waits: list[Wait] = []
    for rolling in deployment.rolling(step):
        outcome = _warm_one(step, rolling, deployment, snapshot)
        if isinstance(outcome, Wait):
            waits.append(outcome)
        elif not isinstance(outcome, Done):
            return outcome
    if waits:
        return waits[0]
    ready = (f"{rolling.service}: {step.of(rolling.count)} healthy" for rolling in deployment.rolling(step))
    return Done("; ".join(ready))


def _warm_one(step: Step, rolling: Rolling, deployment: Deployment, snapshot: Snapshot) -> Outcome:
    name, count = rolling.service, step.of(rolling.count)
    view, idle = snapshot.services[name], deployment.sides(name).idle
    slot, service = view.slots[idle], deployment.service(name)
    percent = deployment.percent_before(step)
    foreign = foreign_traffic(rolling, deployment, view, percent, percent)
    if foreign:
        return foreign
    if deployment.sides(name).live is None and view.slots[idle.other].desired:
        return _clear(name, idle.other, step, deployment, snapshot)
    is_ours = _is_ours(rolling, deployment, slot)
    if not is_ours and (slot.desired or slot.running):
        return _clear(name, idle, step, deployment, snapshot)
    if rolling.routed:
        behind = _behind_balancer(name, service, deployment, view)
        if behind:
            return behind
    has_grown = slot.desired > count and deployment.has_raised
    if not is_ours or (slot.desired != count and not has_grown):
        return Ask(_run(rolling, service, deployment, idle, count), f"run {counted(count, 'task')} of {name} in {idle}")
    return _healthy(rolling, idle, slot, count, snapshot)


def _is_ours(rolling: Rolling, deployment: Deployment, slot: SlotView) -> bool:
    """The slot runs the content to come, because this deployment has started it; or what was left there is set just as
    it is to be, and nothing is to start anew."""
    if not deployment.did("RunSlot", rolling.service):
        service = deployment.service(rolling.service)
        is_set = runs_as_declared(service, rolling.content, slot) and not must_be_tuned(service, rolling.content, slot)
        return is_set and not deployment.restart
    return slot.content == rolling.content.digest or slot.definition == deployment.definitions[rolling.content.digest]


def _clear(name: str, slot: Slot, step: Step, deployment: Deployment, snapshot: Snapshot) -> Outcome:
    """A slot starts from nothing, and what is new in both: what an earlier deployment left there goes first."""
    view = snapshot.services[name].slots[slot]
    given_up = scaling.given_up(name, slot, step, deployment, snapshot) if view.desired else None
    if given_up:
        return given_up
    if view.desired:
        return Ask(EmptySlot(name, slot), f"empty {slot} of {name}, which still runs an earlier version")
    left = counted(view.running, "task of an earlier version is", "tasks of an earlier version are")
    return Wait(Reason("slot.emptying", f"{name}: {left} stopping in {slot}"))


def _behind_balancer(name: str, service: Service, deployment: Deployment, view: ServiceView) -> Ask | None:
    """Both target groups exist, one that serves nobody as the file says, and the test rule leads to the idle one."""
    settings, sides = group_settings(service), deployment.sides(name)
    assert settings is not None and service.route is not None, f"{name} is routed, so it has a health check"
    idle = sides.idle
    for slot in (idle, idle.other):
        group, serves = view.slots[slot].group, slot == sides.live
        if group is None or (group.settings != settings and not serves):
            return Ask(PrepareGroup(name, slot, settings), f"prepare the target group of {name} in {slot}")
    rule, header = view.test_rule, deployment.header(name)
    if rule is None or rule.header != header.reveal() or rule.weights.get(idle, 0) == 0:
        return Ask(PutTestRule(name, idle, header), f"open {idle} of {name} to the smoke test")
    return None


def _run(rolling: Rolling, service: Service, deployment: Deployment, idle: Slot, count: int) -> RunSlot:
    grace = int(service.health.grace.total_seconds()) if service.health else 0
    definition = deployment.definitions[rolling.content.digest]
    return RunSlot(rolling.service, idle, definition, rolling.content, count, grace, capacity_of(service))


def _healthy(rolling: Rolling, idle: Slot, slot: SlotView, count: int, snapshot: Snapshot) -> Outcome:
    """Running is not enough: the deployment is ours and COMPLETED, and the balancer finds every target healthy."""
    name = rolling.service
    if slot.rollout is Rollout.FAILED:
        if Evidence.FAILURES not in snapshot.has:
            return Need(frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.FAILURES}))
        return _start_failure(name, slot, snapshot.failures.get(name, ()))
    healthy = slot.group.healthy if slot.group else slot.running
    if slot.rollout is Rollout.COMPLETED and (healthy or 0) >= count:
        return Done(f"{count} healthy in {idle}")
    complaints = f" ({'; '.join(slot.group.complaints)})" if slot.group and slot.group.complaints else ""
    found = f"{slot.running} of {counted(count, 'task runs', 'tasks run')}, {healthy or 0} healthy{complaints}"
    return Wait(Reason("slot.warming", f"{name} in {idle}: {found}"))


def _start_failure(name: str, slot: SlotView, failures: tuple[TaskFailure, ...]) -> Fail:
    counting = [failure for failure in failures if failure.counts]
    if failures and not counting:
        text = f"{name} could not start, which is not its own fault: {failures[0].explanation}"
        return Fail(Reason("tasks.no_capacity", text), (name,), quarantines=False)
    why = told(counting[0]) if counting else slot.rollout_text or "ECS gave no reason"
    return Fail(Reason("tasks.failed", f"the tasks of {name} don't stay up: {why}"), (name,))
