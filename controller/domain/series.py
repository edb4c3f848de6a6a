"""Metrics of a service's slots, as CloudWatch names them: of target groups, and of ECS services.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.arns import balancer_of
from controller.domain.foundation import Foundation
from controller.domain.names import slot_name
from controller.domain.slot import Slot

Groups = Mapping[Slot, str]
"""The ARNs of a service's target groups; one that never ran has none."""

BALANCERS, CONTAINERS = "AWS/ApplicationELB", "AWS/ECS"


@dataclass(frozen=True)
class Series:
    """One metric by one statistic, a number a minute. `of` are its dimensions, sorted by name; `id` is what formulas
    call it."""

    id: str
    namespace: str
    metric: str
    of: tuple[tuple[str, str], ...]
    statistic: str

    def __str__(self) -> str:
        return f"{self.id}: {self.statistic} of {self.metric} of {', '.join(value for _, value in self.of)}"


@dataclass(frozen=True)
class Meters:
    """What can be measured of one service. Ids are the name that is given, and the slot: `errors_blue`."""

    service: str
    foundation: Foundation
    groups: Groups

    def of_requests(self, name: str, metric: str, statistic: str) -> dict[Slot, Series]:
        """Of the slots that have a target group."""
        balancer = balancer_of(self.foundation.listener)
        return {
            slot: Series(f"{name}_{slot}", BALANCERS, metric, _behind(balancer, self.groups[slot]), statistic)
            for slot in Slot
            if slot in self.groups
        }

    def of_tasks(self, name: str, metric: str, statistic: str) -> dict[Slot, Series]:
        """Of both slots' ECS services, which may or may not be there."""
        return {slot: Series(f"{name}_{slot}", CONTAINERS, metric, self._run_in(slot), statistic) for slot in Slot}

    def _run_in(self, slot: Slot) -> tuple[tuple[str, str], ...]:
        cluster = self.foundation.cluster.rpartition("/")[2]
        return (("ClusterName", cluster), ("ServiceName", slot_name(self.foundation.stack, self.service, slot)))


def _behind(balancer: str, group_arn: str) -> tuple[tuple[str, str], ...]:
    return (("LoadBalancer", balancer), ("TargetGroup", group_arn.rpartition(":")[2]))
