"""Target groups, their attributes and their targets."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, elbv2, opening
from tests.oracles.scripts.foundation import BALANCED, GROUPS, NO_GROUP, ROUTED, group

OURS = [{"Key": "managed-by", "Value": "tidegate"}]


def modified(**changes: Any) -> Step:
    return elbv2("ModifyTargetGroup", TargetGroupArn="${blue}", **changes)


def attributes(**changes: str) -> Step:
    listed = [{"Key": key.replace("__", "."), "Value": value} for key, value in changes.items()]
    return elbv2("ModifyTargetGroupAttributes", TargetGroupArn="${blue}", Attributes=listed)


SCRIPTS = (
    Script(
        "a target group is made, found, changed and deleted",
        (
            group("blue", Tags=OURS).keeps(blue="TargetGroups.0.TargetGroupArn"),
            group("blue", Tags=OURS),
            elbv2("DescribeTargetGroups", Names=["blue"]),
            elbv2("DescribeTargetGroups", TargetGroupArns=["${blue}"]),
            elbv2("DescribeTargetGroups"),
            elbv2("DescribeTargetGroupAttributes", TargetGroupArn="${blue}"),
            modified(HealthCheckPath="/ready", HealthCheckIntervalSeconds=15, Matcher={"HttpCode": "200"}),
            attributes(deregistration_delay__timeout_seconds="15"),
            elbv2("DescribeTargetGroupAttributes", TargetGroupArn="${blue}"),
            elbv2("DescribeTargetGroups", Names=["blue"]),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}"),
            elbv2("DeleteTargetGroup", TargetGroupArn="${blue}"),
            elbv2("DescribeTargetGroups", TargetGroupArns=["${blue}"]).fails("TargetGroupNotFound", "aws.gone"),
        ),
    ),
    Script(
        "a target group with AWS's own defaults",
        (
            elbv2("CreateTargetGroup", Name="plain", Protocol="HTTP", Port=80, VpcId="${vpc}"),
            elbv2("DescribeTargetGroups", Names=["plain"]),
        ),
    ),
    Script(
        "a target group that ELBv2 refuses",
        (
            *opening(group("blue").keeps(blue="TargetGroups.0.TargetGroupArn")),
            group("blue", Port=9000).fails("DuplicateTargetGroupName", "aws.taken"),
            group("-begins-badly").fails("ValidationError", "aws.refused"),
            group("a" * 33).fails("ValidationError", "aws.refused"),
            group("slow", HealthCheckTimeoutSeconds=10).fails("ValidationError", "aws.refused"),
            group("red", Matcher={"HttpCode": "600"}).fails("ValidationError", "aws.refused"),
            modified(HealthCheckTimeoutSeconds=20).fails("ValidationError", "aws.refused"),
            attributes(deregistration_delay__timeout_seconds="3601").fails("ValidationError", "aws.refused"),
            attributes(no__such__attribute="1").fails("ValidationError", "aws.refused"),
        ),
    ),
    Script(
        "target groups that are looked for and not there",
        (
            elbv2("DescribeTargetGroups", Names=["none"]).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("DescribeTargetGroups", TargetGroupArns=[NO_GROUP]).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("DescribeTargetGroupAttributes", TargetGroupArn=NO_GROUP).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("DescribeTargetHealth", TargetGroupArn=NO_GROUP).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("ModifyTargetGroup", TargetGroupArn=NO_GROUP, HealthCheckPath="/").fails(
                "TargetGroupNotFound", "aws.gone"
            ),
            elbv2(
                "ModifyTargetGroupAttributes",
                TargetGroupArn=NO_GROUP,
                Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
            ).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("RegisterTargets", TargetGroupArn=NO_GROUP, Targets=[{"Id": "172.31.0.9"}]).fails(
                "TargetGroupNotFound", "aws.gone"
            ),
            elbv2("DeregisterTargets", TargetGroupArn=NO_GROUP, Targets=[{"Id": "172.31.0.9"}]).fails(
                "TargetGroupNotFound", "aws.gone"
            ),
            *BALANCED,
            elbv2("DescribeTargetGroups", LoadBalancerArn="${balancer}"),
        ),
    ),
    Script(
        "a target group in use is not deleted",
        (
            *ROUTED,
            elbv2("DescribeTargetGroups", LoadBalancerArn="${balancer}"),
            elbv2("DeleteTargetGroup", TargetGroupArn="${blue}").fails("ResourceInUse", "aws.in_use"),
            elbv2("DeleteRule", RuleArn="${rule}"),
            elbv2("DeleteTargetGroup", TargetGroupArn="${blue}"),
        ),
    ),
    Script(
        "a target group that is deleted twice",
        (
            *opening(group("blue").keeps(blue="TargetGroups.0.TargetGroupArn")),
            elbv2("DeleteTargetGroup", TargetGroupArn="${blue}"),
            elbv2("DeleteTargetGroup", TargetGroupArn="${blue}").fails("TargetGroupNotFound", "aws.gone"),
        ),
    ),
    Script(
        "targets of a group that is used",
        (
            *ROUTED,
            elbv2("RegisterTargets", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9", "Port": 8000}]),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}"),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.7", "Port": 8000}]),
            elbv2("RegisterTargets", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9", "Port": 8001}]),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9", "Port": 8001}]),
            elbv2("DeregisterTargets", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9", "Port": 8000}]),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9", "Port": 8000}]),
        ),
    ),
    Script(
        "targets of a group that nobody uses",
        (
            *GROUPS,
            elbv2("RegisterTargets", TargetGroupArn="${blue}", Targets=[{"Id": "172.31.0.9"}]),
            elbv2("DescribeTargetHealth", TargetGroupArn="${blue}"),
        ),
    ),
)
