"""Targets: registered, asked for their health, drained, gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox.clock import Timer
from sandbox.world.cloudwatch import balancing
from sandbox.world.elbv2 import model
from sandbox.world.elbv2.model import RegisteredTarget, TargetGroup
from sandbox.world.place import Place
from sandbox.world.ports import Endpoint, ProbeAnswer, ProbeRequest, Target
from sandbox.world.view import TargetState

QUICK = 4
"""How many times an interval a new target is asked. Only failures a whole interval apart count, as on AWS;
the extra questions merely find the first success sooner."""


def register(
    place: Place, group: TargetGroup, target_id: str, port: int, task_id: str, endpoint: Endpoint | None
) -> None:
    """Take a target in; one that is draining comes back, one that is in already is left as it is."""
    known = group.targets.get((target_id, port))
    if known is not None and known.state != "draining":
        return
    if known is not None:
        _watch(place, group, known).end()
    target = RegisteredTarget(target_id, port, task_id, endpoint, counted_at=place.now())
    group.targets[target_id, port] = target
    if endpoint is not None:
        place.world.runtime.target_added(as_target(group, target), endpoint)
    _watch(place, group, target).begin()
    _tell(place, group, target)


def deregister(
    place: Place, group: TargetGroup, target: RegisteredTarget, gone: Callable[[], None] | None = None
) -> None:
    """Drain a target until nothing is in flight to it or the delay is over; then it is gone."""
    _watch(place, group, target).drain(gone)


def remove(place: Place, group: TargetGroup, target: RegisteredTarget) -> None:
    """Take a target out without draining it."""
    _watch(place, group, target).finish()


def of_task(place: Place, group_arn: str, task_id: str) -> tuple[TargetGroup, RegisteredTarget] | None:
    """The group and a task's target in it, while both are there."""
    group = model.store(place).target_groups.get(group_arn)
    for target in group.targets.values() if group is not None else ():
        if group is not None and target.task_id == task_id:
            return group, target
    return None


def use_began(place: Place, group_arn: str) -> None:
    """A rule names the group now: its targets are checked from the beginning."""
    group = model.target_group(place, group_arn)
    for target in group.targets.values():
        if target.state != "draining":
            _set(target, "initial", "Elb.RegistrationInProgress", "Target registration is in progress")
            target.successes = target.failures = 0
            target.counted_at = place.now()
            _watch(place, group, target).begin()
    place.world.traffic.group_changed(group_arn)


def use_ended(place: Place, group_arn: str) -> None:
    """No rule names the group any more: its targets are not checked."""
    group = model.store(place).target_groups.get(group_arn)
    for target in group.targets.values() if group else ():
        if target.state != "draining":
            _set(target, "unused", "Target.NotInUse", "")
    place.world.traffic.group_changed(group_arn)


def as_target(group: TargetGroup, target: RegisteredTarget) -> Target:
    return Target(group.arn, target.id, target.port, target.task_id)


def judge(group: TargetGroup, target: RegisteredTarget, answer: ProbeAnswer, counts: bool) -> bool:
    """Take one answer into account; whether the state changed.

    The first success of a new target makes it healthy. Failures add up only where `counts`.
    """
    before = target.state
    if _is_good(group, answer):
        target.failures = 0
        target.successes += 1
        needed = 1 if before == "initial" else group.settings["HealthyThresholdCount"]
        if before != "healthy" and target.successes >= needed:
            _set(target, "healthy", "", "")
    elif counts:
        target.successes = 0
        target.failures += 1
        if target.failures >= group.settings["UnhealthyThresholdCount"]:
            _set(target, "unhealthy", *_why(answer))
    if target.state == "initial":
        _set(target, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
    return target.state != before


def _is_good(group: TargetGroup, answer: ProbeAnswer) -> bool:
    if answer.status is None:
        return False
    for part in group.settings["Matcher"]["HttpCode"].split(","):
        least, _, most = part.partition("-")
        if int(least) <= answer.status <= int(most or least):
            return True
    return False


def _why(answer: ProbeAnswer) -> tuple[str, str]:
    if answer.status is not None:
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{answer.status}]"
    if answer.failure == "timeout":
        return "Target.Timeout", "Request timed out"
    return "Target.FailedHealthChecks", "Health checks failed"


def _set(target: RegisteredTarget, state: TargetState, reason: str, description: str) -> None:
    target.state, target.reason, target.description = state, reason, description


def _tell(place: Place, group: TargetGroup, target: RegisteredTarget, state: str | None = None) -> None:
    place.world.traffic.group_changed(group.arn)
    balancing.hosts_changed(place, group.arn)
    place.emit(
        "aws.elasticloadbalancing",
        "Target State Change",
        group.arn,
        target=f"{target.id}:{target.port}",
        state=state or target.state,
        reason=target.reason,
    )
    place.world.target_changed(place, target.task_id)


def _watch(place: Place, group: TargetGroup, target: RegisteredTarget) -> Watch:
    key = as_target(group, target)
    watches = place.world.watches
    if key not in watches:
        watches[key] = Watch(place, group, target)
    return watches[key]


class Watch:
    """What goes on about one registered target: health checks, then draining. Ends when the target is
    gone."""

    def __init__(self, place: Place, group: TargetGroup, target: RegisteredTarget) -> None:
        self._place = place
        self._group = group
        self._target = target
        self._key = as_target(group, target)
        self._timer: Timer | None = None
        self._gone: list[Callable[[], None]] = []
        self._over = False

    def begin(self) -> None:
        """Ask now, and again and again while a rule names the group."""
        self._set_timer(0.0, self._ask)

    def drain(self, gone: Callable[[], None] | None) -> None:
        if gone is not None:
            self._gone.append(gone)
        if self._target.state == "draining":
            return
        _set(self._target, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        _tell(self._place, self._group, self._target)
        self._set_timer(self._group.deregistration_delay_seconds, self.finish)
        self._place.world.runtime.when_idle(self._key, self._idle)

    def end(self) -> None:
        """Stop without the target being gone: it is registered anew."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        self._place.world.watches.pop(self._key, None)

    def _set_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._place.after(seconds, callback)

    def _ask(self) -> None:
        if not model.store(self._place).uses.get(self._group.arn):
            return
        if self._target.endpoint is None:
            self._answered(ProbeAnswer(None, "timeout"))
            return
        settings, speed = self._group.settings, self._place.world.speed
        request = ProbeRequest(
            target=self._key,
            endpoint=self._target.endpoint,
            path=settings["HealthCheckPath"],
            timeout_seconds=settings["HealthCheckTimeoutSeconds"] / speed,
        )
        self._place.world.runtime.probe(request, self._heard)

    def _heard(self, answer: ProbeAnswer) -> None:
        if not self._over and self._target.state != "draining":
            self._place.world.change(self._place, lambda: self._answered(answer))

    def _answered(self, answer: ProbeAnswer) -> None:
        now, interval = self._place.now(), float(self._group.settings["HealthCheckIntervalSeconds"])
        # A hair is taken off: timers that fire a moment early must not lose a whole interval.
        counts = now - self._target.counted_at >= timedelta(seconds=0.98 * interval / self._place.world.speed)
        if counts:
            self._target.counted_at = now
        if judge(self._group, self._target, answer, counts):
            _tell(self._place, self._group, self._target)
        pause = interval / QUICK if self._target.state == "initial" else interval
        self._set_timer(pause, self._ask)

    def _idle(self) -> None:
        if not self._over:
            self._place.world.change(self._place, self.finish)

    def finish(self) -> None:
        if self._over:
            return
        self.end()
        self._group.targets.pop((self._target.id, self._target.port), None)
        self._place.world.runtime.target_gone(self._key)
        _tell(self._place, self._group, self._target, state="gone")
        for gone in self._gone:
            gone()
