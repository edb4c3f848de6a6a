"""CloudFormation outputs, and what a listener says about the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, LoadBalancerTypeDef


def outputs(stack: StackTypeDef) -> dict[str, str]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Output.html

    Output names cannot have underscores: `SecurityGroups` is the key `security_groups` of tidegate.yaml.
    """
    return {output_key(each["OutputKey"]): each["OutputValue"] for each in stack.get("Outputs", [])}


def output_key(name: str) -> str:
    """
    >>> output_key("SecurityGroups") == output_key("security_groups")
    True
    """
    return name.replace("_", "").lower()


def output_name(key: str) -> str:
    """
    >>> output_name("security_groups")
    'SecurityGroups'
    """
    return "".join(word.capitalize() for word in key.split("_"))


def entrance(listener: ListenerTypeDef, balancer: LoadBalancerTypeDef) -> str:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html"""
    return f"{listener['Protocol'].lower()}://{balancer['DNSName']}:{listener['Port']}"
