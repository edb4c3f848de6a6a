"""Listener rules: whole actions and conditions in, whole actions and conditions out.

ModifyRule replaces the complete list of actions, and that of conditions, and there is no compare-and-set: whoever
changes a weight or a path carries everything else along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from controller.adapters.aws.wire.groups import name_of
from controller.adapters.aws.wire.tags import elb_tags
from controller.domain.manifest import Route
from controller.domain.names import TEST_HEADER
from controller.domain.secret import Secret
from controller.domain.slot import Slot, Weights

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import (
        ActionUnionTypeDef,
        CreateRuleInputTypeDef,
        ModifyRuleInputTypeDef,
        RuleConditionTypeDef,
        RuleTypeDef,
        SetRulePrioritiesInputTypeDef,
    )

Action = Mapping[str, Any]
"""One entry of a rule's actions, ready to be sent."""

Condition = tuple[str, str, frozenset[str]]
"""What a condition looks at (`path-pattern`), the header's name or "", and its values, in no order."""

ROUTED = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
"""What a route says, and where AWS writes its values; everything else that a public rule asks for is somebody else's
affair."""


@dataclass(frozen=True)
class ListenerRule:
    """One rule that is not the listener's default. `requests` are its conditions, ready to be sent."""

    arn: str
    priority: int
    conditions: frozenset[Condition]
    actions: tuple[Action, ...] = field(hash=False)
    requests: tuple[RuleConditionTypeDef, ...] = field(hash=False)

    @property
    def header(self) -> str | None:
        """The one value that our test header must have, None when the rule does not ask for it."""
        for about, name, values in self.conditions:
            if about == "http-header" and name == TEST_HEADER.lower():
                return next(iter(values), None)
        return None

    @property
    def paths(self) -> frozenset[str]:
        return values_of("path-pattern", self.conditions)

    @property
    def hosts(self) -> frozenset[str]:
        return values_of("host-header", self.conditions)

    @property
    def portable(self) -> str:
        """All actions as JSON that `restored` reads."""
        return compact(self.actions)

    @property
    def portable_conditions(self) -> str:
        """All conditions as JSON that `restored_conditions` reads: equal ones are equal texts, in whatever order AWS
        shows them."""
        return compact(sorted((_ordered(each) for each in self.requests), key=compact))


def spoken(conditions: frozenset[Condition]) -> str:
    """What a public rule asks for, for people."""
    return " ".join(sorted(f"{about} {'|'.join(sorted(values))}" for about, _, values in conditions))


def values_of(about: str, conditions: frozenset[Condition]) -> frozenset[str]:
    return frozenset(value for looked_at, _, values in conditions if looked_at == about for value in values)


def restored(actions: str) -> tuple[Action, ...]:
    return tuple(json.loads(actions))


def restored_conditions(conditions: str) -> tuple[RuleConditionTypeDef, ...]:
    return tuple(json.loads(conditions))


def compact(value: object) -> str:
    """JSON without chance: equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _ordered(value: Any) -> Any:
    """The same with every list of values in order: a condition holds for any of them."""
    if isinstance(value, Mapping):
        return {key: _ordered(member) for key, member in value.items()}
    return sorted((_ordered(each) for each in value), key=compact) if isinstance(value, list) else value


def read(shown: RuleTypeDef) -> ListenerRule | None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html: None for the default rule."""
    if shown.get("IsDefault") or shown.get("Priority") == "default":
        return None
    return ListenerRule(
        arn=shown["RuleArn"],
        priority=int(shown["Priority"]),
        conditions=frozenset(_condition(cast("Mapping[str, Any]", each)) for each in shown.get("Conditions", [])),
        actions=tuple(_sendable(cast("Action", each)) for each in shown.get("Actions", [])),
        requests=tuple(_sendable_condition(cast("Mapping[str, Any]", each)) for each in shown.get("Conditions", [])),
    )


def _condition(shown: Mapping[str, Any]) -> Condition:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html

    Values are in `Values` or in a member for the field, often in both; query strings are pairs.
    """
    configured: Mapping[str, Any] = next((value for key, value in shown.items() if key.endswith("Config")), {})
    values = configured.get("Values") or shown.get("Values") or ()
    patterns = configured.get("RegexValues") or shown.get("RegexValues") or ()
    name = str(configured.get("HttpHeaderName", "")).lower()
    spelled = [value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in values]
    return shown.get("Field", ""), name, frozenset([*spelled, *(f"regex {pattern}" for pattern in patterns)])


def _sendable(shown: Action) -> Action:
    """An action as ModifyRule takes it, from one as DescribeRules shows it.

    A forward is shown twice, and only `ForwardConfig` can hold weights. The client secret of a sign-in is never shown:
    the rule keeps the one it has.
    """
    action = dict(shown)
    if action.get("Type") == "forward":
        alone = action.pop("TargetGroupArn", None)
        if "ForwardConfig" not in action and alone is not None:
            action["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": alone, "Weight": 1}]}
    oidc = action.get("AuthenticateOidcConfig")
    if oidc is not None and "ClientSecret" not in oidc:
        action["AuthenticateOidcConfig"] = {**oidc, "UseExistingClientSecret": True}
    return action


def _sendable_condition(shown: Mapping[str, Any]) -> RuleConditionTypeDef:
    """A condition as ModifyRule takes it, from one as DescribeRules shows it.

    Values are often shown twice, and may be sent once: https://github.com/aws/aws-sdk/issues/439
    """
    alone = {key: shown[key] for key in ("Values", "RegexValues") if key in shown}
    condition = {key: value for key, value in shown.items() if key not in alone}
    member = ROUTED.get(shown.get("Field", ""))
    if not any(key.endswith("Config") for key in condition):
        condition.update({member: alone} if member else alone)
    return cast("RuleConditionTypeDef", condition)


AsksFor = Route | Secret
"""What makes a rule: a route for a public one, the secret value of our header for a test rule."""


def conditions(asks_for: AsksFor) -> list[RuleConditionTypeDef]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html

    A test rule asks for nothing but the header's value, so that a check may ask for any path.
    """
    if isinstance(asks_for, Secret):
        header = {"HttpHeaderName": TEST_HEADER, "Values": [asks_for.reveal()]}
        return [cast("RuleConditionTypeDef", {"Field": "http-header", "HttpHeaderConfig": header})]
    wanted: list[RuleConditionTypeDef] = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": list(asks_for.path)}}
    ]
    if asks_for.host:
        wanted.append({"Field": "host-header", "HostHeaderConfig": {"Values": list(asks_for.host)}})
    return wanted


def rerouted(requests: Sequence[RuleConditionTypeDef], route: Route) -> list[RuleConditionTypeDef]:
    """These conditions with the route's paths and hosts; whatever else they ask for stays."""
    return [*conditions(route), *(each for each in requests if each.get("Field") not in ROUTED)]


def create(
    listener: str,
    requests: Sequence[RuleConditionTypeDef],
    priority: int,
    actions: Sequence[Action],
    tags: Mapping[str, str],
) -> CreateRuleInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    return {
        "ListenerArn": listener,
        "Conditions": list(requests),
        "Priority": priority,
        "Actions": _sent(actions),
        "Tags": elb_tags(tags),
    }


def modify(
    arn: str, actions: Sequence[Action] = (), requests: Sequence[RuleConditionTypeDef] = ()
) -> ModifyRuleInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html

    What is not sent stays as it is. A rule has an action and a condition at least: an empty list asks for nothing.
    """
    request: ModifyRuleInputTypeDef = {"RuleArn": arn}
    if actions:
        request["Actions"] = _sent(actions)
    if requests:
        request["Conditions"] = list(requests)
    return request


def renumber(numbers: Mapping[str, int]) -> SetRulePrioritiesInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html

    All of them at once: two rules may change places.
    """
    return {"RulePriorities": [{"RuleArn": arn, "Priority": number} for arn, number in numbers.items()]}


def compared(wanted: Sequence[RuleConditionTypeDef]) -> frozenset[Condition]:
    """Conditions as a `ListenerRule` holds them."""
    return frozenset(_condition(cast("Mapping[str, Any]", each)) for each in wanted)


def forward(arns: Mapping[Slot, str], weights: Weights) -> tuple[Action, ...]:
    """The actions of a rule that only forwards: to both groups, also the one with nothing."""
    groups = [{"TargetGroupArn": arns[slot], "Weight": weights.get(slot, 0)} for slot in Slot if slot in arns]
    return ({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}},)


def with_weights(actions: Sequence[Action], arns: Mapping[Slot, str], weights: Weights) -> tuple[Action, ...] | None:
    """The same actions with these weights for our groups, everything else as it was; None when nothing is forwarded."""
    if not any(action.get("Type") == "forward" for action in actions):
        return None
    return tuple(_weighted(action, arns, weights) if action.get("Type") == "forward" else action for action in actions)


def _weighted(action: Action, arns: Mapping[Slot, str], weights: Weights) -> Action:
    config = action.get("ForwardConfig", {})
    foreign = [each for each in config.get("TargetGroups", []) if each["TargetGroupArn"] not in arns.values()]
    ours = forward(arns, weights)[0]["ForwardConfig"]["TargetGroups"]
    return {**action, "ForwardConfig": {**config, "TargetGroups": [*foreign, *ours]}}


def weights_of(actions: Sequence[Action], names: Mapping[Slot, str]) -> dict[Slot, int]:
    """The weight of each slot's group, by the group's name; 0 for one that is not mentioned."""
    found = dict.fromkeys(names, 0)
    for action in actions:
        for each in action.get("ForwardConfig", {}).get("TargetGroups", []):
            for slot, name in names.items():
                if name_of(each["TargetGroupArn"]) == name:
                    found[slot] += each.get("Weight", 1)
    return found


def _sent(actions: Sequence[Action]) -> list[ActionUnionTypeDef]:
    return cast("list[ActionUnionTypeDef]", [dict(action) for action in actions])
