"""What target tracking makes of its alarms, once a minute of AWS's time.

Tasks are added as soon as one policy wants more, and taken away only when all of them want fewer; the greatest number
wins. AWS lets a greater addition happen within the pause after one; here the pause is waited for.
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sandbox.world.autoscaling import capacity, model
from sandbox.world.autoscaling.model import SCALE_IN, SCALE_OUT, Policy, Target
from sandbox.world.cloudwatch import metrics
from sandbox.world.cloudwatch import model as cloudwatch
from sandbox.world.place import Place
from sandbox.world.values import Parameters

EVERY_SECONDS = 60
PAUSE_SECONDS = 300
"""https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html:
after tasks of an ECS service were added, and after they were taken away, unless the policy says otherwise."""


@dataclass(frozen=True)
class Wish:
    count: int
    policy: Policy
    alarm: str


def follow(place: Place) -> None:
    """Have a timer as long as there is a policy."""
    timers, key = place.world.scaling_timers, (place.account, place.region)
    if model.store(place).policies and key not in timers:
        timers[key] = place.after(EVERY_SECONDS, partial(_look, place))


def _look(place: Place) -> None:
    place.world.scaling_timers.pop((place.account, place.region))
    follow(place)
    for _, target in sorted(model.store(place).targets.items()):
        _track(place, target)


def _track(place: Place, target: Target) -> None:
    service = model.service(place, target.resource)
    policies = [each for each in model.store(place).policies.values() if each.resource == target.resource]
    if service is None or not service.desired or not policies:
        return
    more = [wish for each in policies if (wish := _wish(place, each, service.desired, each.high))]
    fewer = [wish for each in policies if (wish := _wish(place, each, service.desired, each.low))]
    if more:
        _scale_out(place, target, max(more, key=lambda wish: wish.count), service.desired)
    elif len(fewer) == len(policies) and service.primary.rollout_state != "IN_PROGRESS":
        _scale_in(place, target, max(fewer, key=lambda wish: wish.count), service.desired)


def _wish(place: Place, policy: Policy, current: int, name: str) -> Wish | None:
    """What a policy wants whose alarm rings; one task more or fewer at least."""
    alarm = cloudwatch.alarms(place).get(name)
    value = _value(place, alarm.settings) if alarm is not None and alarm.state == "ALARM" else None
    if value is None:
        return None
    wanted = math.ceil(current * value / policy.tracking["TargetValue"])
    is_high = name == policy.high
    return Wish(max(wanted, current + 1) if is_high else min(wanted, current - 1), policy, name)


def _value(place: Place, settings: Parameters) -> float | None:
    """Of the last minute that has one; none within the alarm's time leaves nothing to go by."""
    ends = cloudwatch.now(place) - cloudwatch.now(place) % cloudwatch.seconds(place, settings["Period"])
    step, key = cloudwatch.seconds(place, settings["Period"]), cloudwatch.metric_key(settings)
    for back in range(1, settings["EvaluationPeriods"] + 1):
        slot = metrics.merged(place, key, None, ends - step * back, ends - step * (back - 1))
        if slot is not None:
            return metrics.statistic(slot, settings["Statistic"])
    return None


def _scale_out(place: Place, target: Target, wish: Wish, current: int) -> None:
    count = min(wish.count, target.maximum)
    pause = wish.policy.tracking.get("ScaleOutCooldown", PAUSE_SECONDS)
    if count > current and not target.suspended[SCALE_OUT] and _is_over(place, target.scaled_out_at, pause):
        target.scaled_out_at = place.now()
        _scale(place, target, wish, count)


def _scale_in(place: Place, target: Target, wish: Wish, current: int) -> None:
    """Not sooner after tasks were added than after they were taken away."""
    count = max(wish.count, target.minimum)
    pause = wish.policy.tracking.get("ScaleInCooldown", PAUSE_SECONDS)
    rested = _is_over(place, target.scaled_in_at, pause) and _is_over(place, target.scaled_out_at, pause)
    may = not target.suspended[SCALE_IN] and not wish.policy.tracking.get("DisableScaleIn", False)
    if count < current and may and rested:
        target.scaled_in_at = place.now()
        _scale(place, target, wish, count)


def _is_over(place: Place, since: datetime | None, seconds: float) -> bool:
    return since is None or place.now() - since >= timedelta(seconds=seconds / place.world.speed)


def _scale(place: Place, target: Target, wish: Wish, count: int) -> None:
    cause = f"monitor alarm {wish.alarm} in state ALARM triggered policy {wish.policy.name}"
    capacity.scale(place, target, count, cause)
