"""Load balancers, listeners, and the tags of everything that ELBv2 has."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, elbv2
from tests.oracles.scripts.foundation import (
    BALANCED,
    BALANCER,
    LISTENER,
    NO_BALANCER,
    NO_GROUP,
    NO_LISTENER,
    NO_RULE,
    NOT_FOUND,
    ROUTED,
    forward,
    tags,
)

GONE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "410", "MessageBody": "gone"}}


def listener(**more: Any) -> Step:
    given = {"LoadBalancerArn": "${balancer}", "Protocol": "HTTP", "Port": 8080, "DefaultActions": [NOT_FOUND], **more}
    return elbv2("CreateListener", **given)


A, B = {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}

SCRIPTS = (
    Script(
        "a load balancer comes and goes",
        (
            BALANCER,
            elbv2("DescribeLoadBalancers", LoadBalancerArns=["${balancer}"]).until(
                {"LoadBalancers.0.State.Code": "active"}
            ),
            elbv2("DescribeLoadBalancers", Names=["dev"]),
            elbv2("DescribeLoadBalancerAttributes", LoadBalancerArn="${balancer}"),
            elbv2(
                "ModifyLoadBalancerAttributes",
                LoadBalancerArn="${balancer}",
                Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}],
            ),
            elbv2("DeleteLoadBalancer", LoadBalancerArn="${balancer}"),
            elbv2("DescribeLoadBalancers", LoadBalancerArns=["${balancer}"]).fails(
                "LoadBalancerNotFound", "foundation.listener_missing"
            ),
            elbv2("DeleteLoadBalancer", LoadBalancerArn="${balancer}"),
        ),
    ),
    Script(
        "a load balancer that ELBv2 refuses",
        (
            *BALANCED,
            elbv2("CreateLoadBalancer", Name="dev", Subnets=["${subnet1}", "${subnet2}"], Scheme="internal").fails(
                "DuplicateLoadBalancerName"
            ),
            elbv2("CreateLoadBalancer", Name="n" * 33, Subnets=["${subnet1}", "${subnet2}"]).fails("ValidationError"),
            elbv2("DescribeLoadBalancers", Names=["none"]).fails("LoadBalancerNotFound", "foundation.listener_missing"),
            elbv2("DescribeLoadBalancers", LoadBalancerArns=[NO_BALANCER]).fails(
                "LoadBalancerNotFound", "foundation.listener_missing"
            ),
            elbv2("DescribeLoadBalancerAttributes", LoadBalancerArn=NO_BALANCER).fails("LoadBalancerNotFound"),
        ),
    ),
    Script(
        "a listener comes, is changed, and goes",
        (
            BALANCER,
            LISTENER,
            elbv2("DescribeListeners", ListenerArns=["${listener}"]),
            elbv2("DescribeListeners", LoadBalancerArn="${balancer}"),
            elbv2("DescribeRules", ListenerArn="${listener}"),
            elbv2("ModifyListener", ListenerArn="${listener}", Port=8081, DefaultActions=[GONE]),
            elbv2("DescribeListeners", ListenerArns=["${listener}"]),
            elbv2("DeleteListener", ListenerArn="${listener}"),
            elbv2("DescribeListeners", ListenerArns=["${listener}"]).fails(
                "ListenerNotFound", "foundation.listener_missing"
            ),
        ),
    ),
    Script(
        "a listener that forwards by default",
        (
            *ROUTED,
            listener(DefaultActions=[forward({"${blue}": 100})]).keeps(second="Listeners.0.ListenerArn"),
            elbv2("DescribeRules", ListenerArn="${second}"),
            listener(Port=8082, DefaultActions=[{"Type": "forward", "TargetGroupArn": "${green}"}]),
        ),
    ),
    Script(
        "a listener that ELBv2 refuses",
        (
            *BALANCED,
            listener(Port=80).fails("DuplicateListener"),
            listener(LoadBalancerArn=NO_BALANCER).fails("LoadBalancerNotFound"),
            listener(DefaultActions=[forward({NO_GROUP: 1})]).fails("TargetGroupNotFound"),
            elbv2("DescribeListeners", ListenerArns=[NO_LISTENER]).fails(
                "ListenerNotFound", "foundation.listener_missing"
            ),
            elbv2("DescribeListeners", LoadBalancerArn=NO_BALANCER).fails(
                "LoadBalancerNotFound", "foundation.listener_missing"
            ),
            elbv2("ModifyListener", ListenerArn=NO_LISTENER, Port=81).fails("ListenerNotFound"),
            elbv2("DeleteListener", ListenerArn=NO_LISTENER).fails("ListenerNotFound"),
        ),
    ),
    Script(
        "ELBv2's tags",
        (
            *ROUTED,
            elbv2(
                "AddTags",
                ResourceArns=["${blue}", "${rule}"],
                Tags=[A, B],
            ),
            elbv2("DescribeTags", ResourceArns=["${blue}", "${rule}", "${listener}", "${balancer}"]),
            elbv2("RemoveTags", ResourceArns=["${blue}"], TagKeys=["a"]),
            elbv2("DescribeTags", ResourceArns=["${blue}"]),
            elbv2("AddTags", ResourceArns=["${green}"], Tags=tags(51)).fails("TooManyTags", "aws.quota"),
            elbv2("DescribeTags", ResourceArns=["${green}"]),
            elbv2("DescribeTags", ResourceArns=[NO_GROUP]).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("DescribeTags", ResourceArns=[NO_RULE]).fails("RuleNotFound", "aws.gone"),
            elbv2("AddTags", ResourceArns=[NO_GROUP], Tags=[A]).fails("TargetGroupNotFound", "aws.gone"),
            elbv2("AddTags", ResourceArns=["${listener}"], Tags=[A, A]).fails("DuplicateTagKeys", "aws.refused"),
        ),
    ),
)
