"""The rules of one listener, with whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_RULES
from controller.adapters.aws.ownership import Owner, Role, Tags
from controller.adapters.aws.tagging import ElbTags
from controller.adapters.aws.wire import priorities
from controller.adapters.aws.wire import rules as wire
from controller.adapters.aws.wire.rules import ListenerRule
from controller.domain.errors import Blocked
from controller.domain.names import DEPLOYMENT_TAG, group_name
from controller.domain.slot import Slot
from controller.domain.snapshot import RuleView

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import DescribeRulesInputTypeDef


@dataclass(frozen=True)
class RuleBook:
    """Every rule of a listener but the default one, as it was at one moment."""

    owner: Owner
    rules: tuple[ListenerRule, ...]
    tags: Mapping[str, Tags]

    def find(self, service: str, role: Role) -> ListenerRule | None:
        """Our rule for this service; `Blocked` when there are two, because then neither says how the traffic flows."""
        ours = [rule for rule in self.rules if self.owner.is_rule(self.tags[rule.arn], service, role)]
        if len(ours) > 1:
            raise Blocked(
                f"Listener rules of {service}: {' and '.join(rule.arn for rule in ours)} both have the tags of its"
                f" {role} rule. Delete the one that is not right.",
                code="rule.ambiguous",
            )
        return ours[0] if ours else None

    def twin(self, conditions: frozenset[wire.Condition]) -> ListenerRule | None:
        """A rule that asks for exactly this, whoever made it."""
        return next((rule for rule in self.rules if rule.conditions == conditions), None)

    def view(self, service: str, role: Role) -> RuleView | None:
        rule = self.find(service, role)
        if rule is None:
            return None
        weights = wire.weights_of(rule.actions, group_names(self.owner, service))
        return RuleView(rule.arn, rule.priority, weights, rule.portable, rule.header, self.maker(rule))

    def maker(self, rule: ListenerRule) -> str | None:
        """The id of the deployment that made the rule."""
        return self.tags[rule.arn].get(DEPLOYMENT_TAG)

    def free(self, part: range, wanted: priorities.Specificity) -> int | None:
        ours = {rule.priority: _narrow(rule) for rule in self.rules if self.owner.owns(self.tags[rule.arn])}
        return priorities.choose(part, wanted, ours, {rule.priority for rule in self.rules})


def group_names(owner: Owner, service: str) -> dict[Slot, str]:
    return {slot: group_name(owner.place, service, slot) for slot in Slot}


def _narrow(rule: ListenerRule) -> priorities.Specificity:
    values = {about: list(listed) for about, _, listed in rule.conditions}
    return priorities.specificity(values.get("path-pattern", []), values.get("host-header", []))


class Rules:
    """Reads of one listener."""

    def __init__(self, caller: Caller, owner: Owner, tags: ElbTags) -> None:
        self._caller = caller
        self._owner = owner
        self._tags = tags

    def book(self, listener: str) -> RuleBook:
        rules = self._described({"ListenerArn": listener}, f"listener {listener}")
        return RuleBook(self._owner, rules, self._tags.of([rule.arn for rule in rules]))

    def one(self, arn: str) -> ListenerRule:
        """One rule as it is now; `Gone` when it is not there."""
        return self._described({"RuleArns": [arn]}, f"listener rule {arn}")[0]

    def insist(self, arn: str) -> None:
        """`Blocked` unless the rule has our tags now, whatever was remembered."""
        self._owner.insist(self._tags.now(arn), f"Listener rule {arn}")

    def _described(self, asked: DescribeRulesInputTypeDef, about: str) -> tuple[ListenerRule, ...]:
        shown = [rule for page in self._caller.pages(DESCRIBE_RULES(asked), about) for rule in page["Rules"]]
        return tuple(rule for rule in map(wire.read, shown) if rule is not None)
