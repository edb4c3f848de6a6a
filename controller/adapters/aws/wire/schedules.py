"""Dead-man's switches as one-time schedules of EventBridge Scheduler that modify a listener rule."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.adapters.aws.wire.rules import compact
from controller.domain.arns import partition_of
from controller.domain.names import switch_group
from controller.domain.switch import ArmedSwitch, Switch

AT = "at(%Y-%m-%dT%H:%M:%S)"
ONCE = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")

RETRIES = {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 20}
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html

Not a day, which is the default: a rule that comes back hours later would meet another deployment.
"""


def target(partition: str) -> str:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html"""
    return f"arn:{partition}:scheduler:::aws-sdk:elasticloadbalancingv2:modifyRule"


def group_arn(partition: str, region: str, account: str, place: str) -> str:
    return f"arn:{partition}:scheduler:{region}:{account}:schedule-group/{switch_group(place)}"


def group(place: str, tags: Mapping[str, str], token: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html"""
    listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return {"Name": switch_group(place), "Tags": listed, "ClientToken": token}


def schedule(switch: Switch, place: str, partition: str, role: str, token: str) -> dict[str, Any]:
    """For CreateSchedule, and for UpdateSchedule, which forgets whatever it is not sent.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    return {
        **named(switch.name, place),
        "ScheduleExpression": switch.fires_at.astimezone(UTC).strftime(AT),
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": target(partition),
            "RoleArn": role,
            "Input": _input(switch),
            "RetryPolicy": RETRIES,
        },
        "ClientToken": token,
    }


def named(name: str, place: str) -> dict[str, Any]:
    """For GetSchedule and DeleteSchedule."""
    return {"GroupName": switch_group(place), "Name": name}


def armed(shown: Mapping[str, Any]) -> ArmedSwitch:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html"""
    given = _modification(shown["Target"])
    return ArmedSwitch(
        fires_at=_moment(shown),
        rule=str(given.get("RuleArn", "")),
        actions=compact(given["Actions"]) if "Actions" in given else "",
        conditions=compact(given["Conditions"]) if "Conditions" in given else "",
        is_enabled=shown.get("State") == "ENABLED",
    )


def _input(switch: Switch) -> str:
    """Members as ModifyRule has them. The conditions are left out, and stay, where no record has them."""
    rule = switch.rule
    conditions = {"Conditions": json.loads(rule.conditions)} if rule.conditions else {}
    return compact({"RuleArn": rule.arn, "Actions": json.loads(rule.actions), **conditions})


def _modification(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """The target's input; empty when it is none of ours."""
    try:
        given = json.loads(shown.get("Input", ""))
    except ValueError:
        return {}
    is_ours = shown["Arn"] == target(partition_of(shown["Arn"])) and isinstance(given, dict)
    return given if is_ours else {}


def _moment(shown: Mapping[str, Any]) -> datetime | None:
    expression = shown.get("ScheduleExpression", "")
    if shown.get("ScheduleExpressionTimezone", "UTC") != "UTC" or not ONCE.fullmatch(expression):
        return None
    return datetime.strptime(expression, AT).replace(tzinfo=UTC)
