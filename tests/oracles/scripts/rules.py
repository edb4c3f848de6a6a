"""Listener rules: weights, conditions, priorities."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, elbv2, opening
from tests.oracles.scripts.foundation import (
    BALANCED,
    NO_GROUP,
    NO_LISTENER,
    NO_RULE,
    NOT_FOUND,
    ROUTED,
    forward,
    group,
    rule,
    tags,
)

HEADER = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-tidegate", "Values": ["secret"]}}
OURS = [{"Key": "managed-by", "Value": "tidegate"}]
HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["captions.example.com"]}}
PATH = {"Field": "path-pattern", "Values": ["/api/*"]}
TWICE = {**PATH, "PathPatternConfig": {"Values": ["/api/*"]}}
"""As DescribeRules shows it, and not as ModifyRule takes it."""
STICKY = {
    "Type": "forward",
    "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": "${blue}", "Weight": 1}, {"TargetGroupArn": "${green}", "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    },
}

SIX = tuple(f"group{number}" for number in range(6))


def made(priority: int = 20, **more: Any) -> Step:
    given = {
        "ListenerArn": "${listener}",
        "Conditions": [PATH],
        "Actions": [forward({"${blue}": 100})],
        "Priority": priority,
        **more,
    }
    return elbv2("CreateRule", **given)


def modified(**changes: Any) -> Step:
    return elbv2("ModifyRule", RuleArn="${rule}", **changes)


def shown() -> Step:
    return elbv2("DescribeRules", RuleArns=["${rule}"])


SCRIPTS = (
    Script(
        "a rule's weights move",
        (
            *ROUTED,
            shown(),
            modified(Actions=[forward({"${blue}": 90, "${green}": 10})]),
            shown(),
            modified(Actions=[forward({"${blue}": 0, "${green}": 100})]),
            shown(),
            modified(Actions=[forward({"${green}": 100})]),
            shown(),
            modified(Actions=[{"Type": "forward", "TargetGroupArn": "${blue}"}]),
            shown(),
            modified(Actions=[STICKY]),
            shown(),
        ),
    ),
    Script(
        "rules with every condition in use",
        (
            *ROUTED,
            made(1, Conditions=[HEADER], Tags=OURS).keeps(test="Rules.0.RuleArn"),
            made(2, Conditions=[HOST, PATH]).keeps(second="Rules.0.RuleArn"),
            made(
                3,
                Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b/*"]}}],
                Actions=[{"Type": "redirect", "RedirectConfig": {"Path": "/c", "StatusCode": "HTTP_302"}}],
            ),
            elbv2("DescribeRules", ListenerArn="${listener}"),
            elbv2("ModifyRule", RuleArn="${test}", Conditions=[PATH]),
            elbv2("SetRulePriorities", RulePriorities=[{"RuleArn": "${test}", "Priority": 30}]),
            elbv2("DescribeRules", ListenerArn="${listener}"),
            elbv2("DeleteRule", RuleArn="${test}"),
            elbv2("DescribeRules", RuleArns=["${test}"]).fails("RuleNotFound", "aws.gone"),
        ),
    ),
    Script(
        "a rule that ELBv2 refuses",
        (
            *ROUTED,
            rule(10, {"${blue}": 100}).fails("PriorityInUse", "aws.taken"),
            made(50_001).fails("ValidationError", "aws.refused"),
            made(21, ListenerArn=NO_LISTENER).fails("ListenerNotFound", "foundation.listener_missing"),
            made(22, Actions=[forward({NO_GROUP: 1})]).fails("TargetGroupNotFound", "aws.gone"),
            made(23, Actions=[forward({"${blue}": 1000})]).fails("ValidationError", "aws.refused"),
            made(24, Actions=[forward({"${blue}": 1}), NOT_FOUND]).fails("ValidationError", "aws.refused"),
            made(25, Actions=[]).fails("ValidationError", "aws.refused"),
            made(26, Conditions=[]).fails("ValidationError", "aws.refused"),
            made(27, Conditions=[{"Field": "colour", "Values": ["blue"]}]).fails("ValidationError", "aws.refused"),
            made(28, Conditions=[{"Field": "path-pattern", "Values": [f"/{number}" for number in range(6)]}]).fails(
                "ValidationError", "aws.refused"
            ),
            made(29, Tags=tags(51)).fails("TooManyTags", "aws.quota"),
            elbv2("SetRulePriorities", RulePriorities=[{"RuleArn": NO_RULE, "Priority": 3}]).fails(
                "RuleNotFound", "aws.gone"
            ),
            elbv2("SetRulePriorities", RulePriorities=[{"RuleArn": "${rule}", "Priority": 11}]),
            rule(12, {"${blue}": 100}).keeps(other="Rules.0.RuleArn"),
            elbv2("SetRulePriorities", RulePriorities=[{"RuleArn": "${other}", "Priority": 11}]).fails(
                "PriorityInUse", "aws.taken"
            ),
            elbv2("ModifyRule", RuleArn="${other}", Conditions=[TWICE]).fails("ValidationError", "aws.refused"),
        ),
    ),
    Script(
        "a change of a rule that ELBv2 refuses",
        (
            *ROUTED,
            elbv2("ModifyRule", RuleArn=NO_RULE, Actions=[forward({"${blue}": 1})]).fails("RuleNotFound", "aws.gone"),
            elbv2("DeleteRule", RuleArn=NO_RULE).fails("RuleNotFound", "aws.gone"),
            elbv2("DescribeRules", RuleArns=[NO_RULE]).fails("RuleNotFound", "aws.gone"),
            elbv2("DescribeRules", ListenerArn=NO_LISTENER).fails("ListenerNotFound", "foundation.listener_missing"),
            modified(Actions=[forward({NO_GROUP: 1})]).fails("TargetGroupNotFound", "aws.gone"),
            modified(Actions=[forward({"${blue}": 1, NO_GROUP: 0})]).fails("TargetGroupNotFound", "aws.gone"),
            shown(),
            elbv2("DescribeRules", ListenerArn="${listener}").keeps(default="Rules.1.RuleArn"),
            elbv2("ModifyRule", RuleArn="${default}", Actions=[forward({"${blue}": 1})]).fails(
                "OperationNotPermitted", "aws.denied"
            ),
            elbv2("DeleteRule", RuleArn="${default}").fails("OperationNotPermitted", "aws.denied"),
        ),
    ),
    Script(
        "more target groups than an action may have",
        (
            *BALANCED,
            *opening(*(group(name).keeps(**{name: "TargetGroups.0.TargetGroupArn"}) for name in SIX)),
            made(Actions=[forward({f"${{{name}}}": 1 for name in SIX})]).fails("TooManyTargetGroups", "aws.quota"),
            made(21, Actions=[forward({f"${{{name}}}": 1 for name in SIX[:5]})]),
        ),
    ),
    Script(
        "a target group of another load balancer",
        (
            *ROUTED,
            *opening(
                elbv2("CreateLoadBalancer", Name="other", Subnets=["${subnet1}", "${subnet2}"]).keeps(
                    other="LoadBalancers.0.LoadBalancerArn"
                ),
                elbv2(
                    "CreateListener", LoadBalancerArn="${other}", Protocol="HTTP", Port=80, DefaultActions=[NOT_FOUND]
                ).keeps(other_listener="Listeners.0.ListenerArn"),
            ),
            made(ListenerArn="${other_listener}").fails("TargetGroupAssociationLimit", "aws.quota"),
        ),
    ),
    Script(
        "more rules than a load balancer may have",
        (
            *ROUTED,
            *opening(*(rule(1000 + number, {"${blue}": 1}, f"/{number}") for number in range(99))),
            rule(2000, {"${blue}": 1}, "/last").fails("TooManyRules", "aws.quota"),
        ),
    ),
)
