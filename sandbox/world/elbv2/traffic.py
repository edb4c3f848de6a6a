"""The world as a balancer sees it: `TrafficView`, rebuilt piece by piece when something changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.world.elbv2 import model, rules, targets
from sandbox.world.place import Place
from sandbox.world.view import (
    Condition,
    FixedResponse,
    Forward,
    GroupView,
    ListenerView,
    Redirect,
    RuleView,
    TargetView,
    WeightedGroup,
)

if TYPE_CHECKING:
    from sandbox.world.world import World


class Traffic:
    """Keeps what it has shown until told of a change; a change of rules may be told to lag."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._version = 0
        self._listeners: tuple[ListenerView, ...] | None = None
        self._rules: dict[str, tuple[RuleView, ...]] = {}
        self._groups: dict[str, GroupView | None] = {}

    @property
    def version(self) -> int:
        return self._version

    def listeners(self) -> tuple[ListenerView, ...]:
        if self._listeners is None:
            self._listeners = tuple(
                _listener(place, each)
                for place in self._world.places()
                for each in model.store(place).listeners.values()
            )
        return self._listeners

    def rules(self, listener_arn: str) -> tuple[RuleView, ...]:
        return self._rules.get(listener_arn, ())

    def group(self, group_arn: str) -> GroupView | None:
        if group_arn not in self._groups:
            self._groups[group_arn] = self._group(group_arn)
        return self._groups[group_arn]

    def listeners_changed(self) -> None:
        self._listeners = None
        self._version += 1

    def rules_changed(self, place: Place, listener_arn: str) -> None:
        seen = tuple(_rule(rule) for rule in rules.of_listener(place, listener_arn))
        lag = self._world.faults.weights_lag_seconds
        if lag:
            place.after(lag, partial(self._show, listener_arn, seen))
        else:
            self._show(listener_arn, seen)

    def group_changed(self, group_arn: str) -> None:
        self._groups.pop(group_arn, None)
        self._version += 1

    def _show(self, listener_arn: str, seen: tuple[RuleView, ...]) -> None:
        self._rules[listener_arn] = seen
        self._version += 1

    def _group(self, group_arn: str) -> GroupView | None:
        region, account = group_arn.split(":")[3:5] if group_arn.count(":") >= 5 else ("", "")
        place = self._world.place(account, region)
        group = model.store(place).target_groups.get(group_arn)
        if group is None:
            return None
        sticky = group.attributes["stickiness.enabled"] == "true"
        return GroupView(
            arn=group.arn,
            name=group.name,
            load_balancer_arn=next(iter(model.balancers_of(place, group.arn)), ""),
            targets=tuple(
                TargetView(targets.as_target(group, each), each.state, each.endpoint) for each in group.targets.values()
            ),
            stickiness_seconds=int(group.attributes["stickiness.lb_cookie.duration_seconds"]) if sticky else 0,
        )


def _listener(place: Place, listener: model.Listener) -> ListenerView:
    balancer = model.load_balancer(place, listener.load_balancer_arn)
    return ListenerView(listener.arn, balancer.arn, balancer.name, balancer.dns_name, listener.port, listener.protocol)


def _rule(rule: model.Rule) -> RuleView:
    conditions = tuple(_condition(each) for each in rule.conditions)
    final = next(each for each in rule.actions if each["Type"] in ("forward", "fixed-response", "redirect"))
    return RuleView(rule.arn, rule.priority, conditions, _action(final))


def _action(action: dict[str, Any]) -> Forward | FixedResponse | Redirect:
    if action["Type"] == "forward":
        return _forward(action["ForwardConfig"])
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        content_type = config.get("ContentType", "text/plain")
        return FixedResponse(int(config["StatusCode"]), content_type, config.get("MessageBody", ""))
    config = action["RedirectConfig"]
    parts = {name.lower(): config[name] for name in ("Protocol", "Host", "Port", "Path", "Query") if name in config}
    return Redirect(int(config["StatusCode"].removeprefix("HTTP_")), **parts)


def _forward(config: dict[str, Any]) -> Forward:
    sticky = config["TargetGroupStickinessConfig"]
    groups = tuple(WeightedGroup(each["TargetGroupArn"], each["Weight"]) for each in config["TargetGroups"])
    return Forward(groups, sticky.get("DurationSeconds", 3600) if sticky.get("Enabled") else 0)


def _condition(condition: dict[str, Any]) -> Condition:
    match condition:
        case {"Field": "path-pattern", "PathPatternConfig": config}:
            return Condition("path", tuple(config["Values"]))
        case {"Field": "host-header", "HostHeaderConfig": config}:
            return Condition("host", tuple(config["Values"]))
        case {"Field": "http-header", "HttpHeaderConfig": config}:
            return Condition("header", tuple(config["Values"]), name=config["HttpHeaderName"])
        case {"Field": "http-request-method", "HttpRequestMethodConfig": config}:
            return Condition("method", tuple(config["Values"]))
        case {"Field": "source-ip", "SourceIpConfig": config}:
            return Condition("source", tuple(config["Values"]))
    pairs = tuple((pair.get("Key"), pair["Value"]) for pair in condition["QueryStringConfig"]["Values"])
    return Condition("query", pairs=pairs)
