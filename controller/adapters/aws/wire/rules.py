"""Listener rules: whole actions in, whole actions out.

ModifyRule replaces the complete list of actions, and there is no compare-and-set: whoever changes a weight carries
everything else along.
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
    )

Action = Mapping[str, Any]
"""One entry of a rule's actions, ready to be sent."""

Condition = tuple[str, str, frozenset[str]]
"""What a condition looks at (`path-pattern`), the header's name or "", and its values, in no order."""


@dataclass(frozen=True)
class ListenerRule:
    """One rule that is not the listener's default."""

    arn: str
    priority: int
    conditions: frozenset[Condition]
    actions: tuple[Action, ...] = field(hash=False)

    @property
    def header(self) -> str | None:
        """The one value that our test header must have, None when the rule does not ask for it."""
        for about, name, values in self.conditions:
            if about == "http-header" and name == TEST_HEADER.lower():
                return next(iter(values), None)
        return None

    @property
    def portable(self) -> str:
        """All actions as JSON that `restored` reads."""
        return json.dumps(self.actions, sort_keys=True, separators=(",", ":"))


def restored(actions: str) -> tuple[Action, ...]:
    return tuple(json.loads(actions))


def read(shown: RuleTypeDef) -> ListenerRule | None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html: None for the default rule."""
    if shown.get("IsDefault") or shown.get("Priority") == "default":
        return None
    return ListenerRule(
        arn=shown["RuleArn"],
        priority=int(shown["Priority"]),
        conditions=frozenset(_condition(cast("Mapping[str, Any]", each)) for each in shown.get("Conditions", [])),
        actions=tuple(_sendable(cast("Action", each)) for each in shown.get("Actions", [])),
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


def create(
    listener: str, asks_for: AsksFor, priority: int, actions: Sequence[Action], tags: Mapping[str, str]
) -> CreateRuleInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html"""
    return {
        "ListenerArn": listener,
        "Conditions": conditions(asks_for),
        "Priority": priority,
        "Actions": _sent(actions),
        "Tags": elb_tags(tags),
    }


def modify(arn: str, actions: Sequence[Action], asks_for: AsksFor | None = None) -> ModifyRuleInputTypeDef:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html

    Conditions stay as they are when `asks_for` is None.
    """
    request: ModifyRuleInputTypeDef = {"RuleArn": arn, "Actions": _sent(actions)}
    if asks_for is not None:
        request["Conditions"] = conditions(asks_for)
    return request


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
