"""The metrics of Application Load Balancers, made of the requests that went through them.

A minute of AWS's time has points only when a request came in it, and counts that would be nought have none.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from functools import lru_cache

from sandbox.world.cloudwatch.metrics import BALANCERS, MINUTE, put
from sandbox.world.cloudwatch.model import MetricKey, MetricStore, now, seconds
from sandbox.world.elbv2 import model as elbv2
from sandbox.world.place import Place
from sandbox.world.ports import Answered

TOLD_OF_TARGETS = ("2XX", "3XX", "4XX", "5XX")
TOLD_OF_BALANCERS = ("3XX", "4XX", "5XX")
NO_CONNECTION = 502
"""What the balancer answers for a target that it could not reach, or whose answer broke off: both count as one here."""


def observe(place: Place, request: Answered) -> None:
    """Count requests, and the hosts when they are the minute's first."""
    at, balancer, group = now(place), request.load_balancer_arn, request.group_arn
    _count_hosts_once(place, balancer, at)
    family = f"{request.status // 100}XX"
    if group:
        _count(place, request, both(balancer, group, "RequestCount"), at)
        _count_per_target(place, request, at)
    if not request.by_target:
        if group and request.status == NO_CONNECTION:
            _count(place, request, both(balancer, group, "TargetConnectionErrorCount"), at)
        if family in TOLD_OF_BALANCERS:
            _count(place, request, (key_of(balancer, "", f"HTTPCode_ELB_{family}_Count"),), at)
        return
    if family in TOLD_OF_TARGETS:
        _count(place, request, both(balancer, group, f"HTTPCode_Target_{family}_Count"), at)
    for key in both(balancer, group, "TargetResponseTime"):
        put(place, key, request.seconds, count=request.times, unit="Seconds", at=at)


def _count_per_target(place: Place, request: Answered, at: int) -> None:
    """Only the sum of it means something: the requests, divided by the targets that are well."""
    group = elbv2.store(place).target_groups.get(request.group_arn)
    healthy = sum(target.state == "healthy" for target in group.targets.values()) if group is not None else 0
    key = key_of(request.load_balancer_arn, request.group_arn, "RequestCountPerTarget")
    put(place, key, 1.0 / max(1, healthy), count=request.times, unit="Count", at=at)


def _count(place: Place, request: Answered, keys: tuple[MetricKey, ...], at: int) -> None:
    for key in keys:
        put(place, key, 1.0, count=request.times, unit="Count", at=at)


def hosts_changed(place: Place, group_arn: str) -> None:
    """A target has another state: that counts in a minute in which requests flow, and in no other."""
    at = now(place)
    for balancer in elbv2.balancers_of(place, group_arn):
        if place.store(MetricStore).hosts_counted_at.get(balancer) == _minute(place, at):
            _count_hosts(place, balancer, group_arn, at)


def both(balancer: str, group: str, name: str) -> tuple[MetricKey, MetricKey]:
    """A metric of a load balancer, and of one of its target groups."""
    return key_of(balancer, "", name), key_of(balancer, group, name)


@lru_cache(4096)
def key_of(balancer: str, group: str, name: str) -> MetricKey:
    """By ARNs; without a group when that is empty."""
    whose = (("LoadBalancer", balancer.partition(":loadbalancer/")[2]),)
    return MetricKey(BALANCERS, name, (*whose, ("TargetGroup", group.rpartition(":")[2])) if group else whose)


def _minute(place: Place, at: int) -> int:
    return at - at % seconds(place, MINUTE)


def _count_hosts_once(place: Place, balancer: str, at: int) -> None:
    counted, minute = place.store(MetricStore).hosts_counted_at, _minute(place, at)
    if counted.get(balancer) != minute:
        counted[balancer] = minute
        for group_arn, uses in elbv2.store(place).uses.items():
            if balancer in uses.values():
                _count_hosts(place, balancer, group_arn, at)


def _count_hosts(place: Place, balancer: str, group_arn: str, at: int) -> None:
    group = elbv2.store(place).target_groups.get(group_arn)
    states: list[str] = [target.state for target in group.targets.values()] if group is not None else []
    for name, state in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
        put(place, key_of(balancer, group_arn, name), float(states.count(state)), unit="Count", at=at)
