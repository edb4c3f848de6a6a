"""Capacity providers: which of them the next task runs on, and that Spot's is taken back.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

SPOT = "FARGATE_SPOT"
STOP_CODE = "SpotInterruption"
REASON = "Your Spot Task was interrupted."


def chosen(strategy: Sequence[dict[str, Any]] | None, running: Sequence[str]) -> str | None:
    """The provider of the next task: bases first, then whichever is furthest behind its weight.

    >>> half = [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": SPOT, "weight": 1}]
    >>> chosen(half, []), chosen(half, ["FARGATE"]), chosen(half, ["FARGATE", "FARGATE"])
    ('FARGATE', 'FARGATE', 'FARGATE_SPOT')
    """
    if not strategy:
        return None
    counted = Counter(running)
    for each in strategy:
        if counted[each["capacityProvider"]] < each.get("base", 0):
            return str(each["capacityProvider"])
    above = {each["capacityProvider"]: counted[each["capacityProvider"]] - each.get("base", 0) for each in strategy}
    weighted = [each for each in strategy if each.get("weight", 0) > 0]
    behind = min(weighted, key=lambda each: (above[each["capacityProvider"]] + 1) / each["weight"])
    return str(behind["capacityProvider"])
