"""Where a request goes: rule, then group, then target. Pure but for two counters, which are the turns taken.

Wildcards, case and order are those of Application Load Balancer rules:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from random import Random
from urllib.parse import parse_qsl

from sandbox.world.ports import Target
from sandbox.world.view import Condition, FixedResponse, GroupView, RuleView, TargetView, WeightedGroup

NO_RULE = RuleView(arn="", priority=None, conditions=(), action=FixedResponse(status=404))
"""What answers when a listener has no rule for a request, not even a default one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What rules may look at in a request."""

    method: str
    path: str
    """As sent, without the query; neither decoded nor normalized, as ALB compares it."""
    query: str = ""
    host: str = ""
    """Without a port."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""
    source: str = "127.0.0.1"
    """The address of the peer; X-Forwarded-For has no say."""


@lru_cache(maxsize=4096)
def wildcard(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    r"""`*` is any run of characters, `?` exactly one; a backslash takes the next one literally.

    >>> bool(wildcard("/api/*").fullmatch("/api/")), bool(wildcard("/api/*").fullmatch("/api"))
    (True, False)
    """
    tokens = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(token) or re.escape(token[-1]) for token in tokens)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def any_matches(patterns: Iterable[str], value: str, ignore_case: bool = False) -> bool:
    return any(wildcard(pattern, ignore_case).fullmatch(value) for pattern in patterns)


def path_holds(condition: Condition, ask: Ask) -> bool:
    return any_matches(condition.values, ask.path)


def host_holds(condition: Condition, ask: Ask) -> bool:
    return any_matches(condition.values, ask.host, ignore_case=True)


def header_holds(condition: Condition, ask: Ask) -> bool:
    name = condition.name.lower()
    return any(any_matches(condition.values, value, True) for key, value in ask.headers if key == name)


def method_holds(condition: Condition, ask: Ask) -> bool:
    return ask.method in condition.values


def query_holds(condition: Condition, ask: Ask) -> bool:
    """Keys and values ignore case, as the API reference of QueryStringConditionConfig says."""
    found = parse_qsl(ask.query, keep_blank_values=True)
    return any(
        (key is None or any_matches((key,), k, True)) and any_matches((value,), v, True)
        for key, value in condition.pairs
        for k, v in found
    )


def source_holds(condition: Condition, ask: Ask) -> bool:
    address = ipaddress.ip_address(ask.source)
    return any(address in ipaddress.ip_network(block, strict=False) for block in condition.values)


CONDITIONS: Mapping[str, Callable[[Condition, Ask], bool]] = {
    "path": path_holds,
    "host": host_holds,
    "header": header_holds,
    "method": method_holds,
    "query": query_holds,
    "source": source_holds,
}


def first_rule(rules: Iterable[RuleView], ask: Ask) -> RuleView:
    """The first rule, in the order given, whose conditions all hold."""
    for rule in rules:
        if all(CONDITIONS[condition.field](condition, ask) for condition in rule.conditions):
            return rule
    return NO_RULE


def candidates(group: GroupView) -> tuple[TargetView, ...]:
    """The healthy targets; when none is, every one that isn't draining (ALB fails open within a group)."""
    healthy = tuple(view for view in group.targets if view.state == "healthy")
    return healthy or tuple(view for view in group.targets if view.state != "draining")


class WeightedChoice:
    """Deals each rule's groups from a shuffled deck in which each has as many cards as its weight says.

    Weights 10 and 90 make a deck of ten: after every tenth request the split is exact, whatever the client's
    own rhythm, and a group of weight 0 has no card. New weights mean a new deck.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._decks: dict[str, tuple[tuple[WeightedGroup, ...], list[str]]] = {}

    def choose(self, rule_arn: str, groups: tuple[WeightedGroup, ...]) -> str | None:
        """The ARN of the group whose turn it is; None when no group has any weight."""
        of, deck = self._decks.get(rule_arn, ((), []))
        if not deck or of != groups:
            deck = self._shuffled(groups)
            self._decks[rule_arn] = (groups, deck)
        return deck.pop() if deck else None

    def _shuffled(self, groups: tuple[WeightedGroup, ...]) -> list[str]:
        unit = gcd(*(group.weight for group in groups)) or 1
        deck = [group.group_arn for group in groups for _ in range(group.weight // unit)]
        self._random.shuffle(deck)
        return deck


class RoundRobin:
    """Takes the candidates of each group in turn, and never one that has just failed for this request."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._known: dict[str, tuple[GroupView, tuple[TargetView, ...]]] = {}

    def choose(self, group: GroupView, but: AbstractSet[Target] = frozenset()) -> TargetView | None:
        """The next target, None when there is none (left)."""
        among = self._candidates(group)
        if but:
            among = tuple(view for view in among if view.target not in but)
        if not among:
            return None
        turn = self._turns.get(group.arn, 0)
        self._turns[group.arn] = turn + 1
        return among[turn % len(among)]

    def _candidates(self, group: GroupView) -> tuple[TargetView, ...]:
        """Worked out once for each value of the group: views stay the same object until they change."""
        known = self._known.get(group.arn)
        if known is None or known[0] is not group:
            known = self._known[group.arn] = (group, candidates(group))
        return known[1]
