"""What is remembered of balancers, and how things are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar

from sandbox.world.errors import AwsError
from sandbox.world.place import Place, Store
from sandbox.world.ports import Endpoint
from sandbox.world.values import tag_map
from sandbox.world.view import TargetState

TargetKey = tuple[str, int]
T = TypeVar("T")

TAGS_PER_RESOURCE = 50


@dataclass
class LoadBalancer:
    arn: str
    name: str
    dns_name: str
    created_at: datetime
    body: dict[str, Any]
    attributes: dict[str, str]
    tags: dict[str, str]
    is_active: bool = False


@dataclass
class Listener:
    arn: str
    load_balancer_arn: str
    port: int
    protocol: str
    certificates: list[dict[str, Any]]
    ssl_policy: str | None
    tags: dict[str, str]


@dataclass
class Rule:
    arn: str
    listener_arn: str
    load_balancer_arn: str
    priority: int | None
    """None for the listener's default rule."""
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    tags: dict[str, str]


@dataclass
class RegisteredTarget:
    id: str
    port: int
    task_id: str
    endpoint: Endpoint | None
    counted_at: datetime = field(compare=False)
    """When a failed check last counted, or when checking began."""
    state: TargetState = "initial"
    reason: str = "Elb.RegistrationInProgress"
    description: str = "Target registration is in progress"
    successes: int = field(default=0, compare=False)
    failures: int = field(default=0, compare=False)


@dataclass
class TargetGroup:
    arn: str
    name: str
    settings: dict[str, Any]
    """Port, protocol, health check and the like, named as in the API."""
    attributes: dict[str, str]
    tags: dict[str, str]
    targets: dict[TargetKey, RegisteredTarget] = field(default_factory=dict)

    @property
    def deregistration_delay_seconds(self) -> float:
        return float(self.attributes["deregistration_delay.timeout_seconds"])


@dataclass
class ElbStore(Store):
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
    uses: dict[str, dict[str, str]] = field(default_factory=dict)
    """By target group: the rules that name it, and each rule's load balancer."""
    by_listener: dict[str, list[str]] = field(default_factory=dict)
    """By listener: its rules, in no order, the default one included."""

    def without_newcomers(self) -> Self:
        defaults = {arn: rule for arn, rule in self.rules.items() if rule.priority is None}
        by_listener = {rule.listener_arn: [arn] for arn, rule in defaults.items()}
        return type(self)(self.load_balancers, self.listeners, defaults, by_listener=by_listener)


def store(place: Place) -> ElbStore:
    return place.store(ElbStore)


def load_balancer(place: Place, arn: str) -> LoadBalancer:
    return _found(store(place).load_balancers, arn, "LoadBalancerNotFound", "Load balancer '{}' not found")


def listener(place: Place, arn: str) -> Listener:
    return _found(store(place).listeners, arn, "ListenerNotFound", "Listener '{}' not found")


def rule(place: Place, arn: str) -> Rule:
    return _found(store(place).rules, arn, "RuleNotFound", "Rule '{}' not found")


def target_group(place: Place, arn: str) -> TargetGroup:
    return _found(store(place).target_groups, arn, "TargetGroupNotFound", "Target group '{}' not found")


def _found(things: dict[str, T], arn: str, code: str, message: str) -> T:
    if arn not in things:
        raise AwsError(code, message.format(arn))
    return things[arn]


def balancers_of(place: Place, group_arn: str) -> list[str]:
    """The load balancers that may send to the group: one at most, by AWS's rule."""
    return list(dict.fromkeys(store(place).uses.get(group_arn, {}).values()))


def tags(given: list[dict[str, str]] | None) -> dict[str, str]:
    """The tags of a request; raises for a key that comes twice and for more than a resource may have."""
    found = tag_map(given, "Key", "Value")
    if len(found) < len(given or []):
        raise AwsError("DuplicateTagKeys", "A tag key was specified more than once")
    insist_on_tag_limit(found)
    return found


def insist_on_tag_limit(tags: dict[str, str]) -> None:
    if len(tags) > TAGS_PER_RESOURCE:
        raise AwsError("TooManyTags", f"A resource can have at most {TAGS_PER_RESOURCE} tags, found {len(tags)}")


def require(condition: bool, message: str) -> None:
    """Refuse a request whose values do not make sense."""
    if not condition:
        raise AwsError("ValidationError", message)
