"""The rules of one listener, with whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from controller.domain.names import DEPLOYMENT_TAG, ROLE_TAG, SERVICE_TAG, group_name
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

    def of(self, service: str) -> tuple[ListenerRule, ...]:
        """All of our rules for this service, whatever they are for and however many there are."""
        return tuple(rule for rule in self._ours() if self.tags[rule.arn].get(SERVICE_TAG) == service)

    def services(self) -> frozenset[str]:
        """The services that our rules are for."""
        return frozenset(
            self.tags[rule.arn][SERVICE_TAG] for rule in self._ours() if SERVICE_TAG in self.tags[rule.arn]
        )

    def twins(self, conditions: frozenset[wire.Condition], but: str = "") -> tuple[ListenerRule, ...]:
        """The rules that ask for exactly this, whoever made them; without the one whose ARN is `but`."""
        return tuple(rule for rule in self.rules if rule.conditions == conditions and rule.arn != but)

    def public_of(self, rule: ListenerRule) -> str | None:
        """The service whose public rule this is; None when it is a test rule, or not ours."""
        tags = self.tags[rule.arn]
        is_public = self.owner.owns(tags) and tags.get(ROLE_TAG) == Role.PUBLIC
        return tags.get(SERVICE_TAG) if is_public else None

    def rivals(self, asks: frozenset[wire.Condition], but: str = "") -> tuple[ListenerRule, ...]:
        """Our public rules for some of the same requests, in the order in which they are asked: the first one gets
        them. A narrower rule is none, nor a wider one: their order is settled by how narrow they are."""
        found = (rule for rule in self.rules if rule.arn != but and self.public_of(rule) is not None)
        meeting = (rule for rule in found if _meet(rule.conditions, asks))
        return tuple(sorted(meeting, key=lambda rule: rule.priority))

    def view(self, service: str, role: Role) -> RuleView | None:
        """A test rule's conditions hold a secret, which `header` has already: they are not repeated."""
        rule = self.find(service, role)
        if rule is None:
            return None
        return RuleView(
            arn=rule.arn,
            priority=rule.priority,
            weights=wire.weights_of(rule.actions, group_names(self.owner, service)),
            actions=rule.portable,
            header=rule.header,
            made_by=self.maker(rule),
            paths=rule.paths,
            hosts=rule.hosts,
            conditions=rule.portable_conditions if role is Role.PUBLIC else "",
            behind=self._behind(rule) if role is Role.PUBLIC else frozenset(),
        )

    def _behind(self, rule: ListenerRule) -> frozenset[str]:
        first = [rival for rival in self.rivals(rule.conditions, rule.arn) if rival.priority < rule.priority]
        return frozenset(service for rival in first if (service := self.public_of(rival)) is not None)

    def maker(self, rule: ListenerRule) -> str | None:
        """The id of the deployment that made the rule."""
        return self.tags[rule.arn].get(DEPLOYMENT_TAG)

    def free(self, part: range, asks: frozenset[wire.Condition], but: str = "") -> int | None:
        """A number in `part` for a rule that asks for this; `but` is the ARN of the rule that is to get it."""
        taken = {rule.priority for rule in self.rules}
        return priorities.choose(part, narrowness(asks), self._narrow(but), taken, self._numbers_of_rivals(asks, but))

    def fits(self, rule: ListenerRule, part: range, asks: frozenset[wire.Condition]) -> bool:
        """Whether the rule could keep its number if it asked for this."""
        others, rivals = self._narrow(rule.arn), self._numbers_of_rivals(asks, rule.arn)
        return rule.priority in priorities.room(part, narrowness(asks), others, rivals)

    def first_that_may_swap(self, rule: ListenerRule, part: range) -> ListenerRule | None:
        """The rival that is asked first, where nothing but their own order changes when both change places."""
        room = priorities.room(part, narrowness(rule.conditions), self._narrow(rule.arn))
        first = next(iter(self.rivals(rule.conditions, rule.arn)), None)
        return first if first is not None and {first.priority, rule.priority} <= set(room) else None

    def _ours(self) -> Iterator[ListenerRule]:
        return (rule for rule in self.rules if self.owner.owns(self.tags[rule.arn]))

    def _narrow(self, but: str) -> dict[int, priorities.Specificity]:
        return {rule.priority: narrowness(rule.conditions) for rule in self._ours() if rule.arn != but}

    def _numbers_of_rivals(self, asks: frozenset[wire.Condition], but: str) -> list[int]:
        return [rule.priority for rule in self.rivals(asks, but)]


def group_names(owner: Owner, service: str) -> dict[Slot, str]:
    return {slot: group_name(owner.place, service, slot) for slot in Slot}


def _meet(one: frozenset[wire.Condition], other: frozenset[wire.Condition]) -> bool:
    """Whether both ask for the requests of a path that both name."""
    looked_at = ("path-pattern", "host-header") if wire.values_of("host-header", one) else ("path-pattern",)
    shared = all(wire.values_of(about, one) & wire.values_of(about, other) for about in looked_at)
    return shared and narrowness(one) == narrowness(other)


def narrowness(asks: frozenset[wire.Condition]) -> priorities.Specificity:
    return priorities.specificity(wire.values_of("path-pattern", asks), wire.values_of("host-header", asks))


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
