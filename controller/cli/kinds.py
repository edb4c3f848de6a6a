"""What a deployment is for, and why it stays as it is, in few words. Takes the API's JSON values."""

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


def why_it_stays(explanation: Mapping[str, Any]) -> str:
    """For whoever followed a deployment that waits for a person."""
    return f"{explanation['text']}\ncleared by {explanation['clears']}"
