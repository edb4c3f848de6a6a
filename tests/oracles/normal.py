"""Answers without chance: the same for every world that behaves the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

ORDERED = frozenset(
    ("Actions", "DefaultActions", "command", "containerDefinitions", "deployments", "events", "taskDefinitionArns")
)
"""Lists whose order AWS gives a meaning; all others are sorted."""

MOMENTS = frozenset(("creationTime", "ingestionTime", "timestamp"))
"""Members that say a moment as a number."""

TOKENS = frozenset(
    (
        *("AccessKeyId", "SecretAccessKey", "SessionToken", "UserId", "eventId"),
        *("NextMarker", "NextToken", "nextToken", "nextForwardToken", "nextBackwardToken"),
        *("nextSequenceToken", "uploadSequenceToken"),
    )
)
"""Members of which only their being there can be compared."""

CHANCE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b(subnet|vpc|sg|eni)-[0-9a-f]{8,17}\b"), r"<\1>"),
    (re.compile(r"ecs-svc/\w+"), "ecs-svc/<id>"),
    (re.compile(r"(service-(?:deployment|revision)/[^/]+/[^/]+/)\w+"), r"\1<id>"),
    (re.compile(r"((?:task|container)/[^/]+/)[0-9a-f]{32}(/\w+)?"), r"\1<id>"),
    (re.compile(r"\b[0-9a-f]{32}(-\d+)?\b"), "<id>"),
    (re.compile(r"(?<=/)[0-9a-f]{16}\b"), "<id>"),
    (re.compile(r"\bARO[A-Z0-9]{10,}\b"), "<role>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b|\b172\.31\.\d+\.\d+\b"), "<address>"),
    (re.compile(r"-\d+(?=\.eu-west-1\.elb)"), "-<digits>"),
)


def normal(value: Any, known: Mapping[str, Any]) -> Any:
    """Times and ids replaced by what they are, kept values by their names, unordered lists in one order."""
    kept = [(text, name) for name, text in known.items() if isinstance(text, str)]
    names = sorted(kept, key=lambda each: -len(each[0]))
    return _normal(value, names, "")


def _normal(value: Any, names: list[tuple[str, str]], member: str) -> Any:
    if isinstance(value, dict):
        return {key: _normal(each, names, key) for key, each in sorted(value.items())}
    if isinstance(value, list):
        listed = [_normal(each, names, "") for each in value]
        return listed if member in ORDERED else sorted(listed, key=repr)
    if isinstance(value, datetime) or member in MOMENTS:
        return "<time>"
    if member in TOKENS:
        return "<token>"
    return _text(value, names) if isinstance(value, str) else value


def _text(text: str, names: list[tuple[str, str]]) -> str:
    for kept, name in names:
        text = text.replace(kept, f"<{name}>")
    for pattern, replacement in CHANCE:
        text = pattern.sub(replacement, text)
    return text
