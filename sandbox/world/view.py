"""The read model by which a balancer routes: listeners, their rules in order, groups with their targets.

Frozen values, the same object until something changes, so that asking for each request costs a dictionary
look-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from sandbox.world.ports import Endpoint, Target

TargetState = Literal["initial", "healthy", "unhealthy", "draining", "unused"]


@dataclass(frozen=True)
class Condition:
    """One condition of a rule; it holds when any of its values matches, and a rule when all its conditions
    hold.

    `path`, `host`, `header` and `query` values may contain `*` and `?`; hosts and header values ignore
    case, paths and queries do not. `method` is exact, `source` values are CIDR blocks.
    """

    field: Literal["path", "host", "header", "method", "query", "source"]
    values: tuple[str, ...] = ()
    name: str = ""
    """The header's name, for `header`."""
    pairs: tuple[tuple[str | None, str], ...] = ()
    """(key, value) for `query`; the key None matches the value under any key."""


@dataclass(frozen=True)
class WeightedGroup:
    group_arn: str
    weight: int


@dataclass(frozen=True)
class Forward:
    """Send to one of the groups, in proportion to their weights; all zero means 503."""

    groups: tuple[WeightedGroup, ...]
    stickiness_seconds: int = 0
    """Group stickiness by the cookie AWSALBTG; 0 means off."""


@dataclass(frozen=True)
class FixedResponse:
    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True)
class Redirect:
    """Parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` (without the first slash) and
    `#{query}`."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True)
class RuleView:
    arn: str
    priority: int | None
    """None for a listener's default rule, which comes last and has no conditions."""
    conditions: tuple[Condition, ...]
    action: Forward | FixedResponse | Redirect


@dataclass(frozen=True)
class ListenerView:
    arn: str
    load_balancer_arn: str
    load_balancer_name: str
    dns_name: str
    port: int
    """As AWS shows it (80); which real port serves it is the balancer's affair."""
    protocol: str


@dataclass(frozen=True)
class TargetView:
    target: Target
    state: TargetState
    endpoint: Endpoint | None
    """None when nothing listens for it: requests that go there answer 502."""


@dataclass(frozen=True)
class GroupView:
    arn: str
    name: str
    load_balancer_arn: str
    """Empty when no rule uses the group."""
    targets: tuple[TargetView, ...]
    """All that DescribeTargetHealth shows, draining ones too. ALB sends to the healthy ones, and to all
    that are not draining when none is healthy."""
    stickiness_seconds: int = 0
    """Target stickiness by the cookie AWSALB; 0 means off."""


class TrafficView(Protocol):
    """Everything a balancer may know. All accounts and regions at once: ARNs tell them apart."""

    @property
    def version(self) -> int:
        """Grows with every change of anything below; equal numbers, equal answers."""
        ...

    def listeners(self) -> tuple[ListenerView, ...]: ...

    def rules(self, listener_arn: str) -> tuple[RuleView, ...]:
        """In the order in which they are tried, the default rule last; empty for an unknown listener."""
        ...

    def group(self, group_arn: str) -> GroupView | None: ...
