"""Actions and conditions of rules: checked, and written out as ELBv2 shows them."""

from __future__ import annotations

from typing import Any

from sandbox.world.elbv2 import model
from sandbox.world.elbv2.model import require
from sandbox.world.errors import AwsError
from sandbox.world.place import Place

FINAL = ("forward", "fixed-response", "redirect")
CONFIGS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def normalized(place: Place, balancer_arn: str, actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The actions as they are shown afterwards; raises for groups that cannot be used here."""
    require(
        sum(action["Type"] in FINAL for action in actions) == 1,
        "A rule needs exactly one action of type forward, fixed-response or redirect",
    )
    return [_forward(place, balancer_arn, action) if action["Type"] == "forward" else action for action in actions]


def _forward(place: Place, balancer_arn: str, action: dict[str, Any]) -> dict[str, Any]:
    config = action.get("ForwardConfig") or {}
    alone = action.get("TargetGroupArn")
    groups = config.get("TargetGroups") or ([{"TargetGroupArn": alone}] if alone else [])
    require(bool(groups), "A target group ARN must be specified")
    arns = [group.get("TargetGroupArn") for group in groups]
    require(
        alone is None or arns == [alone],
        "You can specify both TargetGroupArn and ForwardConfig only if they name the same one target group",
    )
    require(len(set(arns)) == len(arns), "A target group may be named only once in an action")
    if len(groups) > 5:
        raise AwsError("TooManyTargetGroups", "A forward action can have at most 5 target groups")
    weighted = [{"TargetGroupArn": group["TargetGroupArn"], "Weight": _weight(group)} for group in groups]
    for arn in arns:
        _check_use(place, balancer_arn, arn)
    stickiness = config.get("TargetGroupStickinessConfig") or {"Enabled": False}
    shown = {**action, "ForwardConfig": {"TargetGroups": weighted, "TargetGroupStickinessConfig": stickiness}}
    if len(arns) == 1:
        shown["TargetGroupArn"] = arns[0]
    return shown


def _weight(group: dict[str, Any]) -> int:
    weight = group.get("Weight")
    if weight is None:
        return 1
    require(0 <= weight <= 999, f"Target group weight '{weight}' must be between 0 and 999")
    return int(weight)


def _check_use(place: Place, balancer_arn: str, group_arn: str) -> None:
    model.target_group(place, group_arn)
    if any(user != balancer_arn for user in model.balancers_of(place, group_arn)):
        raise AwsError(
            "TargetGroupAssociationLimit",
            f"The following target groups cannot be associated with more than one load balancer: {group_arn}",
        )


def used_groups(actions: list[dict[str, Any]]) -> list[str]:
    return [
        group["TargetGroupArn"]
        for action in actions
        if action["Type"] == "forward"
        for group in action["ForwardConfig"]["TargetGroups"]
    ]


def normalized_conditions(conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Path and host conditions are shown both ways, whichever way they were given."""
    require(bool(conditions), "A rule must have at least one condition")
    shown = [_condition(condition) for condition in conditions]
    count = sum(len(condition[CONFIGS[condition["Field"]]].get("Values", ())) for condition in shown)
    require(count <= 5, f"A rule can have at most 5 condition values, found {count}")
    return shown


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    name = condition.get("Field", "")
    require(name in CONFIGS, f"Condition field '{name}' must be one of [{', '.join(CONFIGS)}]")
    # DescribeRules shows path and host conditions both ways, and what it shows is refused: aws/aws-sdk#439.
    require(
        not (condition.get("Values") and condition.get(CONFIGS[name])),
        f"You cannot provide both Values and '{CONFIGS[name]}' for a condition of type '{name}'",
    )
    config = condition.get(CONFIGS[name]) or {"Values": condition.get("Values") or []}
    values = config.get("Values") or []
    require(bool(values), f"A condition value must be specified for '{name}'")
    shown = {"Field": name, CONFIGS[name]: config}
    if name in ("path-pattern", "host-header"):
        shown["Values"] = values
    return shown
