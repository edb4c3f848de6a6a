"""Tags, in the two spellings that AWS has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TagTypeDef as EcsTag
    from mypy_boto3_elbv2.type_defs import TagDescriptionTypeDef
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag


def ecs_tags(tags: Mapping[str, str]) -> list[EcsTag]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html"""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def elb_tags(tags: Mapping[str, str]) -> list[ElbTag]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html"""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def read_ecs_tags(tags: Sequence[EcsTag]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in tags if "key" in tag}


def read_elb_tags(described: Sequence[TagDescriptionTypeDef]) -> dict[str, dict[str, str]]:
    """ARN → tags."""
    return {each["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in each["Tags"]} for each in described}
