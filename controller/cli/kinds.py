"""What a deployment is for, in a word or two. Takes the API's JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def kind(deployment: Mapping[str, Any]) -> str:
    """Empty for what most are: a commit's deployment."""
    if deployment["pruned"]:
        return f"prune of {deployment['pruned']}"
    if deployment["back_to"]:
        return f"rollback to {deployment['back_to']}"
    if deployment["restart"]:
        return "restart"
    return "" if deployment["kind"] == "deploy" else str(deployment["kind"])


def what(deployment: Mapping[str, Any]) -> str:
    """The version that it brings, and how; a removal brings none."""
    if deployment["pruned"]:
        return kind(deployment)
    return " ".join(filter(None, (kind(deployment), deployment["revision"]["version"])))
